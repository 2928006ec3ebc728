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
    /// From the domain to what is just read.
    private final Set<DomainName> path = new HashSet<>();

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
            path.add(domain);
            walk(domain, record);
            return Optional.empty();
        } catch (IOException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    private void walk(DomainName at, SpfRecord record) throws IOException {
        boolean ends = record.terms().stream().anyMatch(term -> term.name().equals("all"));
        for (Term term : record.terms()) {
            if (term.name().equals("all")) {
                return; // RFC 7208 §5.1: what follows is not read
            }
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
                List<String> texts = addresses.texts(named, SpfRecord::isOne);
                if (texts.size() != 1) { // RFC 7208 §5.2: an error for every message
                    throw new IOException(term.name() + ":" + named
                            + (texts.isEmpty() ? " has no SPF record" : " has " + texts.size() + " SPF records"));
                }
                if (!path.add(named)) {
                    throw new IOException(named + " includes itself");
                }
                try {
                    walk(named, SpfRecord.parse(texts.getFirst()));
                } catch (IllegalArgumentException e) {
                    throw new IOException("the SPF record of " + named + " cannot be read: " + e.getMessage(), e);
                }
                path.remove(named);
            }
            case "mx" -> {
                int exchangers = addresses
                        .records(named, DnsRecord.Type.MX, DnsRecord.Mx.class)
                        .size();
                if (exchangers == 0 && !(named.equals(domain) && takesMail)) {
                    throw new IOException("mx: " + named + " has no MX record");
                }
                if (exchangers > MOST_LOOKUPS) { // RFC 7208 §4.6.4
                    throw new IOException("mx: " + named + " has more than " + MOST_LOOKUPS + " MX records");
                }
            }
            case "a" -> addresses.of(named);
            default -> {} // exists, ptr: what they find depends on the message
        }
    }
}
