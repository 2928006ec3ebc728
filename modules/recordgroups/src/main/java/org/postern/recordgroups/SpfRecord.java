package org.postern.recordgroups;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.postern.resolver.DomainName;

/// An SPF record (RFC 7208 §4.6.1, §12), read.
///
/// @param terms in their order; modifiers that mean nothing for the outcome are left out
public record SpfRecord(List<Term> terms) {
    private static final String VERSION = "v=spf1";
    /// RFC 7208 §7.1, without those that are for explanations alone.
    private static final String MACRO = "%(\\{[slodiphv]\\d{0,3}r?[.+,/_=-]*\\}|%|_|-)";

    private static final Pattern MACROS = Pattern.compile("([!-$&-~]|" + MACRO + ")+");
    private static final Pattern HOST = Pattern.compile("[!-.0-~]+\\.[a-z0-9-]+\\.?");
    private static final Pattern MODIFIER = Pattern.compile("([a-z][a-z0-9._-]*)=(.*)");
    private static final Pattern QUALIFIED = Pattern.compile("[+?~-]?([a-z][a-z0-9]*)(.*)");
    /// Lengths of prefixes, of IPv4 and of IPv6.
    private static final Pattern LENGTHS =
            Pattern.compile("(/([0-9]|[12][0-9]|3[0-2]))?(//([0-9]|[1-9][0-9]|1[01][0-9]|12[0-8]))?$");

    private static final Pattern FOUR = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");
    private static final Pattern NUMBER = Pattern.compile("0|[1-9]\\d{0,2}");

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

    /// Whether a text is an SPF record, a good one or not (RFC 7208 §4.5).
    static boolean isOne(String text) {
        String lower = text.toLowerCase(Locale.ROOT);
        return lower.equals(VERSION) || lower.startsWith(VERSION + " ");
    }

    /// Reads one.
    ///
    /// @throws IllegalArgumentException if it is none
    public static SpfRecord parse(String text) {
        if (!isOne(text)) {
            throw new IllegalArgumentException("it begins with " + VERSION);
        }
        List<Term> terms = new ArrayList<>();
        Set<String> modifiers = new HashSet<>();
        for (String word :
                text.toLowerCase(Locale.ROOT).substring(VERSION.length()).split(" +", -1)) {
            if (!word.isEmpty()) {
                term(word, modifiers).ifPresent(terms::add);
            }
        }
        return new SpfRecord(terms);
    }

    private static Optional<Term> term(String word, Set<String> modifiers) {
        var modifier = MODIFIER.matcher(word);
        if (modifier.matches()) {
            return modifier(word, modifier.group(1), modifier.group(2), modifiers);
        }
        var qualified = QUALIFIED.matcher(word);
        if (!qualified.matches()) {
            throw new IllegalArgumentException("'" + word + "' is no mechanism");
        }
        String name = qualified.group(1);
        String rest = qualified.group(2);
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
                    case "a", "mx" -> ofDomain(name, word, LENGTHS.matcher(rest).replaceFirst(""));
                    case "ptr" -> ofDomain(name, word, rest);
                    default -> throw new IllegalArgumentException("'" + word + "' is no mechanism");
                });
    }

    private static Optional<Term> modifier(String word, String name, String value, Set<String> modifiers) {
        boolean known = name.equals("redirect") || name.equals("exp");
        if (known && !modifiers.add(name)) {
            throw new IllegalArgumentException(name + "= is there twice"); // RFC 7208 §6
        }
        if (!known) {
            return Optional.empty();
        }
        Term term = named(name, word, value);
        return name.equals("exp") ? Optional.empty() : Optional.of(term);
    }

    /// Of the domain itself, or of another.
    private static Term ofDomain(String name, String word, String rest) {
        if (rest.isEmpty()) {
            return new Term(name, Optional.empty(), false);
        }
        if (!rest.startsWith(":")) {
            throw new IllegalArgumentException("'" + word + "' is no mechanism");
        }
        return named(name, word, rest.substring(1));
    }

    private static Term named(String name, String word, String domain) {
        if (domain.contains("%")) {
            if (MACROS.matcher(domain).matches()) {
                return new Term(name, Optional.empty(), true);
            }
            throw new IllegalArgumentException("'" + word + "' has no macro that there is (RFC 7208 §7.1)");
        }
        try {
            if (HOST.matcher(domain).matches()) {
                return new Term(name, Optional.of(new DomainName(domain)), false);
            }
        } catch (IllegalArgumentException _) {
            // told below
        }
        throw new IllegalArgumentException("'" + word + "' names no domain");
    }

    private static void requireNetwork(String name, String word, String rest) {
        String[] network = rest.startsWith(":") ? rest.substring(1).split("/", 2) : new String[] {""};
        boolean four = name.equals("ip4");
        int bits = four ? 32 : 128;
        try {
            boolean address =
                    four ? FOUR.matcher(network[0]).matches() : network[0].contains(":") && !network[0].contains("%");
            InetAddress.ofLiteral(network[0]); // throws where it is none
            if (address
                    && (network.length == 1
                            || (NUMBER.matcher(network[1]).matches() && Integer.parseInt(network[1]) <= bits))) {
                return;
            }
        } catch (IllegalArgumentException _) {
            // told below
        }
        throw new IllegalArgumentException(
                "'" + word + "' is not of the form " + name + ":ADDRESS or " + name + ":ADDRESS/BITS");
    }
}
