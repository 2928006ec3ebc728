package org.postern.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.postern.identity.PresentedIdentifiers;
import org.postern.server.Configuration.Certificates;
import org.postern.server.Configuration.Listener;
import org.postern.session.Endpoint;
import org.postern.tls.PemFiles;
import org.postern.tls.ServedCertificate;
import org.postern.tls.TlsConfigurationException;

/// What a configuration would do, as clients see it, and what is wrong with it. Starts and changes nothing. Mail
/// domains
/// stand in the store: a running server is asked for them, without one they are not known.
final class ConfigurationCheck {
    /// An ACME client renews 30 days before the end: with less than this left something is wrong.
    private static final Duration SOON = Duration.ofDays(14);

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
        List<ServedCertificate> served = served(configuration);
        served.forEach(this::checkTerm);
        checkHost(configuration, served);
        Optional<List<Answer.CheckedName>> domains = runningDomains(configuration.dataDirectory())
                .map(present ->
                        present.stream().map(domain -> checked(domain, served)).toList());
        return new Answer.Check(
                file.toString(),
                problems,
                Optional.of(configuration.host()),
                configuration.listeners().stream()
                        .map(ConfigurationCheck::answer)
                        .toList(),
                served.stream().map(CertificateManagement::answer).toList(),
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
    private List<ServedCertificate> served(Configuration configuration) {
        List<ServedCertificate> served = new ArrayList<>();
        switch (configuration.certificates()) {
            case Certificates.Files files -> {
                for (Certificates.Pair pair : files.pairs()) {
                    try {
                        served.addAll(CertificateKeeper.load(List.of(pair)));
                    } catch (TlsConfigurationException unusable) {
                        error(String.valueOf(unusable.getMessage()));
                    }
                }
            }
            case Certificates.OwnAuthority _ -> {
                Path file = configuration.dataDirectory().resolve("tls/server.pem");
                try {
                    if (Files.exists(file)) {
                        served.add(PemFiles.load(file, file));
                    }
                } catch (TlsConfigurationException | UncheckedIOException unusable) {
                    warn("what the own authority issued cannot be read, the next start issues anew: "
                            + unusable.getMessage());
                }
            }
        }
        return served;
    }

    private void checkTerm(ServedCertificate served) {
        Instant now = Instant.now();
        Instant begin = served.leaf().getNotBefore().toInstant();
        Instant end = served.leaf().getNotAfter().toInstant();
        String name = name(served);
        if (begin.isAfter(now)) {
            error("the certificate for " + name + " is valid from " + begin + " only");
        }
        if (end.isBefore(now.plus(SOON))) {
            warn("the certificate for " + name + " ends at " + end + ": renew it");
        }
        if (CertificateManagement.answer(served).selfSigned()) {
            warn("the certificate for " + name
                    + " is signed by itself: clients refuse it unless each is told to trust it");
        }
    }

    private static String name(ServedCertificate served) {
        List<String> names = CertificateManagement.answer(served).dnsNames();
        return names.isEmpty() ? served.leaf().getSubjectX500Principal().getName() : names.getFirst();
    }

    /// Certificates of the own authority follow the configuration at the next start.
    private void checkHost(Configuration configuration, List<ServedCertificate> served) {
        if (configuration.certificates() instanceof Certificates.Files
                && !served.isEmpty()
                && !covers(served, configuration.host())) {
            error("no certificate is for server.host, " + configuration.host() + ": clients would refuse each of them");
        }
    }

    private static boolean covers(List<ServedCertificate> served, String name) {
        return served.stream()
                .anyMatch(each -> PresentedIdentifiers.of(each.leaf()).coversDnsName(name));
    }

    /// A client that found the host by a domain's SRV records checks for the domain (RFC 6186 §6): its SRV-ID or
    /// DNS-ID.
    private Answer.CheckedName checked(Answer.Domain domain, List<ServedCertificate> served) {
        boolean named = covers(served, domain.domain())
                || served.stream()
                        .anyMatch(each -> CertificateManagement.answer(each).services().stream()
                                .anyMatch(service -> service.endsWith("." + domain.domain())));
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
