package org.postern.recordgroups;

import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.postern.recordgroups.SpfRecord.Term;
import org.postern.resolver.DnsRecord;
import org.postern.resolver.DomainName;

/// Whether everything that an SPF record names is there, within the limits of those who read it (RFC 7208 §4.6.4). For
/// one record, on one thread.
final class SpfCheck {
    private static final int MOST_LOOKUPS = 10;

    private final Addresses addresses;
    private final DomainName domain;
    private final boolean takesMail;
    private final Set<DomainName> included = new HashSet<>();
    private int lookups;

    /// @param takesMail whether the domain is about to have MX records, which DNS may not know yet
    SpfCheck(Addresses addresses, DomainName domain, boolean takesMail) {
        this.addresses = addresses;
        this.domain = domain;
        this.takesMail = takesMail;
    }

    /// What is wrong, in words; empty where nothing is.
    Optional<String> obstacle(SpfRecord record) {
        try {
            included.add(domain);
            walk(domain, record);
            return Optional.empty();
        } catch (IOException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    private void walk(DomainName at, SpfRecord record) throws IOException {
        boolean ends = record.terms().stream().anyMatch(term -> term.name().equals("all"));
        for (Term term : record.terms()) {
            if (!term.asks() || (term.name().equals("redirect") && ends)) { // RFC 7208 §6.1: not asked beside all
                continue;
            }
            if (++lookups > MOST_LOOKUPS) {
                throw new IOException("it needs more than " + MOST_LOOKUPS
                        + " lookups, and who reads it stops there (RFC 7208 §4.6.4): name networks with ip4 and ip6");
            }
            if (!term.macros()) {
                follow(at, term);
            }
        }
    }

    private void follow(DomainName at, Term term) throws IOException {
        DomainName named = term.domain().orElse(at);
        switch (term.name()) {
            case "include", "redirect" -> {
                List<String> texts = addresses.texts(named, "spf1");
                if (texts.size() != 1) { // RFC 7208 §5.2: an error for every message
                    throw new IOException(term.name() + ":" + named
                            + (texts.isEmpty() ? " has no SPF record" : " has " + texts.size() + " SPF records"));
                }
                if (!included.add(named)) {
                    throw new IOException(named + " is included twice, or includes itself");
                }
                try {
                    walk(named, SpfRecord.parse(texts.getFirst()));
                } catch (IllegalArgumentException e) {
                    throw new IOException("the SPF record of " + named + " cannot be read: " + e.getMessage(), e);
                }
            }
            case "mx" -> {
                if (!(named.equals(domain) && takesMail)
                        && addresses
                                .records(named, DnsRecord.Type.MX, DnsRecord.Mx.class)
                                .isEmpty()) {
                    throw new IOException("mx: " + named + " has no MX record");
                }
            }
            case "a" -> addresses.of(named);
            default -> {} // exists, ptr: what they find depends on the message
        }
    }
}
