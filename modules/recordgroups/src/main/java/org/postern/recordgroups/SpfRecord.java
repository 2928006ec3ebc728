package org.postern.recordgroups;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.postern.resolver.DomainName;

/// An SPF record (RFC 7208 §4.6.1), read.
///
/// @param terms in their order; modifiers that mean nothing for the outcome are left out
public record SpfRecord(List<Term> terms) {
    private static final Set<String> MECHANISMS = Set.of("all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists");

    public SpfRecord {
        terms = List.copyOf(terms);
    }

    /// A mechanism, or the modifier `redirect`.
    ///
    /// @param domain which it names; empty where it names none, or one with macros (RFC 7208 §7), which only a
    ///     message fills
    public record Term(String name, Optional<DomainName> domain, boolean macros) {
        /// RFC 7208 §4.6.4: these count towards the ten.
        boolean asks() {
            return !name.equals("all") && !name.equals("ip4") && !name.equals("ip6");
        }
    }

    /// Reads one.
    ///
    /// @throws IllegalArgumentException if it is none
    public static SpfRecord parse(String text) {
        String[] words = text.strip().split(" +", -1);
        if (!words[0].equalsIgnoreCase("v=spf1")) {
            throw new IllegalArgumentException("it begins with v=spf1");
        }
        List<Term> terms = new ArrayList<>();
        for (int index = 1; index < words.length; index++) {
            term(words[index]).ifPresent(terms::add);
        }
        if (terms.stream().filter(term -> term.name().equals("redirect")).count() > 1) {
            throw new IllegalArgumentException("redirect= is there twice"); // RFC 7208 §6
        }
        return new SpfRecord(terms);
    }

    private static Optional<Term> term(String word) {
        String lower = word.toLowerCase(Locale.ROOT);
        if (lower.matches("[a-z][a-z0-9._-]*=.*")) {
            return lower.startsWith("redirect=")
                    ? Optional.of(named("redirect", word, lower.substring(9)))
                    : Optional.empty();
        }
        String body = lower.matches("[+?~-].*") ? lower.substring(1) : lower;
        String[] parts = body.split("[:/]", 2);
        String name = parts[0];
        if (!MECHANISMS.contains(name)) {
            throw new IllegalArgumentException("'" + word + "' is no mechanism");
        }
        String rest = body.substring(name.length());
        return Optional.of(
                switch (name) {
                    case "all" -> {
                        if (!rest.isEmpty()) {
                            throw new IllegalArgumentException("all stands alone, not as '" + word + "'");
                        }
                        yield new Term(name, Optional.empty(), false);
                    }
                    case "ip4", "ip6" -> {
                        requireNetwork(name, word, rest);
                        yield new Term(name, Optional.empty(), false);
                    }
                    case "include", "exists" -> {
                        if (!rest.startsWith(":")) {
                            throw new IllegalArgumentException(name + " needs a domain: " + name + ":example.org");
                        }
                        yield named(name, word, rest.substring(1));
                    }
                    default -> // a, mx, ptr: for the domain itself, or another, with or without lengths of prefixes
                        rest.startsWith(":")
                                ? named(name, word, rest.substring(1).replaceFirst("(/\\d{1,2})?(//\\d{1,3})?$", ""))
                                : new Term(name, Optional.empty(), false);
                });
    }

    private static Term named(String name, String word, String domain) {
        if (domain.contains("%")) {
            return new Term(name, Optional.empty(), true);
        }
        try {
            DomainName named = new DomainName(domain);
            if (!named.isRoot()) {
                return new Term(name, Optional.of(named), false);
            }
        } catch (IllegalArgumentException _) {
            // told below
        }
        throw new IllegalArgumentException("'" + word + "' names no domain");
    }

    private static void requireNetwork(String name, String word, String rest) {
        String[] network = rest.startsWith(":") ? rest.substring(1).split("/", 2) : new String[] {""};
        int bits = name.equals("ip4") ? 32 : 128;
        try {
            InetAddress address = InetAddress.ofLiteral(network[0]);
            if (address.getAddress().length * 8 == bits
                    && (network.length == 1 || Integer.parseInt(network[1]) <= bits)) {
                return;
            }
        } catch (IllegalArgumentException _) {
            // told below
        }
        throw new IllegalArgumentException(
                "'" + word + "' is not of the form " + name + ":ADDRESS or " + name + ":ADDRESS/BITS");
    }
}
