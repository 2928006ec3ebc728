package org.postern.identity;

import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A TLSA RRset held against one handshake (RFC 6698, RFC 7671). Any one record that matches authenticates the
/// server; those of usage 3 are asked first, since they ask for no path.
final class DaneCheck {
    private static final int MAXIMUM_RECORDS = 64; // what a UDP answer of a sane zone could not hold

    private final List<X509Certificate> presented;
    private final PathPolicy policy;
    private final ReferenceIdentifiers references;
    private final PresentedIdentifiers names;

    DaneCheck(List<X509Certificate> presented, PathPolicy policy, ReferenceIdentifiers references) {
        this.presented =
                List.copyOf(presented.subList(0, Math.min(presented.size(), CertificationPaths.MAXIMUM_PRESENTED)));
        this.policy = policy;
        this.references = references;
        this.names = PresentedIdentifiers.of(presented.getFirst());
    }

    private sealed interface Outcome {
        record Match(
                DaneResult.RecordVerdict verdict, PathResult.@Nullable Valid path, NameMatch.@Nullable Matched name)
                implements Outcome {}

        record Miss(DaneResult.RecordVerdict verdict) implements Outcome {}
    }

    DaneResult judge(List<TlsaRecord> records) {
        List<DaneResult.RecordVerdict> verdicts = new ArrayList<>();
        List<TlsaRecord> usable = new ArrayList<>();
        for (TlsaRecord record : records.subList(0, Math.min(records.size(), MAXIMUM_RECORDS))) {
            Optional<Rule> unusable = record.unusable();
            unusable.ifPresent(rule -> verdicts.add(new DaneResult.RecordVerdict(record, rule, -1, null)));
            if (unusable.isEmpty()) {
                usable.add(record);
            }
        }
        if (usable.isEmpty()) {
            return new DaneResult.NothingUsable(
                    verdicts.isEmpty()
                            ? Rule.TLSA_NO_MATCH
                            : verdicts.getFirst().rule(),
                    verdicts);
        }
        List<TlsaRecord> strongest = strongest(usable);
        for (TlsaRecord record : usable) {
            if (!strongest.contains(record)) {
                verdicts.add(new DaneResult.RecordVerdict(record, Rule.TLSA_WEAKER_DIGEST, -1, null));
            }
        }
        Rule nearest = Rule.TLSA_NO_MATCH;
        for (TlsaRecord record : strongest) {
            switch (judge(record)) {
                case Outcome.Match match -> {
                    verdicts.add(match.verdict());
                    return new DaneResult.Authenticated(match.verdict(), match.path(), match.name(), verdicts);
                }
                case Outcome.Miss miss -> {
                    verdicts.add(miss.verdict());
                    if (nearest == Rule.TLSA_NO_MATCH) {
                        nearest = miss.verdict().rule();
                    }
                }
            }
        }
        return new DaneResult.Refused(nearest, verdicts);
    }

    /// RFC 7671 §9: of each usage and selector all full data and the strongest digest; usage 3 first.
    private static List<TlsaRecord> strongest(List<TlsaRecord> usable) {
        Map<Integer, Integer> strongest = new HashMap<>();
        usable.forEach(record -> strongest.merge(parameters(record), record.matchingType(), Math::max));
        return usable.stream()
                .filter(record -> record.matchingType() == TlsaRecord.FULL
                        || record.matchingType() == strongest.getOrDefault(parameters(record), 0))
                .sorted(Comparator.comparingInt(TlsaRecord::usage).reversed())
                .toList();
    }

    private static int parameters(TlsaRecord record) {
        return record.usage() * 256 + record.selector();
    }

    private Outcome judge(TlsaRecord record) {
        return switch (record.usage()) {
            case TlsaRecord.DANE_EE -> own(record);
            case TlsaRecord.DANE_TA -> trustAnchor(record);
            case TlsaRecord.PKIX_EE ->
                record.matches(presented.getFirst())
                        ? pkix(record, Rule.PKIX_EE, 0)
                        : miss(record, Rule.TLSA_NO_MATCH, -1, null);
            default -> pkix(record, Rule.PKIX_TA, place(record));
        };
    }

    /// RFC 7671 §5.1. A key that anybody can break vouches for nobody, whoever published it.
    private Outcome own(TlsaRecord record) {
        X509Certificate server = presented.getFirst();
        if (!record.matches(server)) {
            return miss(record, Rule.TLSA_NO_MATCH, -1, null);
        }
        Optional<PathResult.Fault> weak = PathValidation.weakKey(server);
        return weak.isPresent()
                ? miss(record, Rule.WEAK_KEY, 0, weak.get().toString())
                : new Outcome.Match(new DaneResult.RecordVerdict(record, Rule.DANE_EE, 0, null), null, null);
    }

    private static Outcome.Miss miss(TlsaRecord record, Rule rule, int certificate, @Nullable String path) {
        return new Outcome.Miss(new DaneResult.RecordVerdict(record, rule, certificate, path));
    }

    /// The first certificate of the handshake above the server's own that the record matches, or -1.
    private int place(TlsaRecord record) {
        for (int index = 1; index < presented.size(); index++) {
            if (record.matches(presented.get(index))) {
                return index;
            }
        }
        return -1;
    }

    /// RFC 7671 §5.2: what matches is the only anchor; dates, constraints and names count. A digest needs the
    /// anchor in the handshake (§5.2.2); full data is the anchor itself.
    private Outcome trustAnchor(TlsaRecord record) {
        int place = place(record);
        List<X509Certificate> anchors =
                new ArrayList<>(presented.subList(Math.min(1, presented.size()), presented.size()).stream()
                        .filter(record::matches)
                        .toList());
        List<PublicKey> keys = new ArrayList<>();
        if (record.matchingType() == TlsaRecord.FULL) {
            X509Certificate certificate = record.selector() == TlsaRecord.CERTIFICATE ? record.certificate() : null;
            PublicKey key = record.selector() == TlsaRecord.PUBLIC_KEY ? record.publicKey() : null;
            if (certificate != null && !certificate.equals(presented.getFirst())) {
                anchors.add(certificate);
            }
            if (key != null && anchors.isEmpty()) { // a presented certificate has constraints, its bare key has none
                keys.add(key);
            }
        }
        if (anchors.isEmpty() && keys.isEmpty()) {
            return miss(record, Rule.TLSA_NO_MATCH, -1, null);
        }
        PathResult path =
                CertificationPaths.find(presented, policy.withAnchors(new TrustAnchors(anchors)), keys, each -> true);
        return switch (path) {
            case PathResult.Invalid invalid -> {
                // a bare key that signed nothing here matches nothing
                boolean unrelated = anchors.isEmpty() && invalid.fault().rule() == Rule.SIGNATURE_INVALID;
                yield miss(
                        record,
                        unrelated ? Rule.TLSA_NO_MATCH : Rule.TLSA_PATH_INVALID,
                        place,
                        invalid.fault().toString());
            }
            case PathResult.Valid valid -> named(record, Rule.DANE_TA, Rule.TLSA_NAME, place, valid);
        };
    }

    /// Usages 0 and 1: all that PKIX asks for, and the record beside it (RFC 6698 §2.1.1).
    private Outcome pkix(TlsaRecord record, Rule accepted, int place) {
        PathResult path = CertificationPaths.find(
                presented,
                policy,
                List.of(),
                each -> record.usage() == TlsaRecord.PKIX_EE
                        || each.stream().skip(1).anyMatch(record::matches));
        return switch (path) {
            case PathResult.Invalid invalid ->
                place < 0
                        ? miss(record, Rule.TLSA_NO_MATCH, -1, invalid.fault().toString())
                        : miss(record, Rule.TLSA_PKIX, place, invalid.fault().toString());
            case PathResult.Valid valid -> named(record, accepted, Rule.TLSA_PKIX, place, valid);
        };
    }

    private Outcome named(TlsaRecord record, Rule accepted, Rule refused, int place, PathResult.Valid path) {
        return switch (NameMatch.of(references, names)) {
            case NameMatch.Matched name ->
                new Outcome.Match(new DaneResult.RecordVerdict(record, accepted, place, null), path, name);
            case NameMatch.Unmatched unmatched ->
                miss(record, refused, place, unmatched.rule().toString());
        };
    }
}
