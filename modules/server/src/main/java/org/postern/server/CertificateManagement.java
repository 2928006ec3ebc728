package org.postern.server;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.postern.identity.PresentedIdentifier;
import org.postern.identity.PresentedIdentifiers;
import org.postern.server.CertificateKeeper.Kept;
import org.postern.store.Accounts;
import org.postern.tls.CertificateFinding;
import org.postern.tls.CertificateLint;
import org.postern.tls.CertificateNames;
import org.postern.tls.Fingerprints;
import org.postern.tls.InstalledCertificates;
import org.postern.tls.KeyKind;
import org.postern.tls.PemFiles;
import org.postern.tls.ServedCertificate;
import org.postern.tls.TlsConfigurationException;

/// Certificates: what clients see, what is wrong with it, and how others come.
final class CertificateManagement {
    private final CertificateKeeper certificates;
    private final Accounts accounts;

    CertificateManagement(CertificateKeeper certificates, Accounts accounts) {
        this.certificates = certificates;
        this.accounts = accounts;
    }

    /// @param secret the key, in PEM, of a certificate that is to be installed; else empty
    Answer execute(Request.Certificate request, byte[] secret) {
        try {
            return switch (request) {
                case Request.Certificate.List() -> list();
                case Request.Certificate.Show(String name) -> details(find(name));
                case Request.Certificate.Csr csr -> request(csr);
                case Request.Certificate.Install(String chain) -> install(chain, secret);
                case Request.Certificate.Remove(String file) -> remove(file);
                case Request.Certificate.Issue() -> {
                    certificates.issue();
                    yield list();
                }
                case Request.Certificate.Fingerprints() ->
                    new Answer.Fingerprints(
                            certificates.names().hosts().getFirst(),
                            Instant.now(),
                            answers(),
                            certificates.authority().map(CertificateManagement::answer));
                case Request.Certificate.Ca() ->
                    certificates
                            .authority()
                            .map(CertificateManagement::answer)
                            .orElseThrow(() -> new RequestRefused(
                                    "there is no own authority here: tls.certificates is not own-authority"));
            };
        } catch (TlsConfigurationException unusable) {
            throw new RequestRefused(String.valueOf(unusable.getMessage()));
        }
    }

    private Answer.Certificates list() {
        return new Answer.Certificates(
                answers(),
                certificates.problems().stream().sorted().toList(),
                certificates
                        .acmeProgress()
                        .map(acme -> new Answer.Acme(
                                acme.directory(),
                                acme.failures(),
                                acme.failure(),
                                acme.failure().map(_ -> acme.nextAttempt()),
                                acme.nextKeys())),
                certificates.waiting().stream()
                        .map(each -> answer(each.candidate()))
                        .toList());
    }

    private List<Answer.Certificate> answers() {
        return certificates.kept().stream().map(this::answer).toList();
    }

    private Answer.Certificate answer(Kept kept) {
        return answer(kept.served(), kept.source(), certificates.watch().of(kept));
    }

    /// As SNI would find it, or by fingerprint.
    private Kept find(String name) {
        String wanted = name.toLowerCase(Locale.ROOT);
        return certificates.kept().stream()
                .filter(kept -> PresentedIdentifiers.of(kept.served().leaf()).coversDnsName(wanted))
                .findFirst()
                .or(() -> certificates.kept().stream()
                        .filter(kept -> wanted.length() >= 8
                                && Fingerprints.sha256(kept.served().leaf()).startsWith(wanted.replace(":", "")))
                        .findFirst())
                .orElseThrow(() -> new RequestRefused(
                        "no certificate here is for " + name + ", or has such a fingerprint: see certificate list"));
    }

    private Answer.CertificateDetails details(Kept kept) {
        List<CertificateFinding> findings = new ArrayList<>(certificates.watch().of(kept));
        findings.addAll(certificates.watch().coverage());
        ServedCertificate served = kept.served();
        return new Answer.CertificateDetails(
                answer(kept),
                findings.stream().map(CertificateManagement::answer).toList(),
                served.chain().stream()
                        .map(each -> new Answer.ChainLink(
                                each.getSubjectX500Principal().getName(),
                                each.getIssuerX500Principal().getName(),
                                each.getNotAfter().toInstant(),
                                Fingerprints.sha256(each)))
                        .toList(),
                PemFiles.text(served.chain().toArray()));
    }

    private Answer request(Request.Certificate.Csr csr) {
        KeyKind kind = switch (csr.keyType()) {
            case "ec" -> KeyKind.EC_P256;
            case "rsa" -> KeyKind.RSA_2048;
            case String other -> throw new RequestRefused("a key is of type ec or rsa, not " + other);
        };
        CertificateNames all = certificates.names();
        List<String> domains = csr.domains()
                .map(named -> named.stream()
                        .map(domain ->
                                DomainManagement.require(accounts, domain).name())
                        .toList())
                .orElse(all.mailDomains());
        CertificateNames names = new CertificateNames(
                csr.hosts()
                        .map(hosts ->
                                hosts.stream().map(CertificateManagement::host).toList())
                        .orElse(all.hosts()),
                csr.hosts().isPresent() ? List.of() : all.addresses(),
                domains,
                csr.services() ? all.services() : List.of());
        if (names.hosts().isEmpty() && names.mailDomains().isEmpty()) {
            throw new RequestRefused("a request needs a name: --host or --domain");
        }
        InstalledCertificates.Requested made =
                certificates.installedCertificates().request(kind, names);
        Names asked = Names.of(names.identifiers());
        return new Answer.SigningRequest(
                asked.dns(),
                asked.services(),
                kind == KeyKind.EC_P256 ? "EC P-256" : "RSA 2048",
                made.keySha256(),
                made.keyFile().toString(),
                made.pem());
    }

    /// One label may be `*`, the first (RFC 7817 §5.4).
    private static String host(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        if (!Settings.isHost(lower.startsWith("*.") ? lower.substring(2) : lower)) {
            throw new RequestRefused("'" + name + "' is no host name in its ASCII form");
        }
        return lower;
    }

    private Answer install(String chain, byte[] secret) {
        Optional<String> key =
                secret.length == 0 ? Optional.empty() : Optional.of(new String(secret, StandardCharsets.ISO_8859_1));
        Path file = certificates.installedCertificates().install(chain, key);
        certificates.refresh();
        boolean waits = certificates.waiting().stream()
                .anyMatch(each -> each.candidate().source().equals(file.toString()));
        Kept taken = Stream.concat(
                        certificates.waiting().stream().map(GatedCertificates.Waiting::candidate),
                        certificates.kept().stream())
                .filter(kept -> kept.source().equals(file.toString()))
                .findFirst()
                .orElseThrow(() -> new RequestRefused(file + " was written and is not served: see the log"));
        Answer.CertificateDetails details = details(taken);
        return new Answer.InstalledCertificate(
                String.valueOf(file.getFileName()), details.certificate(), details.findings(), waits);
    }

    private Answer remove(String file) {
        if (!certificates.installedCertificates().remove(file)) {
            throw new RequestRefused("no certificate is installed as " + file + ": see certificate list; those of"
                    + " other sources go where they come from");
        }
        certificates.refresh();
        return Answer.Removed.of("certificate", file);
    }

    // ---- answers

    /// The names of a certificate by their kind.
    private record Names(List<String> dns, List<String> services, List<String> addresses) {
        static Names of(PresentedIdentifiers identifiers) {
            Names names = new Names(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
            for (PresentedIdentifier identifier : identifiers.all()) {
                switch (identifier) {
                    case PresentedIdentifier.DnsId dns -> names.dns.add(dns.pattern());
                    case PresentedIdentifier.SrvId srv -> names.services.add(srv.name());
                    case PresentedIdentifier.IpId ip -> names.addresses.add(ip.address());
                    case PresentedIdentifier.UriId _ -> {} // names no mail server (RFC 7817 §3)
                }
            }
            return names;
        }
    }

    /// @param findings of this certificate
    static Answer.Certificate answer(ServedCertificate served, String source, List<CertificateFinding> findings) {
        X509Certificate leaf = served.leaf();
        Names names = Names.of(PresentedIdentifiers.of(leaf));
        return new Answer.Certificate(
                names.dns,
                names.services,
                names.addresses,
                leaf.getIssuerX500Principal().getName(),
                isSelfSigned(leaf),
                leaf.getNotBefore().toInstant(),
                leaf.getNotAfter().toInstant(),
                CertificateLint.type(leaf.getPublicKey()),
                Fingerprints.sha256(leaf),
                Fingerprints.sha256(leaf.getPublicKey()),
                served.chain().size(),
                source,
                findings.stream()
                        .filter(finding -> finding.state() == CertificateFinding.State.WRONG)
                        .map(finding -> word(finding.check()) + ": " + finding.text())
                        .toList());
    }

    private static Answer.Finding answer(CertificateFinding finding) {
        return new Answer.Finding(word(finding.check()), finding.subject(), word(finding.state()), finding.text());
    }

    private static Answer.Authority answer(X509Certificate authority) {
        return new Answer.Authority(
                authority.getSubjectX500Principal().getName(),
                authority.getNotBefore().toInstant(),
                authority.getNotAfter().toInstant(),
                Fingerprints.sha256(authority),
                Fingerprints.sha256(authority.getPublicKey()),
                PemFiles.text(authority));
    }

    /// `NOT_AVAILABLE` is `not-available`.
    static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static boolean isSelfSigned(X509Certificate certificate) {
        try {
            certificate.verify(certificate.getPublicKey());
            return true;
        } catch (GeneralSecurityException another) {
            return false;
        }
    }
}
