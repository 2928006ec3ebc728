package org.postern.identity;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.cert.CRL;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509CRLEntry;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.IssuingDistributionPoint;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.ocsp.BasicOCSPResp;
import org.bouncycastle.cert.ocsp.OCSPException;
import org.bouncycastle.cert.ocsp.OCSPResp;
import org.bouncycastle.cert.ocsp.RevokedStatus;
import org.bouncycastle.cert.ocsp.SingleResp;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.jspecify.annotations.Nullable;

/// What OCSP responses (RFC 6960) and CRLs (RFC 5280 §6.3) that were handed in say of a certificate. What is
/// malformed, stale, or signed by somebody else says nothing.
final class RevocationCheck {
    private static final Duration CLOCK_SKEW = Duration.ofMinutes(5);
    /// A response without nextUpdate is believed for so long (RFC 6960 §4.2.2.1 leaves it open).
    private static final Duration WITHOUT_NEXT_UPDATE = Duration.ofDays(1);

    private static final String OCSP_SIGNING = "1.3.6.1.5.5.7.3.9";
    private static final int CRL_SIGN = 6; // bit of keyUsage
    private static final Set<String> UNDERSTOOD_IN_LISTS = Set.of(Extension.reasonCode.getId());

    private final PathPolicy policy;
    private final List<BasicOCSPResp> responses = new ArrayList<>();
    private final List<X509CRL> lists = new ArrayList<>();

    RevocationCheck(PathPolicy policy) {
        this.policy = policy;
        policy.ocspResponses().forEach(response -> responses.addAll(readResponse(response)));
        policy.certificateRevocationLists().forEach(list -> lists.addAll(readLists(list)));
    }

    private static List<BasicOCSPResp> readResponse(byte[] response) {
        try {
            return new OCSPResp(response).getResponseObject() instanceof BasicOCSPResp basic
                    ? List.of(basic)
                    : List.of();
        } catch (IOException | OCSPException | RuntimeException e) {
            return List.of(); // unreadable: says nothing
        }
    }

    private static List<X509CRL> readLists(byte[] list) {
        try {
            List<X509CRL> read = new ArrayList<>();
            for (CRL each : CertificateFactory.getInstance("X.509").generateCRLs(new ByteArrayInputStream(list))) {
                read.add((X509CRL) each);
            }
            return read;
        } catch (GeneralSecurityException | RuntimeException e) {
            return List.of();
        }
    }

    /// @param issuer null below a bare key, which cannot be asked about
    Optional<PathResult.Fault> faultOf(
            X509Certificate certificate,
            @Nullable X509Certificate issuer,
            boolean server,
            List<PathResult.RevocationFinding> findings) {
        PathResult.RevocationFinding finding = finding(certificate, issuer);
        findings.add(finding);
        boolean required = switch (policy.revocation()) {
            case WHERE_PRESENTED -> false;
            case REQUIRED_FOR_SERVER -> server;
            case REQUIRED -> true;
        };
        return switch (finding.status()) {
            case GOOD -> Optional.empty();
            case REVOKED -> Optional.of(new PathResult.Fault(Rule.REVOKED, finding.subject(), finding.source()));
            case UNKNOWN ->
                required
                        ? Optional.of(new PathResult.Fault(Rule.REVOCATION_UNKNOWN, finding.subject(), ""))
                        : Optional.empty();
        };
    }

    /// "Revoked" from any usable source counts more than "good" from another.
    private PathResult.RevocationFinding finding(X509Certificate certificate, @Nullable X509Certificate issuer) {
        String subject = CertificationPaths.name(certificate);
        PathResult.RevocationFinding best = new PathResult.RevocationFinding(
                subject, PathResult.RevocationFinding.Status.UNKNOWN, "nothing usable");
        if (issuer == null) {
            return best;
        }
        List<PathResult.RevocationFinding> usable = new ArrayList<>();
        responses.forEach(response -> ocsp(response, certificate, issuer).ifPresent(usable::add));
        lists.forEach(list -> crl(list, certificate, issuer).ifPresent(usable::add));
        for (PathResult.RevocationFinding each : usable) {
            if (each.status() == PathResult.RevocationFinding.Status.REVOKED) {
                return each;
            }
            if (best.status() == PathResult.RevocationFinding.Status.UNKNOWN) {
                best = each;
            }
        }
        return best;
    }

    // RFC 6960 §3.2
    private Optional<PathResult.RevocationFinding> ocsp(
            BasicOCSPResp response, X509Certificate certificate, X509Certificate issuer) {
        try {
            X509CertificateHolder issuerHolder = new JcaX509CertificateHolder(issuer);
            if (!authorised(response, issuer)) {
                return Optional.empty();
            }
            for (SingleResp single : response.getResponses()) {
                boolean same = single.getCertID().getSerialNumber().equals(certificate.getSerialNumber())
                        && single.getCertID()
                                .matchesIssuer(issuerHolder, new JcaDigestCalculatorProviderBuilder().build());
                Instant from = single.getThisUpdate().toInstant();
                Instant until = single.getNextUpdate() == null
                        ? from.plus(WITHOUT_NEXT_UPDATE)
                        : single.getNextUpdate().toInstant();
                if (!same || stale(from, until)) {
                    continue;
                }
                String subject = CertificationPaths.name(certificate);
                if (single.getCertStatus() == null) { // BouncyCastle's CertificateStatus.GOOD
                    return Optional.of(new PathResult.RevocationFinding(
                            subject, PathResult.RevocationFinding.Status.GOOD, "OCSP until " + until));
                }
                if (single.getCertStatus() instanceof RevokedStatus revoked) {
                    return Optional.of(new PathResult.RevocationFinding(
                            subject,
                            PathResult.RevocationFinding.Status.REVOKED,
                            "OCSP: since " + revoked.getRevocationTime().toInstant()));
                }
            }
            return Optional.empty();
        } catch (OCSPException | OperatorCreationException | GeneralSecurityException | RuntimeException e) {
            return Optional.empty();
        }
    }

    /// RFC 6960 §4.2.2.2: signed by the issuer, or by a responder that the issuer itself appointed.
    private boolean authorised(BasicOCSPResp response, X509Certificate issuer)
            throws OCSPException, OperatorCreationException, GeneralSecurityException {
        var verifiers = new JcaContentVerifierProviderBuilder();
        if (response.isSignatureValid(verifiers.build(issuer.getPublicKey()))) {
            return true;
        }
        for (X509CertificateHolder holder : response.getCerts()) {
            X509Certificate responder = new JcaX509CertificateConverter().getCertificate(holder);
            List<String> purposes = responder.getExtendedKeyUsage();
            if (purposes == null
                    || !purposes.contains(OCSP_SIGNING)
                    || !responder.getIssuerX500Principal().equals(issuer.getSubjectX500Principal())
                    || stale(
                            responder.getNotBefore().toInstant(),
                            responder.getNotAfter().toInstant())) {
                continue;
            }
            responder.verify(issuer.getPublicKey());
            if (response.isSignatureValid(verifiers.build(responder.getPublicKey()))) {
                return true;
            }
        }
        return false;
    }

    // RFC 5280 §6.3.3. A list with a scope (issuingDistributionPoint) tells who is revoked, not who is good;
    // indirect
    // and
    // delta lists say nothing here.
    private Optional<PathResult.RevocationFinding> crl(
            X509CRL list, X509Certificate certificate, X509Certificate issuer) {
        try {
            boolean[] usage = issuer.getKeyUsage();
            Instant from = list.getThisUpdate().toInstant();
            Instant until = list.getNextUpdate() == null
                    ? from.plus(WITHOUT_NEXT_UPDATE)
                    : list.getNextUpdate().toInstant();
            Set<String> critical = list.getCriticalExtensionOIDs();
            boolean scoped = critical != null && !critical.isEmpty();
            if (!list.getIssuerX500Principal().equals(certificate.getIssuerX500Principal())
                    || (usage != null && !usage[CRL_SIGN])
                    || (scoped && !plainScope(list, critical))
                    || stale(from, until)) {
                return Optional.empty();
            }
            list.verify(issuer.getPublicKey());
            X509CRLEntry entry = list.getRevokedCertificate(certificate.getSerialNumber());
            String subject = CertificationPaths.name(certificate);
            if (entry == null) {
                return scoped
                        ? Optional.empty()
                        : Optional.of(new PathResult.RevocationFinding(
                                subject, PathResult.RevocationFinding.Status.GOOD, "CRL until " + until));
            }
            Set<String> criticalOfEntry = entry.getCriticalExtensionOIDs();
            if (criticalOfEntry != null && !UNDERSTOOD_IN_LISTS.containsAll(criticalOfEntry)) {
                return Optional.empty();
            }
            return Optional.of(new PathResult.RevocationFinding(
                    subject,
                    PathResult.RevocationFinding.Status.REVOKED,
                    "CRL: since " + entry.getRevocationDate().toInstant()));
        } catch (GeneralSecurityException | IOException | RuntimeException e) {
            return Optional.empty();
        }
    }

    private static boolean plainScope(X509CRL list, Set<String> critical) throws IOException {
        byte[] scope = list.getExtensionValue(Extension.issuingDistributionPoint.getId());
        return critical.equals(Set.of(Extension.issuingDistributionPoint.getId()))
                && !IssuingDistributionPoint.getInstance(JcaX509ExtensionUtils.parseExtensionValue(scope))
                        .isIndirectCRL();
    }

    private boolean stale(Instant from, Instant until) {
        return policy.time().isBefore(from.minus(CLOCK_SKEW)) || policy.time().isAfter(until.plus(CLOCK_SKEW));
    }
}
