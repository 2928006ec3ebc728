package org.postern.nameserver;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.xbill.DNS.DClass;
import org.xbill.DNS.NSEC3Record;
import org.xbill.DNS.NSECRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;
import org.xbill.DNS.utils.base32;

/// Which records prove that something is not there (RFC 4035 §3.1.3, RFC 5155 §7.2), and how they are made.
final class Denial {
    private static final base32 BASE32 = new base32(base32.Alphabet.BASE32HEX, false, true);

    private final Zone zone;

    Denial(Zone zone) {
        this.zone = zone;
    }

    /// The name exists, the type does not. Also: there is no DS record at a delegation.
    List<SignedSet> ofType(Name name) {
        // RFC 4035 §3.1.3.1, RFC 5155 §7.2.3 and §7.2.7; an empty non-terminal is in the span of an NSEC record
        return List.of(zone.isHashed() ? zone.hashedSpanOf(hash(name)) : zone.spanOf(name));
    }

    /// Neither the name exists nor a wildcard for it.
    List<SignedSet> ofName(Name name) {
        // RFC 4035 §3.1.3.2, RFC 5155 §7.2.2
        Name encloser = zone.closestEncloser(name);
        List<SignedSet> proof = new ArrayList<>(ofExactName(name, encloser));
        Name wildcard = Names.wildcardOf(encloser);
        proof.add(zone.isHashed() ? zone.hashedSpanOf(hash(wildcard)) : zone.spanOf(wildcard));
        return proof;
    }

    /// A wildcard answered: the name itself does not exist.
    List<SignedSet> ofExpansion(Name name) {
        // RFC 4035 §3.1.3.3, RFC 5155 §7.2.6: only the next closer name is denied
        Name encloser = zone.closestEncloser(name);
        return List.of(zone.isHashed() ? zone.hashedSpanOf(hash(nextCloser(name, encloser))) : zone.spanOf(name));
    }

    /// A wildcard is there for the name, without the type.
    List<SignedSet> ofTypeAtWildcard(Name name, Name wildcard) {
        // RFC 4035 §3.1.3.4, RFC 5155 §7.2.5
        List<SignedSet> proof = new ArrayList<>(ofExactName(name, zone.closestEncloser(name)));
        proof.addAll(ofType(wildcard));
        return proof;
    }

    private List<SignedSet> ofExactName(Name name, Name encloser) {
        return zone.isHashed()
                ? List.of(zone.hashedSpanOf(hash(encloser)), zone.hashedSpanOf(hash(nextCloser(name, encloser))))
                : List.of(zone.spanOf(name));
    }

    private static Name nextCloser(Name name, Name encloser) {
        return Names.without(name, name.labels() - encloser.labels() - 1);
    }

    private Name hash(Name name) {
        return hashedOwner(name, zone.origin());
    }

    static byte[] digest(Name name) {
        try {
            // RFC 5155 §5 with 0 iterations and no salt, as RFC 9276 §3.1 wants it
            return MessageDigest.getInstance("SHA-1").digest(name.toWireCanonical());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    static Name hashedOwner(Name name, Name origin) {
        try {
            return new Name(BASE32.toString(digest(name)).toLowerCase(Locale.ROOT), origin);
        } catch (TextParseException e) {
            throw new IllegalArgumentException("the zone's name leaves no room for NSEC3: " + origin, e);
        }
    }

    /// The chain of NSEC records: one at each name with records that the zone speaks for (RFC 4034 §4).
    static List<Record> chain(Zone zone, long timeToLive) {
        List<Node> nodes = zone.authoritative().stream()
                .filter(node -> !node.sets().isEmpty())
                .toList();
        List<Record> chain = new ArrayList<>();
        for (int index = 0; index < nodes.size(); index++) {
            Node node = nodes.get(index);
            Set<Integer> types = types(node);
            types.add(Type.RRSIG);
            types.add(Type.NSEC);
            Name next = nodes.get((index + 1) % nodes.size()).name();
            chain.add(new NSECRecord(node.name(), DClass.IN, timeToLive, next, array(types)));
        }
        return chain;
    }

    /// The chain of NSEC3 records: one at each name that the zone speaks for, empty non-terminals included
    /// (RFC 5155 §7.1).
    static List<Record> hashedChain(Zone zone, long timeToLive) {
        List<Node> nodes = zone.authoritative();
        record Hashed(Name owner, byte[] digest, Node node) {}
        List<Hashed> sorted = nodes.stream()
                .map(node -> new Hashed(hashedOwner(node.name(), zone.origin()), digest(node.name()), node))
                .sorted((one, other) -> one.owner.compareTo(other.owner))
                .toList();
        List<Record> chain = new ArrayList<>();
        for (int index = 0; index < sorted.size(); index++) {
            Hashed hashed = sorted.get(index);
            Set<Integer> types = types(hashed.node);
            boolean signed = hashed.node.standing() == Node.Standing.AUTHORITATIVE || types.contains(Type.DS);
            if (!types.isEmpty() && signed) {
                types.add(Type.RRSIG);
            }
            byte[] next = sorted.get((index + 1) % sorted.size()).digest;
            chain.add(new NSEC3Record(
                    hashed.owner, DClass.IN, timeToLive, NSEC3Record.Digest.SHA1, 0, 0, null, next, array(types)));
        }
        return chain;
    }

    private static Set<Integer> types(Node node) {
        Set<Integer> types = new TreeSet<>(node.sets().keySet());
        if (node.standing() == Node.Standing.DELEGATION) {
            types.retainAll(Set.of(Type.NS, Type.DS)); // RFC 4035 §2.3: what else is there belongs to the child
        }
        return types;
    }

    private static int[] array(Set<Integer> types) {
        return types.stream().mapToInt(Integer::intValue).toArray();
    }
}
