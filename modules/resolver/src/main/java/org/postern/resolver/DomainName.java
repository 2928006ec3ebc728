package org.postern.resolver;

import java.util.Locale;
import org.xbill.DNS.Name;
import org.xbill.DNS.TextParseException;

/// A domain name as DNS has it: A-labels, lower case, absolute, written without the last dot (`.` is the root).
/// Labels may hold what a host name may not (`_imaps`); octets outside of ASCII letters stand as `\ddd`.
public record DomainName(String text) {
    public static final DomainName ROOT = new DomainName(".");

    /// @throws IllegalArgumentException if it is no domain name
    public DomainName {
        try {
            Name name = Name.fromString(text.endsWith(".") ? text : text + ".", Name.root);
            if (!text.chars().allMatch(character -> character > 0x20 && character < 0x7f)) {
                throw new IllegalArgumentException("not a domain name: \"" + text + "\" (A-labels are expected)");
            }
            text = canonical(name);
        } catch (TextParseException e) {
            throw new IllegalArgumentException("not a domain name: \"" + text + "\": " + e.getMessage(), e);
        }
    }

    private static String canonical(Name name) {
        String text = name.toString(true).toLowerCase(Locale.ROOT);
        return text.isEmpty() || text.equals("@") ? "." : text;
    }

    static DomainName of(Name name) {
        return new DomainName(canonical(name));
    }

    Name toName() {
        try {
            return text.equals(".") ? Name.root : Name.fromString(text + ".", Name.root);
        } catch (TextParseException e) {
            throw new IllegalStateException(e); // the constructor has read it
        }
    }

    public boolean isRoot() {
        return text.equals(".");
    }

    /// Whether it is `other` or a name below it.
    public boolean isWithin(DomainName other) {
        return other.isRoot() || text.equals(other.text) || text.endsWith("." + other.text);
    }

    /// A name below this one: `_993._tcp` below `mail.example.org`.
    public DomainName child(String labels) {
        return new DomainName(isRoot() ? labels : labels + "." + text);
    }

    @Override
    public String toString() {
        return text;
    }
}
