package org.postern.tls;

import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.postern.identity.PresentedIdentifier;
import org.postern.identity.PresentedIdentifiers;

/// Which of a set of certificates answers a handshake: by the name that the client asks for, and by what its key is
/// made of. Immutable; a look-up costs two map accesses, however many domains are served.
final class CertificateSelection {
    private final List<ServedCertificate> all;
    private final UnknownServerName unknown;
    /// By DNS-ID, wildcards as `*.example.org`; those of one name in the order of the set.
    private final Map<String, List<ServedCertificate>> byName = new HashMap<>();
    private final Map<String, ServedCertificate> byAlias = new HashMap<>();
    /// For clients that name nobody: the first of the set, and those that name the same hosts with another kind of key.
    private final List<ServedCertificate> usual;

    CertificateSelection(List<ServedCertificate> all, UnknownServerName unknown) {
        this.all = List.copyOf(all);
        this.unknown = unknown;
        for (ServedCertificate certificate : all) {
            byAlias.put(alias(certificate), certificate);
            for (String name : dnsNames(certificate)) {
                byName.computeIfAbsent(name, _ -> new ArrayList<>()).add(certificate);
            }
        }
        usual = all.isEmpty() ? List.of() : twinsOf(all.getFirst());
    }

    private List<ServedCertificate> twinsOf(ServedCertificate first) {
        List<String> names = dnsNames(first);
        return all.stream()
                .filter(each -> each.equals(first)
                        || (!names.isEmpty() && dnsNames(each).containsAll(names)))
                .toList();
    }

    private static List<String> dnsNames(ServedCertificate certificate) {
        return PresentedIdentifiers.of(certificate.leaf()).all().stream()
                .filter(PresentedIdentifier.DnsId.class::isInstance)
                .map(identifier -> ((PresentedIdentifier.DnsId) identifier).pattern())
                .distinct()
                .toList();
    }

    /// Names one certificate for good, so that key and chain of one handshake belong together even if the set is
    /// replaced between the two.
    static String alias(ServedCertificate certificate) {
        return certificate.leaf().getSerialNumber().toString(16) + "/" + System.identityHashCode(certificate);
    }

    Optional<ServedCertificate> byAlias(String alias) {
        return Optional.ofNullable(byAlias.get(alias));
    }

    List<ServedCertificate> all() {
        return all;
    }

    UnknownServerName unknown() {
        return unknown;
    }

    /// False where a client that asks for this name is turned away (K4, RFC 9325 §3.7).
    boolean answersFor(String serverName) {
        return unknown == UnknownServerName.DEFAULT_CERTIFICATE
                || !named(serverName).isEmpty();
    }

    /// Whom a client may meet that asks for this name, by the kind of key that it wants: see [#choose].
    List<ServedCertificate> servedFor(String serverName) {
        return candidates(Optional.of(serverName)).stream()
                .map(each -> each.leaf().getPublicKey().getAlgorithm())
                .distinct()
                .flatMap(algorithm -> choose(algorithm, Optional.of(serverName)).stream())
                .toList();
    }

    private List<ServedCertificate> candidates(Optional<String> serverName) {
        List<ServedCertificate> named = serverName.map(this::named).orElse(List.of());
        if (!named.isEmpty()) {
            return named;
        }
        return serverName.isPresent() && unknown == UnknownServerName.REFUSE ? List.of() : usual;
    }

    /// The certificate for one kind of key. A certificate of another name is no answer to a client that asks for one
    /// that is served: it tries its next kind of key, and only for that name.
    ///
    /// @param keyType as JSSE names it: `EC`, `RSA`, `EC_EC`, `RSASSA-PSS` …
    Optional<ServedCertificate> choose(String keyType, Optional<String> serverName) {
        Instant now = Instant.now();
        ServedCertificate last = null;
        for (ServedCertificate candidate : candidates(serverName)) {
            if (fits(keyType, candidate.leaf())) {
                if (candidate.validAt(now)) {
                    return Optional.of(candidate);
                }
                last = last == null ? candidate : last;
            }
        }
        return Optional.ofNullable(last); // out of its term: the client says so better than a failed handshake would
    }

    /// RFC 9525 §6.3: the whole name before a wildcard, which stands for the left-most label.
    List<ServedCertificate> named(String serverName) {
        String name = serverName.toLowerCase(Locale.ROOT);
        List<ServedCertificate> exact = byName.getOrDefault(name, List.of());
        int dot = name.indexOf('.');
        return !exact.isEmpty() || dot < 0 ? exact : byName.getOrDefault("*" + name.substring(dot), List.of());
    }

    private static boolean fits(String keyType, X509Certificate leaf) {
        PublicKey key = leaf.getPublicKey();
        String algorithm = key.getAlgorithm();
        return keyType.equals(algorithm)
                || keyType.startsWith(algorithm + "_") // "EC_EC" and the like, from TLS 1.2
                || (keyType.equals("RSASSA-PSS") && algorithm.equals("RSA"));
    }
}
