package org.postern.nameserver;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.NSRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Type;

/// What a zone says to a question: the algorithm of RFC 1034 §4.3.2, with the proofs of RFC 4035 §3.1 and RFC 5155
/// §7.2. One object for one question.
final class Answers {
    /// @param kind for limits: answers of one kind are alike
    record Answer(
            int code,
            boolean authoritative,
            Kind kind,
            List<Record> answer,
            List<Record> authority,
            List<Record> additional) {}

    enum Kind {
        POSITIVE(0x11),
        REFERRAL(0x21),
        NO_DATA(0x31),
        NO_NAME(0x41);

        /// Other than any code of a refusal.
        final int number;

        Kind(int number) {
            this.number = number;
        }
    }

    private static final int LONGEST_CHAIN = 16;

    private final Zone zone;
    private final Denial denial;
    private final boolean withProofs;
    private final List<Record> answer = new ArrayList<>();
    private final Set<SignedSet> authority = new LinkedHashSet<>();
    private final List<Record> additional = new ArrayList<>();
    private int code = Rcode.NOERROR;
    private boolean authoritative = true;
    private Kind kind = Kind.POSITIVE;

    private Answers(Zone zone, boolean withProofs) {
        this.zone = zone;
        this.denial = new Denial(zone);
        this.withProofs = withProofs;
    }

    /// @param name within the zone
    /// @param withProofs whether DNSSEC records are wanted (the DO bit)
    static Answer to(Zone zone, Name name, int type, boolean withProofs) {
        Answers answers = new Answers(zone, withProofs);
        answers.resolve(name, type);
        List<Record> authority = new ArrayList<>();
        answers.authority.forEach(set -> answers.add(set, authority));
        return new Answer(
                answers.code, answers.authoritative, answers.kind, answers.answer, authority, answers.additional);
    }

    private void resolve(Name asked, int type) {
        Set<Name> seen = new HashSet<>();
        Name name = asked;
        // an alias leads on within the zone; what is elsewhere, or goes round, is for the resolver to find out
        while (name != null && name.subdomain(zone.origin()) && seen.size() < LONGEST_CHAIN && seen.add(name)) {
            name = step(name, type, seen.size() == 1);
        }
    }

    /// @return where an alias leads to; null at the end
    private @Nullable Name step(Name name, int type, boolean first) {
        Node cut = zone.cut(name).orElse(null);
        // RFC 4035 §3.1.4.1: the DS record is on this side of the cut
        if (cut != null && !(type == Type.DS && cut.name().equals(name))) {
            refer(cut, first);
            return null;
        }
        Node node = zone.node(name);
        if (node != null) {
            return at(node, name, type);
        }
        Name encloser = zone.closestEncloser(name);
        Node wildcard = zone.node(Names.wildcardOf(encloser));
        if (wildcard == null) {
            code = Rcode.NXDOMAIN; // RFC 6604 §3: the code is that of the last name of a chain
            deny(Kind.NO_NAME, withProofs ? denial.ofName(name) : List.of());
            return null;
        }
        return at(wildcard, name, type);
    }

    /// @param name the question's: another than the node's where a wildcard answers (RFC 4592)
    private @Nullable Name at(Node node, Name name, int type) {
        boolean expanded = !node.name().equals(name);
        List<SignedSet> found = find(node, type);
        if (found.isEmpty()) {
            SignedSet alias = node.set(Type.CNAME);
            if (alias != null) {
                answer(alias, name, expanded);
                return ((CNAMERecord) alias.first()).getTarget();
            }
            List<SignedSet> proof = withProofs
                    ? expanded ? denial.ofTypeAtWildcard(name, node.name()) : denial.ofType(name)
                    : List.of();
            deny(Kind.NO_DATA, proof);
            return null;
        }
        found.forEach(set -> answer(set, name, expanded));
        return null;
    }

    private static List<SignedSet> find(Node node, int type) {
        if (type == Type.ANY || type == Type.RRSIG) {
            // RFC 8482 §4.1: one of the sets that are there. A resolver that looks for all gets none of the others
            // from a cache, and nobody gets more octets than by asking for it.
            return node.sets().values().stream()
                    .filter(set -> set.first().getType() != Type.NSEC)
                    .limit(1)
                    .map(set -> type == Type.ANY ? set : new SignedSet(List.copyOf(set.signatures()), List.of()))
                    .filter(set -> !set.records().isEmpty())
                    .toList();
        }
        SignedSet set = node.set(type);
        return set == null ? List.of() : List.of(set);
    }

    private void answer(SignedSet set, Name name, boolean expanded) {
        List<Record> records = new ArrayList<>();
        add(set, records);
        for (Record record : records) {
            answer.add(expanded ? record.withName(name) : record);
        }
        if (expanded && withProofs) {
            authority.addAll(denial.ofExpansion(name));
        }
    }

    private void add(SignedSet set, List<Record> records) {
        records.addAll(set.records());
        if (withProofs) {
            records.addAll(set.signatures());
        }
    }

    private void deny(Kind denied, List<SignedSet> proof) {
        kind = denied;
        // RFC 2308 §3: with the TTL that the absence may be cached for
        SignedSet soa = zone.soaSet();
        long timeToLive = Math.min(zone.soa().getTTL(), zone.soa().getMinimum());
        List<Record> records = soa.records().stream()
                .map(record -> Wire.with(record, timeToLive))
                .toList();
        List<RRSIGRecord> signatures = soa.signatures().stream()
                .map(record -> (RRSIGRecord) Wire.with(record, timeToLive))
                .toList();
        authority.add(new SignedSet(records, signatures));
        authority.addAll(proof);
    }

    private void refer(Node cut, boolean first) {
        kind = Kind.REFERRAL;
        authoritative = !first; // RFC 1034 §6.2.7: after an alias the bit speaks for the first name
        SignedSet servers = Objects.requireNonNull(cut.set(Type.NS), "a cut has NS records");
        authority.add(servers);
        SignedSet delegation = cut.set(Type.DS);
        if (delegation != null) {
            if (withProofs) {
                authority.add(delegation);
            }
        } else if (withProofs) {
            authority.addAll(denial.ofType(cut.name()));
        }
        for (Record record : servers.records()) {
            Node host = zone.node(((NSRecord) record).getTarget());
            if (host != null) {
                for (int type : new int[] {Type.A, Type.AAAA}) {
                    SignedSet addresses = host.set(type);
                    if (addresses != null) {
                        add(addresses, additional);
                    }
                }
            }
        }
    }
}
