package org.postern.tls;

import java.security.PublicKey;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.bouncycastle.asn1.x509.Extension;
import org.postern.identity.PathPolicy;
import org.postern.identity.PathResult;
import org.postern.identity.PresentedIdentifier;
import org.postern.identity.PresentedIdentifiers;
import org.postern.identity.Rule;
import org.postern.identity.ServerAuthentication;
import org.postern.identity.TrustAnchors;
import org.postern.tls.CertificateFinding.Check;
import org.postern.tls.CertificateFinding.State;

/// Looks at what is served as clients will, before they do: term, chain, key and usage of each certificate, and
/// whether the names that clients ask for are on them. Fetches nothing.
public final class CertificateLint {
    /// Whatever renews certificates does so long before.
    private static final Duration SOON = Duration.ofDays(14);

    private static final String SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
    private static final String TLS_FEATURE = "1.3.6.1.5.5.7.1.24"; // RFC 7633 §6
    private static final int DIGITAL_SIGNATURE = 0; // bit of keyUsage

    private final TrustAnchors known;
    private final Optional<X509Certificate> ownAuthority;
    private final Instant now;

    /// @param known authorities that clients have anyhow
    /// @param ownAuthority which clients are given
    public CertificateLint(TrustAnchors known, Optional<X509Certificate> ownAuthority, Instant now) {
        this.known = known;
        this.ownAuthority = ownAuthority;
        this.now = now;
    }

    /// The authorities of the Java runtime, which are those of browsers. Read once: it takes its time.
    public static TrustAnchors runtimeAnchors() {
        return Runtimes.ANCHORS;
    }

    private static final class Runtimes {
        static final TrustAnchors ANCHORS = TrustAnchors.ofRuntime();
    }

    /// What there is to say of one certificate, whatever it is used for: four findings.
    public List<CertificateFinding> of(ServedCertificate served) {
        return List.of(term(served), chain(served), key(served), usage(served));
    }

    /// What there is to say of the names: a finding for each host and mail domain, and one for the services of each
    /// mail domain.
    public List<CertificateFinding> coverage(List<ServedCertificate> served, CertificateNames wanted) {
        List<CertificateFinding> findings = new ArrayList<>();
        for (String name : wanted.dnsNames()) {
            boolean host = wanted.hosts().contains(name);
            findings.add(
                    covering(served, name).isPresent()
                            ? new CertificateFinding(Check.DNS_ID, name, State.OK, "named as DNS-ID")
                            : new CertificateFinding(
                                    Check.DNS_ID,
                                    name,
                                    State.WRONG,
                                    host
                                            ? "no certificate is for this host: clients refuse whatever they are shown"
                                            : "no certificate is for this mail domain: clients that find this server"
                                                    + " by its SRV records may refuse it"));
        }
        wanted.mailDomains()
                .forEach(domain -> services(served, domain, wanted.services()).ifPresent(findings::add));
        return findings;
    }

    private static Optional<ServedCertificate> covering(List<ServedCertificate> served, String name) {
        return served.stream()
                .filter(each -> PresentedIdentifiers.of(each.leaf()).coversDnsName(name))
                .findFirst();
    }

    private Optional<CertificateFinding> services(
            List<ServedCertificate> served, String domain, List<String> services) {
        if (services.isEmpty() || served.isEmpty()) {
            return Optional.empty();
        }
        List<PresentedIdentifiers> presented = served.stream()
                .map(each -> PresentedIdentifiers.of(each.leaf()))
                .toList();
        List<String> missing = services.stream()
                .filter(service -> presented.stream().noneMatch(each -> each.coversService(service, domain)))
                .map(service -> "_" + service + "." + domain)
                .toList();
        if (missing.isEmpty()) {
            return Optional.of(new CertificateFinding(Check.SRV_ID, domain, State.OK, "each service is named"));
        }
        // R7817-13: public authorities issue no SRV-IDs
        boolean byPublicAuthority = isPublic(covering(served, domain).orElseGet(served::getFirst));
        return Optional.of(
                byPublicAuthority
                        ? new CertificateFinding(
                                Check.SRV_ID,
                                domain,
                                State.NOT_AVAILABLE,
                                "public authorities issue no SRV-IDs; clients go by the DNS-ID")
                        : new CertificateFinding(
                                Check.SRV_ID, domain, State.WRONG, "not named: " + String.join(" ", missing)));
    }

    private CertificateFinding term(ServedCertificate served) {
        Instant begin = served.leaf().getNotBefore().toInstant();
        Instant end = served.leaf().getNotAfter().toInstant();
        Duration third = Duration.between(begin, end).dividedBy(3);
        Duration soon = third.compareTo(SOON) < 0 ? third : SOON; // some are issued for days
        if (now.isBefore(begin)) {
            return finding(Check.TERM, served, State.WRONG, "valid from " + begin + " only: is the clock right?");
        }
        if (now.isAfter(end)) {
            return finding(Check.TERM, served, State.WRONG, "expired at " + end + ": renew it");
        }
        return now.plus(soon).isAfter(end)
                ? finding(Check.TERM, served, State.WRONG, "ends at " + end + ": renew it")
                : finding(Check.TERM, served, State.OK, "until " + end);
    }

    private CertificateFinding chain(ServedCertificate served) {
        List<X509Certificate> anchors = new ArrayList<>(known.certificates());
        ownAuthority.ifPresent(anchors::add);
        return switch (path(served, new TrustAnchors(anchors))) {
            case PathResult.Valid valid ->
                finding(Check.CHAIN, served, State.OK, "to " + name(valid.path().getLast()));
            case PathResult.Invalid invalid -> refused(served, invalid);
        };
    }

    private CertificateFinding refused(ServedCertificate served, PathResult.Invalid invalid) {
        if (invalid.rule() != Rule.NO_PATH) {
            return finding(Check.CHAIN, served, State.WRONG, invalid.fault().toString());
        }
        X509Certificate top = served.chain().getLast();
        boolean itself = top.getSubjectX500Principal().equals(top.getIssuerX500Principal());
        if (itself && served.chain().size() == 1) {
            return finding(
                    Check.CHAIN,
                    served,
                    State.WRONG,
                    "signed by itself: clients refuse it unless each is told to trust it");
        }
        // It tells where its issuer's certificate can be had, as those of public authorities do: it belongs into the
        // chain.
        boolean missing = !itself && top.getExtensionValue(Extension.authorityInfoAccess.getId()) != null;
        return missing
                ? finding(
                        Check.CHAIN,
                        served,
                        State.WRONG,
                        "the certificate of " + top.getIssuerX500Principal().getName()
                                + " is missing behind it: many clients cannot get to a root")
                : finding(
                        Check.CHAIN,
                        served,
                        State.NOT_AVAILABLE,
                        "issued by " + top.getIssuerX500Principal().getName()
                                + ", which is no public authority: whether clients trust it cannot be told here");
    }

    private boolean isPublic(ServedCertificate served) {
        return path(served, known) instanceof PathResult.Valid;
    }

    private PathResult path(ServedCertificate served, TrustAnchors anchors) {
        return ServerAuthentication.path(served.chain(), PathPolicy.at(now, anchors));
    }

    private static CertificateFinding key(ServedCertificate served) {
        PublicKey key = served.leaf().getPublicKey();
        if (!PemFiles.belongTogether(served.key(), key)) {
            return finding(Check.KEY, served, State.WRONG, "the private key is another's");
        }
        Optional<String> weak = PemFiles.weakness(key);
        return weak.map(text -> finding(Check.KEY, served, State.WRONG, text))
                .orElseGet(() -> finding(Check.KEY, served, State.OK, type(key)));
    }

    /// As `EC P-256` or `RSA 2048`.
    public static String type(PublicKey key) {
        return switch (key) {
            case RSAPublicKey rsa -> "RSA " + rsa.getModulus().bitLength();
            case ECPublicKey ec -> "EC P-" + ec.getParams().getOrder().bitLength();
            default -> key.getAlgorithm();
        };
    }

    private static CertificateFinding usage(ServedCertificate served) {
        try {
            List<String> purposes = served.leaf().getExtendedKeyUsage();
            if (purposes != null && !purposes.contains(SERVER_AUTH)) {
                return finding(Check.USAGE, served, State.WRONG, "its extended key usage is not for TLS servers");
            }
            if (served.leaf().getExtensionValue(TLS_FEATURE) != null) {
                return finding(
                        Check.USAGE,
                        served,
                        State.WRONG,
                        "it demands a stapled OCSP response (RFC 7633), and none is sent here: clients that heed it"
                                + " refuse; take one without \"must staple\"");
            }
            boolean[] usage = served.leaf().getKeyUsage();
            return usage != null && !usage[DIGITAL_SIGNATURE]
                    ? finding(
                            Check.USAGE,
                            served,
                            State.WRONG,
                            "its key usage is without digitalSignature, which each handshake needs")
                    : finding(Check.USAGE, served, State.OK, "for TLS servers");
        } catch (CertificateParsingException e) {
            return finding(Check.USAGE, served, State.WRONG, "its extended key usage cannot be read");
        }
    }

    private static CertificateFinding finding(Check check, ServedCertificate served, State state, String text) {
        return new CertificateFinding(check, firstName(served), state, text);
    }

    private static String firstName(ServedCertificate served) {
        return PresentedIdentifiers.of(served.leaf()).all().stream()
                .flatMap(identifier -> switch (identifier) {
                    case PresentedIdentifier.DnsId dns -> Stream.of(dns.pattern());
                    case PresentedIdentifier.IpId ip -> Stream.of(ip.address());
                    case PresentedIdentifier.SrvId _, PresentedIdentifier.UriId _ -> Stream.empty();
                })
                .findFirst()
                .orElseGet(() -> name(served.leaf()));
    }

    private static String name(X509Certificate certificate) {
        return certificate.getSubjectX500Principal().getName();
    }
}
