package org.postern.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.postern.acme.AcmeCertificates;
import org.postern.identity.PresentedIdentifiers;
import org.postern.server.CertificateKeeper.Kept;
import org.postern.server.Configuration.Certificates;
import org.postern.server.Configuration.Listener;
import org.postern.session.Endpoint;
import org.postern.tls.CertificateFinding;
import org.postern.tls.CertificateLint;
import org.postern.tls.CertificateNames;
import org.postern.tls.InstalledCertificates;
import org.postern.tls.PemDirectory;
import org.postern.tls.PemFiles;
import org.postern.tls.PemPair;
import org.postern.tls.TlsConfigurationException;

/// What a configuration would do, as clients see it, and what is wrong with it. Starts and changes nothing. Mail
/// domains stand in the store: a running server is asked for them, without one they are not known.
final class ConfigurationCheck {
    private static final int MAIL_BETWEEN_SERVERS = 25;

    private final List<Answer.Problem> problems = new ArrayList<>();

    private ConfigurationCheck() {}

    /// @param environment as [ConfigurationReader#read]
    static Answer.Check of(Path file, Map<String, String> environment) {
        return new ConfigurationCheck().check(file, environment);
    }

    private Answer.Check check(Path file, Map<String, String> environment) {
        Configuration configuration;
        try {
            configuration = ConfigurationReader.read(file, environment);
        } catch (ConfigurationException unusable) {
            unusable.problems().forEach(this::error);
            return new Answer.Check(
                    file.toString(), problems, Optional.empty(), List.of(), List.of(), Optional.empty());
        }
        checkDataDirectory(configuration.dataDirectory());
        configuration.listeners().forEach(this::checkPort);
        List<Kept> served = served(configuration);
        CertificateLint lint =
                new CertificateLint(CertificateLint.runtimeAnchors(), authority(configuration), Instant.now());
        served.forEach(each -> check(each, lint));
        checkHost(configuration, served);
        try {
            ClientCertificateLogins.read(configuration);
        } catch (TlsConfigurationException unusable) {
            error(String.valueOf(unusable.getMessage()));
        }
        configuration.dns().tlsa().forEach(form -> form.caveat().ifPresent(caveat -> warn("dns.tlsa: " + caveat)));
        Optional<List<Answer.CheckedName>> domains = runningDomains(configuration.dataDirectory())
                .map(present -> present.stream()
                        .map(domain -> checked(domain, configuration, served, lint))
                        .toList());
        return new Answer.Check(
                file.toString(),
                problems,
                Optional.of(configuration.host()),
                configuration.listeners().stream()
                        .map(ConfigurationCheck::answer)
                        .toList(),
                served.stream()
                        .map(each -> CertificateManagement.answer(each.served(), each.source(), lint.of(each.served())))
                        .toList(),
                domains);
    }

    private void error(String text) {
        problems.add(new Answer.Problem(Answer.Severity.ERROR, text));
    }

    private void warn(String text) {
        problems.add(new Answer.Problem(Answer.Severity.WARNING, text));
    }

    private static Answer.Listener answer(Listener listener) {
        String service = listener.service().serviceName();
        String security = ServerManagement.security(listener.service());
        return switch (listener.endpoint()) {
            case Endpoint.Port port ->
                new Answer.Listener(
                        service,
                        port.address().getAddress().getHostAddress(),
                        port.address().getPort(),
                        security);
            case Endpoint.UnixSocket socket ->
                new Answer.Listener(service, socket.path().toString(), 0, security);
        };
    }

    /// Port 25 is for mail between servers.
    private void checkPort(Listener listener) {
        if (!(listener.endpoint() instanceof Endpoint.Port port)
                || port.address().getPort() != MAIL_BETWEEN_SERVERS) {
            return;
        }
        String name = "listeners." + listener.service().serviceName();
        switch (listener.service().kind) {
            case LMTP -> {} // no start
            // R8314-22; ST-20, RFC 3207 §4: who serves the world must not demand TLS
            case SUBMISSION ->
                warn(name + ".port is 25, where other servers bring mail for your domains: they would be refused, for"
                        + " nobody sends here without TLS and a login. Leave 25 to a server for incoming mail, and have"
                        + " users submit on 465");
            case IMAP, POP3 -> warn(name + ".port is 25, where servers expect SMTP");
        }
    }

    private void checkDataDirectory(Path directory) {
        if (Files.exists(directory)) {
            try {
                DataDirectory.requireOurs(directory);
            } catch (StartException unusable) {
                error(String.valueOf(unusable.getMessage()));
            } catch (IOException e) {
                error("cannot use the data directory " + directory + ": " + e);
            }
        }
    }

    /// Those that can be used.
    private List<Kept> served(Configuration configuration) {
        List<Kept> served = new ArrayList<>();
        inDirectory(installed(configuration), served);
        switch (configuration.certificates()) {
            case Certificates.Files files -> {
                for (Certificates.Pair pair : files.pairs()) {
                    try {
                        served.add(new Kept(
                                CertificateKeeper.load(pair),
                                pair.files().chain().toString()));
                    } catch (TlsConfigurationException unusable) {
                        error(String.valueOf(unusable.getMessage()));
                    }
                }
                files.directories().forEach(each -> inDirectory(each, served));
            }
            case Certificates.Acme acme ->
                acme.settings().keys().stream()
                        .map(kind -> AcmeCertificates.file(
                                configuration.dataDirectory().resolve("tls/acme"), kind))
                        .filter(Files::exists)
                        .forEach(file -> {
                            try {
                                served.add(new Kept(PemFiles.load(file, file), "acme"));
                            } catch (TlsConfigurationException unusable) {
                                warn(unusable.getMessage() + "; another is ordered by ACME");
                            }
                        });
            case Certificates.OwnAuthority _ -> {
                Path file = configuration.dataDirectory().resolve("tls/server.pem");
                try {
                    if (Files.exists(file)) {
                        served.add(new Kept(PemFiles.load(file, file), "own-authority"));
                    }
                } catch (TlsConfigurationException | UncheckedIOException unusable) {
                    warn("what the own authority issued cannot be read, the next start issues anew: "
                            + unusable.getMessage());
                }
            }
        }
        return served;
    }

    /// What cannot be used is left out by the server as well: it stops no start.
    private void inDirectory(Path directory, List<Kept> served) {
        if (directory.endsWith("installed") && !Files.exists(directory)) {
            return; // nothing was installed yet
        }
        try {
            for (PemPair pair : PemDirectory.pairs(directory)) {
                try {
                    served.add(new Kept(pair.load(), pair.chain().toString()));
                } catch (TlsConfigurationException unusable) {
                    warn(unusable.getMessage() + "; it would not be served");
                }
            }
        } catch (TlsConfigurationException unusable) {
            error(String.valueOf(unusable.getMessage()));
        }
    }

    private static Path installed(Configuration configuration) {
        return new InstalledCertificates(configuration.dataDirectory().resolve("tls")).directory();
    }

    private static Optional<X509Certificate> authority(Configuration configuration) {
        Path file = configuration.dataDirectory().resolve("tls/ca.pem");
        try {
            return configuration.certificates() instanceof Certificates.OwnAuthority && Files.exists(file)
                    ? Optional.of(PemFiles.certificate(file))
                    : Optional.empty();
        } catch (TlsConfigurationException unusable) {
            return Optional.empty(); // told of with what it issued
        }
    }

    private void check(Kept kept, CertificateLint lint) {
        boolean early = kept.served().leaf().getNotBefore().toInstant().isAfter(Instant.now());
        for (CertificateFinding finding : lint.of(kept.served())) {
            String text = "the certificate for " + finding.subject() + ": " + finding.text();
            switch (finding.state()) {
                case OK, NOT_AVAILABLE -> {}
                case WRONG -> {
                    if (early && finding.check() == CertificateFinding.Check.TERM) {
                        error(text);
                    } else {
                        warn(text);
                    }
                }
            }
        }
    }

    /// Certificates of the own authority follow the configuration at the next start.
    private void checkHost(Configuration configuration, List<Kept> served) {
        if (configuration.certificates() instanceof Certificates.Files
                && !served.isEmpty()
                && !covers(served, configuration.host())) {
            error("no certificate is for server.host, " + configuration.host() + ": clients would refuse each of them");
        }
    }

    private static boolean covers(List<Kept> served, String name) {
        return served.stream()
                .anyMatch(each -> PresentedIdentifiers.of(each.served().leaf()).coversDnsName(name));
    }

    /// A client that found the host by a domain's SRV records checks for the domain (RFC 6186 §6): its SRV-ID or
    /// DNS-ID.
    private Answer.CheckedName checked(
            Answer.Domain domain, Configuration configuration, List<Kept> served, CertificateLint lint) {
        var wanted = new CertificateNames(
                List.of(), List.of(), List.of(domain.domain()), CertificateKeeper.services(configuration));
        List<CertificateFinding> findings =
                lint.coverage(served.stream().map(Kept::served).toList(), wanted);
        boolean named = findings.stream().anyMatch(finding -> finding.state() == CertificateFinding.State.OK);
        if (named) {
            findings.stream()
                    .filter(finding -> finding.check() == CertificateFinding.Check.SRV_ID
                            && finding.state() == CertificateFinding.State.WRONG)
                    .forEach(finding ->
                            warn("the SRV-IDs of the mail domain " + domain.unicode() + ": " + finding.text()));
        }
        if (!named) {
            warn("no certificate is for the mail domain " + domain.unicode()
                    + ": clients that find this server by its SRV records may refuse it");
        }
        if (!domain.postmaster()) {
            warn("nobody gets mail for postmaster@" + domain.unicode() + ": postern alias add postmaster@"
                    + domain.unicode() + " ACCOUNT");
        }
        return new Answer.CheckedName(domain.domain(), named, domain.postmaster());
    }

    private static Optional<List<Answer.Domain>> runningDomains(Path dataDirectory) {
        try {
            var answer = ControlClient.ask(
                    dataDirectory.resolve(ControlSocket.FILE), new Request.Domain.List(), new byte[0], Progress.NONE);
            return Optional.of(
                    Json.MAPPER.treeToValue(answer, Answer.Domains.class).domains());
        } catch (IOException | RequestRefused noServer) {
            return Optional.empty();
        }
    }
}
