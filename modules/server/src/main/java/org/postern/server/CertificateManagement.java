package org.postern.server;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.postern.identity.PresentedIdentifier;
import org.postern.identity.PresentedIdentifiers;
import org.postern.tls.ServedCertificate;

/// What clients see of certificates.
final class CertificateManagement {
    private final CertificateKeeper certificates;

    CertificateManagement(CertificateKeeper certificates) {
        this.certificates = certificates;
    }

    Answer execute(Request.Certificate request) {
        return switch (request) {
            case Request.Certificate.List() ->
                new Answer.Certificates(certificates.served().served().stream()
                        .map(CertificateManagement::answer)
                        .toList());
        };
    }

    static Answer.Certificate answer(ServedCertificate served) {
        X509Certificate leaf = served.leaf();
        List<String> dnsNames = new ArrayList<>();
        List<String> services = new ArrayList<>();
        List<String> addresses = new ArrayList<>();
        for (PresentedIdentifier identifier : PresentedIdentifiers.of(leaf).all()) {
            switch (identifier) {
                case PresentedIdentifier.DnsId dns -> dnsNames.add(dns.pattern());
                case PresentedIdentifier.SrvId srv -> services.add(srv.name());
                case PresentedIdentifier.IpId ip -> addresses.add(ip.address());
                case PresentedIdentifier.UriId _ -> {} // names no mail server (RFC 7817 §3)
            }
        }
        return new Answer.Certificate(
                dnsNames,
                services,
                addresses,
                leaf.getIssuerX500Principal().getName(),
                isSelfSigned(leaf),
                leaf.getNotBefore().toInstant(),
                leaf.getNotAfter().toInstant(),
                keyType(leaf.getPublicKey()),
                sha256(encoded(leaf)),
                sha256(leaf.getPublicKey().getEncoded()),
                served.chain().size());
    }

    private static boolean isSelfSigned(X509Certificate certificate) {
        try {
            certificate.verify(certificate.getPublicKey());
            return true;
        } catch (GeneralSecurityException another) {
            return false;
        }
    }

    private static String keyType(PublicKey key) {
        return switch (key) {
            case RSAPublicKey rsa -> "RSA " + rsa.getModulus().bitLength();
            case ECPublicKey ec -> "EC P-" + ec.getParams().getOrder().bitLength();
            default -> key.getAlgorithm();
        };
    }

    private static byte[] encoded(X509Certificate certificate) {
        try {
            return certificate.getEncoded();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("a certificate that was read cannot be written", e);
        }
    }

    private static String sha256(byte[] octets) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(octets));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java runtime has no SHA-256", e);
        }
    }
}
