package org.postern.nameserver;

import java.util.Locale;
import org.postern.resolver.DomainName;
import org.xbill.DNS.Name;
import org.xbill.DNS.TextParseException;

/// Between the house's names and dnsjava's.
final class Names {
    private Names() {}

    static Name of(DomainName name) {
        try {
            return name.isRoot() ? Name.root : Name.fromString(name.text() + ".", Name.root);
        } catch (TextParseException e) {
            throw new IllegalArgumentException("not a domain name: " + name, e);
        }
    }

    static DomainName of(Name name) {
        return new DomainName(name.toString().toLowerCase(Locale.ROOT));
    }

    static boolean isBelow(Name name, Name above) {
        return name.labels() > above.labels() && name.subdomain(above);
    }

    /// `name` without its first `count` labels.
    static Name without(Name name, int count) {
        return count == 0 ? name : new Name(name, count);
    }

    static Name wildcardOf(Name encloser) {
        try {
            return new Name("*", encloser);
        } catch (TextParseException e) {
            throw new IllegalStateException(e); // an encloser has room for one more label, or nothing could be below it
        }
    }
}
