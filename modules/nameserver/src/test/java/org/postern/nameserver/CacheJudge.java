package org.postern.nameserver;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.DNSKEYRecord;
import org.xbill.DNS.DNSSEC;
import org.xbill.DNS.DSRecord;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.RRset;
import org.xbill.DNS.Record;
import org.xbill.DNS.Type;

/// Every cache that there could be, and the strictest validator before each. It reads records as they are served, and
/// knows nothing of what keys are meant to do.
///
/// A cache has a DS set that the parent had, a DNSKEY set and another set, each from a version of its own, as old
/// as its TTL and a slow secondary allow. Whichever three come together: each algorithm of the DS set leads to a
/// key that signs the DNSKEY set, and the DNSKEY set and the other one are signed with each algorithm of the
/// DNSKEY set by a key in it (RFC 4035 §2.2). A validator that is content with one way (RFC 6840 §5.11) finds one
/// then, too.
final class CacheJudge {
    private record Signer(int tag, int algorithm) {}

    /// A DNSKEY set with the signatures over it.
    private record KeySet(Set<Record> keys, Set<Signer> signers) {
        Set<Integer> algorithms() {
            return keys.stream()
                    .map(key -> ((DNSKEYRecord) key).getAlgorithm())
                    .collect(Collectors.toCollection(TreeSet::new));
        }

        boolean has(Signer signer) {
            return keys.stream().anyMatch(key -> signer(key).equals(signer));
        }

        boolean isSignedBy(Record key) {
            return signers.contains(signer(key));
        }
    }

    private record Pending(List<Record> records, RRSIGRecord signature) {}

    /// A version, as far as it matters.
    ///
    /// @param signers of its sets, the DNSKEY set among them, with the longest TTL
    /// @param end of the first signature
    private record Served(
            Zone version, KeySet keys, Duration keyLife, Map<Set<Signer>, Duration> signers, Instant end) {}

    private final Duration slow;
    private final Duration parentTimeToLive;
    // each with the last instant at which a cache can have it
    private final Map<Set<Record>, Instant> delegations = new LinkedHashMap<>();
    private final Map<KeySet, Instant> keySets = new LinkedHashMap<>();
    private final Map<Set<Signer>, Instant> signed = new LinkedHashMap<>();

    private final Map<Signer, DNSKEYRecord> known = new HashMap<>();
    private final Set<RRSIGRecord> seen = new HashSet<>();
    private final List<Pending> unverified = new ArrayList<>();
    private final Set<Set<Integer>> algorithms = new HashSet<>();
    private @Nullable Served served;

    /// @param slow how long a secondary serves what is replaced
    CacheJudge(Duration slow, Duration parentTimeToLive) {
        this.slow = slow;
        this.parentTimeToLive = parentTimeToLive;
    }

    /// Caches get what is served now.
    void see(Zone version, List<? extends Record> atParent, Instant now) {
        if (served == null || served.version != version) {
            served = read(version, now);
            verify(now);
        }
        delegations.put(new HashSet<>(atParent), now.plus(parentTimeToLive));
        Instant replaced = now.plus(slow);
        keySets.merge(served.keys, replaced.plus(served.keyLife), CacheJudge::later);
        served.signers.forEach((signers, life) -> {
            assertThat(served.end).as("signatures outlive caches").isAfter(replaced.plus(life));
            signed.merge(signers, replaced.plus(life), CacheJudge::later);
        });
    }

    private Served read(Zone version, Instant now) {
        Map<Set<Signer>, Duration> signers = new HashMap<>();
        Instant end = Instant.MAX;
        for (Node node : version.authoritative()) {
            for (Map.Entry<Integer, SignedSet> each : node.sets().entrySet()) {
                int type = each.getKey();
                boolean authoritative = node.standing() == Node.Standing.AUTHORITATIVE;
                if (authoritative || type == Type.DS || type == Type.NSEC) {
                    SignedSet set = each.getValue();
                    signers.merge(
                            signers(set),
                            Duration.ofSeconds(set.first().getTTL()),
                            (one, other) -> one.compareTo(other) > 0 ? one : other);
                    for (RRSIGRecord signature : set.signatures()) {
                        assertThat(signature.getTimeSigned()).isBeforeOrEqualTo(now);
                        end = signature.getExpire().isBefore(end) ? signature.getExpire() : end;
                        if (seen.add(signature)) {
                            unverified.add(new Pending(set.records(), signature));
                        }
                    }
                }
            }
        }
        SignedSet keys = version.apex().set(Type.DNSKEY);
        keys.records().forEach(key -> known.put(signer(key), (DNSKEYRecord) key));
        return new Served(
                version,
                new KeySet(new HashSet<>(keys.records()), signers(keys)),
                Duration.ofSeconds(keys.first().getTTL()),
                signers,
                end);
    }

    private static Set<Signer> signers(SignedSet set) {
        return set.signatures().stream()
                .map(each -> new Signer(each.getFootprint(), each.getAlgorithm()))
                .collect(Collectors.toSet());
    }

    private static Instant later(Instant one, Instant other) {
        return one.isAfter(other) ? one : other;
    }

    private static Signer signer(Record record) {
        DNSKEYRecord key = (DNSKEYRecord) record;
        return new Signer(key.getFootprint(), key.getAlgorithm());
    }

    /// Each signature once, as soon as its key was published.
    private void verify(Instant now) {
        unverified.removeIf(pending -> {
            RRSIGRecord signature = pending.signature;
            DNSKEYRecord key = known.get(new Signer(signature.getFootprint(), signature.getAlgorithm()));
            if (key == null) {
                return false;
            }
            try {
                DNSSEC.verify(new RRset(pending.records.toArray(new Record[0])), signature, key, now);
            } catch (DNSSEC.DNSSECException e) {
                throw new AssertionError(pending.records.getFirst() + " " + signature, e);
            }
            return true;
        });
    }

    /// Whatever caches have at this instant, everybody finds a way.
    void judge(Instant now) {
        delegations.values().removeIf(until -> !until.isAfter(now));
        keySets.values().removeIf(until -> !until.isAfter(now));
        signed.values().removeIf(until -> !until.isAfter(now));
        for (KeySet set : keySets.keySet()) {
            algorithms.add(set.algorithms());
            delegations.keySet().forEach(delegation -> judge(delegation, set));
            for (int algorithm : set.algorithms()) {
                assertThat(set.signers)
                        .as("the DNSKEY set is signed with algorithm %d", algorithm)
                        .anyMatch(each -> each.algorithm == algorithm && set.has(each));
                for (Set<Signer> signers : signed.keySet()) {
                    assertThat(signers)
                            .as(
                                    "%s: each cached set is signed with algorithm %d of a cached DNSKEY set",
                                    now, algorithm)
                            .anyMatch(each -> each.algorithm == algorithm && set.has(each));
                }
            }
        }
    }

    private static void judge(Set<Record> delegation, KeySet set) {
        for (Record each : delegation) {
            int algorithm = ((DSRecord) each).getAlgorithm();
            assertThat(delegation.stream()
                            .map(DSRecord.class::cast)
                            .filter(record -> record.getAlgorithm() == algorithm)
                            .flatMap(record -> set.keys.stream().filter(key -> leads(record, (DNSKEYRecord) key)))
                            .anyMatch(set::isSignedBy))
                    .as("the DS records of algorithm %d lead to a signature over each cached DNSKEY set", algorithm)
                    .isTrue();
        }
    }

    private static boolean leads(DSRecord delegation, DNSKEYRecord key) {
        return new DSRecord(key.getName(), key.getDClass(), delegation.getTTL(), delegation.getDigestID(), key)
                .equals(delegation);
    }

    /// The algorithms that DNSKEY sets had together.
    Set<Set<Integer>> algorithms() {
        return algorithms;
    }
}
