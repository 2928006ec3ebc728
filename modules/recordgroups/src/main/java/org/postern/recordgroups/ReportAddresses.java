package org.postern.recordgroups;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.postern.resolver.DomainName;

/// Where reports about a domain's mail go: the `rua=` and `ruf=` of DMARC (RFC 7489 §6.3), the `rua=` of TLSRPT (RFC
/// 8460 §3).
///
/// @param urls of kind https
public record ReportAddresses(List<Mailbox> mailboxes, List<URI> urls) {
    private static final Set<String> POLICIES = Set.of("none", "quarantine", "reject");

    private static final Pattern DOMAIN = Pattern.compile("(?=.{1,253}$)[a-zA-Z0-9-]{1,63}(\\.[a-zA-Z0-9-]{1,63})*");

    public ReportAddresses {
        mailboxes = List.copyOf(mailboxes);
        urls = List.copyOf(urls);
    }

    /// An address, and its domain.
    public record Mailbox(String address, DomainName domain) {
        @Override
        public String toString() {
            return address;
        }
    }

    /// Those of a DMARC record.
    ///
    /// @throws IllegalArgumentException if it is none
    public static ReportAddresses ofDmarc(TagList record) {
        record.require("DMARC1");
        // RFC 7489 §6.3: the policy is the second
        List<String> order = List.copyOf(record.tags().keySet());
        if (order.size() < 2 || !order.get(1).equals("p")) {
            throw new IllegalArgumentException("p= comes right after v=DMARC1");
        }
        for (String tag : List.of("p", "sp", "np")) {
            record.value(tag)
                    .filter(policy -> !POLICIES.contains(policy.toLowerCase(Locale.ROOT)))
                    .ifPresent(policy -> {
                        throw new IllegalArgumentException(
                                tag + "= is none, quarantine or reject, not '" + policy + "'");
                    });
        }
        for (String tag : List.of("adkim", "aspf")) {
            record.value(tag).filter(mode -> !mode.matches("[rsRS]")).ifPresent(mode -> {
                throw new IllegalArgumentException(tag + "= is r or s, not '" + mode + "'");
            });
        }
        record.value("pct").filter(share -> !share.matches("\\d{1,2}|100")).ifPresent(share -> {
            throw new IllegalArgumentException("pct= is a number from 0 to 100, not '" + share + "'");
        });
        return of(record, List.of("rua", "ruf"), false);
    }

    /// Those of a TLSRPT record.
    ///
    /// @throws IllegalArgumentException if it is none
    public static ReportAddresses ofTlsReports(TagList record) {
        record.require("TLSRPTv1");
        if (record.value("rua").isEmpty()) {
            throw new IllegalArgumentException("rua= says where reports go");
        }
        return of(record, List.of("rua"), true);
    }

    private static ReportAddresses of(TagList record, List<String> tags, boolean byHttps) {
        List<Mailbox> mailboxes = new ArrayList<>();
        List<URI> urls = new ArrayList<>();
        for (String tag : tags) {
            for (String text :
                    record.value(tag).map(list -> list.split(",", -1)).orElse(new String[0])) {
                String uri = text.strip();
                mailbox(uri).ifPresentOrElse(mailboxes::add, () -> {
                    if (!byHttps || !uri.startsWith("https://")) {
                        throw new IllegalArgumentException(tag + "= has a mailto:ADDRESS"
                                + (byHttps ? " or https://…" : "") + ", not '" + uri + "'");
                    }
                    urls.add(URI.create(uri));
                });
            }
        }
        return new ReportAddresses(mailboxes, urls);
    }

    private static Optional<Mailbox> mailbox(String uri) {
        if (!uri.toLowerCase(Locale.ROOT).startsWith("mailto:")) {
            return Optional.empty();
        }
        // RFC 7489 §6.2: a greatest size may follow
        String address = uri.substring("mailto:".length()).replaceFirst("!\\d+[kmgtKMGT]?$", "");
        int at = address.lastIndexOf('@');
        String domain = address.substring(at + 1);
        if (at < 1 || !DOMAIN.matcher(domain).matches()) {
            throw new IllegalArgumentException("'" + address + "' is no address (a domain in A-labels is expected)");
        }
        return Optional.of(new Mailbox(address, new DomainName(domain)));
    }
}
