package org.postern.dns;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.postern.resolver.DomainName;
import org.xbill.DNS.TXTRecord;

/// Records of others in one set with Postern's: which of them get on with each other.
public final class Neighbours {
    private Neighbours() {}

    /// What goes wrong where they stand side by side, in words; empty where nothing does.
    ///
    /// @param strangers data of records of the same owner and type that are not Postern's
    public static Optional<String> harm(RecordSet ours, Collection<String> strangers) {
        List<String> rivals = strangers.stream()
                .filter(stranger -> isRival(ours, stranger))
                .sorted()
                .toList();
        return rivals.isEmpty()
                ? Optional.empty()
                : Optional.of(rivals.getFirst() + " is there"
                        + (rivals.size() > 1 ? " and " + (rivals.size() - 1) + " more" : "")
                        + (ours.type() == RecordType.TXT ? ", and there may be one such record only" : ""));
    }

    private static boolean isRival(RecordSet ours, String stranger) {
        return switch (ours.type()) {
            case TLSA, CAA -> false; // one that matches is enough; each permits more
            case TXT -> {
                if (ours.owner().text().contains("._domainkey.")) {
                    yield true; // RFC 6376 §3.6.2.2: of several, nobody knows which is read
                }
                Optional<String> kind = kind(stranger);
                yield kind.isPresent()
                        && ours.data().stream().anyMatch(text -> kind(text).equals(kind));
            }
            case A, AAAA, CDNSKEY, CDS, CNAME, DNSKEY, DS, MX, NS, SOA, SRV -> true;
        };
    }

    /// `v=spf1`, `v=dmarc1`, …: of each there may be one at a name (RFC 7208 §3.2, RFC 7489 §6.6.3).
    private static Optional<String> kind(String text) {
        TXTRecord record = (TXTRecord) Wire.record(DomainName.ROOT, RecordType.TXT, Duration.ZERO, text);
        String whole = String.join("", record.getStrings()).strip().toLowerCase(Locale.ROOT);
        return whole.startsWith("v=") ? Optional.of(whole.split("[;\\s]", 2)[0]) : Optional.empty();
    }

    /// What concerns Postern of a set that was found: texts of others may be beside its own, and keep their time to
    /// live (RFC 2181 §5.2).
    static Optional<RecordSet> concerning(RecordSet wanted, RecordSet found) {
        if (wanted.type() != RecordType.TXT) {
            return Optional.of(found);
        }
        List<String> data = found.data().stream()
                .filter(text -> wanted.data().contains(text) || isRival(wanted, text))
                .toList();
        if (data.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new RecordSet(
                found.owner(),
                found.type(),
                data.size() == found.data().size() ? found.timeToLive() : wanted.timeToLive(),
                data));
    }
}
