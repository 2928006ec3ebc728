package org.postern.identity;

import static org.postern.identity.CertificationPaths.name;

import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.cert.CertPath;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateParsingException;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.bouncycastle.asn1.x509.Extension;
import org.jspecify.annotations.Nullable;

/// RFC 5280 §6.1 for one path, with the purpose of a TLS server or client. Each refusal names its rule; the JDK's
/// validator, which knows no name constraints on SRV-IDs, is asked only about certificate policies, where a path
/// has such.
final class PathValidation {
    private static final String SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
    private static final String CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
    private static final String ANY_PURPOSE = "2.5.29.37.0";
    private static final int DIGITAL_SIGNATURE = 0; // bits of keyUsage
    private static final int KEY_ENCIPHERMENT = 2;
    private static final int KEY_AGREEMENT = 4;
    private static final int KEY_CERT_SIGN = 5;

    /// What is acted upon here; any other extension that is marked critical refuses the path.
    private static final Set<String> UNDERSTOOD = Set.of(
            Extension.basicConstraints.getId(),
            Extension.keyUsage.getId(),
            Extension.extendedKeyUsage.getId(),
            Extension.subjectAlternativeName.getId(),
            Extension.nameConstraints.getId(),
            Extension.certificatePolicies.getId(),
            Extension.policyMappings.getId(),
            Extension.policyConstraints.getId(),
            Extension.inhibitAnyPolicy.getId());

    private final PathPolicy policy;
    private final RevocationCheck revocation;

    PathValidation(PathPolicy policy) {
        this.policy = policy;
        this.revocation = new RevocationCheck(policy);
    }

    /// @param path the server's certificate first, the anchor last
    /// @param bareKey the anchor where it is a key alone; the last certificate is then the one below it
    /// @param findings takes what was found of revocations
    Optional<PathResult.Fault> faultOf(
            List<X509Certificate> path, @Nullable PublicKey bareKey, List<PathResult.RevocationFinding> findings) {
        NameConstraints constraints = new NameConstraints();
        boolean policies = false;
        for (int index = path.size() - 1; index >= 0; index--) {
            X509Certificate certificate = path.get(index);
            boolean anchor = bareKey == null && index == path.size() - 1;
            Optional<PathResult.Fault> fault = Optional.empty();
            if (!anchor) {
                PublicKey issuerKey = index == path.size() - 1 && bareKey != null
                        ? bareKey
                        : path.get(index + 1).getPublicKey();
                fault = signature(certificate, issuerKey);
            }
            if (fault.isEmpty()) {
                fault = dates(certificate);
            }
            if (fault.isEmpty()) {
                fault = weakness(certificate, anchor);
            }
            if (fault.isEmpty() && (index == 0 || !selfIssued(certificate))) {
                fault = constraints.faultOf(certificate);
            }
            if (fault.isEmpty()) {
                fault = unknownExtension(certificate);
            }
            if (fault.isEmpty()) {
                fault = index == 0 ? purpose(certificate) : authority(path, index, anchor);
            }
            if (fault.isEmpty() && index > 0) {
                fault = constraints.add(certificate);
            }
            if (fault.isEmpty() && !anchor) {
                X509Certificate issuer = index + 1 < path.size() ? path.get(index + 1) : null;
                fault = revocation.faultOf(certificate, issuer, index == 0, findings);
            }
            if (fault.isPresent()) {
                return fault;
            }
            policies |= certificate.getExtensionValue(Extension.policyConstraints.getId()) != null
                    || certificate.getExtensionValue(Extension.inhibitAnyPolicy.getId()) != null
                    || certificate.getExtensionValue(Extension.policyMappings.getId()) != null;
        }
        return policies ? policies(path, bareKey) : Optional.empty();
    }

    private static Optional<PathResult.Fault> fault(Rule rule, X509Certificate certificate, String detail) {
        return Optional.of(new PathResult.Fault(rule, name(certificate), detail));
    }

    // RFC 5280 §6.1.3 (a)(1)
    private static Optional<PathResult.Fault> signature(X509Certificate certificate, PublicKey issuerKey) {
        try {
            certificate.verify(issuerKey);
            return Optional.empty();
        } catch (GeneralSecurityException e) {
            return fault(Rule.SIGNATURE_INVALID, certificate, String.valueOf(e.getMessage()));
        }
    }

    // RFC 5280 §6.1.3 (a)(2); an anchor's dates too, as every widespread client does
    private Optional<PathResult.Fault> dates(X509Certificate certificate) {
        Instant notBefore = certificate.getNotBefore().toInstant();
        Instant notAfter = certificate.getNotAfter().toInstant();
        if (policy.time().isBefore(notBefore)) {
            return fault(Rule.NOT_YET_VALID, certificate, "from " + notBefore);
        }
        return policy.time().isAfter(notAfter)
                ? fault(Rule.EXPIRED, certificate, "since " + notAfter)
                : Optional.empty();
    }

    // RFC 9325 §4.5. An anchor's own signature proves nothing and is not judged.
    private static Optional<PathResult.Fault> weakness(X509Certificate certificate, boolean anchor) {
        Optional<PathResult.Fault> weak = weakKey(certificate);
        if (weak.isPresent()) {
            return weak;
        }
        String algorithm = DomainNames.lower(certificate.getSigAlgName());
        if (!anchor && (algorithm.contains("md2") || algorithm.contains("md5") || algorithm.contains("sha1"))) {
            return fault(Rule.WEAK_SIGNATURE, certificate, certificate.getSigAlgName());
        }
        return Optional.empty();
    }

    static Optional<PathResult.Fault> weakKey(X509Certificate certificate) {
        PublicKey key = certificate.getPublicKey();
        if (key instanceof RSAPublicKey rsa && rsa.getModulus().bitLength() < 2048) {
            return fault(
                    Rule.WEAK_KEY, certificate, "RSA with " + rsa.getModulus().bitLength() + " bits");
        }
        if (key instanceof ECPublicKey elliptic
                && elliptic.getParams().getCurve().getField().getFieldSize() < 224) {
            return fault(Rule.WEAK_KEY, certificate, "a curve of less than 224 bits");
        }
        return Optional.empty();
    }

    private static boolean selfIssued(X509Certificate certificate) {
        return certificate.getSubjectX500Principal().equals(certificate.getIssuerX500Principal());
    }

    // RFC 5280 §6.1.4 (o), §6.1.5 (f)
    private static Optional<PathResult.Fault> unknownExtension(X509Certificate certificate) {
        Set<String> critical = certificate.getCriticalExtensionOIDs();
        if (critical != null) {
            for (String extension : critical) {
                if (!UNDERSTOOD.contains(extension)) {
                    return fault(Rule.CRITICAL_EXTENSION, certificate, extension);
                }
            }
        }
        return Optional.empty();
    }

    // RFC 5280 §4.2.1.3, §4.2.1.12
    private Optional<PathResult.Fault> purpose(X509Certificate leaf) {
        boolean[] usage = leaf.getKeyUsage();
        if (usage != null && !(usage[DIGITAL_SIGNATURE] || usage[KEY_ENCIPHERMENT] || usage[KEY_AGREEMENT])) {
            return fault(Rule.KEY_USAGE, leaf, "");
        }
        return extendedKeyUsage(leaf, false);
    }

    private Optional<PathResult.Fault> extendedKeyUsage(X509Certificate certificate, boolean authority) {
        try {
            String wanted = switch (policy.purpose()) {
                case SERVER -> SERVER_AUTH;
                case CLIENT -> CLIENT_AUTH;
            };
            List<String> purposes = certificate.getExtendedKeyUsage();
            // a server that may do anything is refused, as §4.2.1.12 allows; an authority that may is fine
            if (purposes == null || purposes.contains(wanted) || (authority && purposes.contains(ANY_PURPOSE))) {
                return Optional.empty();
            }
            return fault(Rule.EXTENDED_KEY_USAGE, certificate, purposes.toString());
        } catch (CertificateParsingException e) {
            return fault(Rule.MALFORMED, certificate, "extendedKeyUsage");
        }
    }

    // RFC 5280 §6.1.4 (k) to (n)
    private Optional<PathResult.Fault> authority(List<X509Certificate> path, int index, boolean anchor) {
        X509Certificate certificate = path.get(index);
        int length = certificate.getBasicConstraints();
        if (length < 0 && !(anchor && certificate.getVersion() < 3)) {
            return fault(Rule.NOT_A_CA, certificate, "");
        }
        long below = path.subList(1, index).stream()
                .filter(each -> !selfIssued(each))
                .count();
        if (length >= 0 && below > length) {
            return fault(Rule.PATH_LENGTH, certificate, below + " below it, " + length + " allowed");
        }
        boolean[] usage = certificate.getKeyUsage();
        if (usage != null && !usage[KEY_CERT_SIGN]) {
            return fault(Rule.KEY_CERT_SIGN, certificate, "");
        }
        return extendedKeyUsage(certificate, true);
    }

    /// RFC 5280 §6.1.2 to §6.1.5 as far as certificate policies go.
    private Optional<PathResult.Fault> policies(List<X509Certificate> path, @Nullable PublicKey bareKey) {
        if (path.size() == 1 && bareKey == null) {
            return Optional.empty();
        }
        X509Certificate leaf = path.getFirst();
        try {
            TrustAnchor anchor = bareKey == null
                    ? new TrustAnchor(path.getLast(), null)
                    : new TrustAnchor(path.getLast().getIssuerX500Principal(), bareKey, null);
            CertPath below = CertificateFactory.getInstance("X.509")
                    .generateCertPath(bareKey == null ? path.subList(0, path.size() - 1) : path);
            PKIXParameters parameters = new PKIXParameters(Set.of(anchor));
            parameters.setRevocationEnabled(false);
            parameters.setDate(Date.from(policy.time()));
            CertPathValidator.getInstance("PKIX").validate(below, parameters);
            return Optional.empty();
        } catch (GeneralSecurityException | UnsupportedOperationException e) {
            return fault(Rule.POLICY, leaf, String.valueOf(e.getMessage()));
        }
    }
}
