package org.postern.server;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "certificate",
        description = "Certificates: what clients are shown, and how others come.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND")
final class CertificateCommand {
    /// No chain of certificates comes near it.
    private static final int MOST_PEM = 48 << 10; // octets

    @Command(
            description = "Lists what is served, the default first, with fingerprints and what is wrong.",
            mixinStandardHelpOptions = true)
    int list(@Mixin RunningServer server) {
        return server.ask(new Request.Certificate.List(), Answer.Certificates.class, CertificateCommand::listed);
    }

    @Command(
            description = "Says everything about one: chain, what was checked, and whether the names of this server are"
                    + " covered.",
            mixinStandardHelpOptions = true)
    int show(
            @Mixin RunningServer server,
            @Parameters(
                            paramLabel = "NAME",
                            description = "a name that clients ask for, or the beginning of a SHA-256 fingerprint")
                    String name) {
        return server.ask(
                new Request.Certificate.Show(name),
                Answer.CertificateDetails.class,
                answer -> text(List.of(answer.certificate())) + findings(answer.findings()) + chain(answer.chain()));
    }

    @Command(
            description = {
                "Makes a key, which stays in the server's data directory, and prints a request for an authority (PKCS"
                        + " #10): a DNS-ID for each host and mail domain, an SRV-ID for each service of each mail domain.",
                "Bring what the authority answers with certificate install."
            },
            mixinStandardHelpOptions = true)
    int csr(
            @Mixin RunningServer server,
            @Option(
                            names = "--host",
                            paramLabel = "NAME",
                            description = "a host, in place of the server's own (repeat)")
                    @Nullable
                    List<String> hosts,
            @Option(names = "--domain", paramLabel = "DOMAIN", description = "a mail domain, in place of all (repeat)")
                    @Nullable
                    List<String> domains,
            @Option(names = "--no-domains", description = "no mail domains") boolean noDomains,
            @Option(names = "--no-services", description = "no SRV-IDs: public authorities refuse them")
                    boolean noServices,
            @Option(
                            names = "--key-type",
                            paramLabel = "TYPE",
                            defaultValue = "ec",
                            description = "ec (P-256) or rsa (2048 bits) (default: ec)")
                    String keyType) {
        var request = new Request.Certificate.Csr(
                Optional.ofNullable(hosts),
                noDomains ? Optional.of(List.of()) : Optional.ofNullable(domains),
                !noServices,
                keyType);
        return server.ask(request, Answer.SigningRequest.class, Answer.SigningRequest::pem);
    }

    @Command(
            description = {
                "Serves a certificate from now on, in place of any other of its names, after looking at it as a start would.",
                "The key is that of a request that was made here, or --key brings it."
            },
            mixinStandardHelpOptions = true)
    int install(
            @Mixin RunningServer server,
            @Parameters(
                            paramLabel = "CHAIN",
                            description = "the certificates in PEM, the server's own first; - for standard input")
                    String chain,
            @Option(names = "--key", paramLabel = "FILE", description = "its private key in PEM, not encrypted")
                    @Nullable
                    Path key)
            throws IOException {
        String pem = chain.equals("-")
                ? new String(System.in.readNBytes(MOST_PEM), StandardCharsets.ISO_8859_1)
                : read(Path.of(chain));
        byte[] secret = key == null ? new byte[0] : read(key).getBytes(StandardCharsets.ISO_8859_1);
        return server.ask(
                new Request.Certificate.Install(pem),
                secret,
                Answer.InstalledCertificate.class,
                answer -> "installed as " + answer.file() + "\n"
                        + (answer.waits()
                                ? "it waits until caches know its key, and is served then: see postern dns rollover\n"
                                : "")
                        + text(List.of(answer.certificate()))
                        + findings(answer.findings()));
    }

    private static String read(Path file) throws IOException {
        if (Files.size(file) > MOST_PEM) {
            throw new IOException(file + " is too long for a chain of certificates or a key");
        }
        return Files.readString(file, StandardCharsets.ISO_8859_1);
    }

    @Command(
            description = "Takes an installed certificate away; what else is there for its names is served again.",
            mixinStandardHelpOptions = true)
    int remove(
            @Mixin RunningServer server,
            @Parameters(paramLabel = "FILE", description = "as certificate install named it") String file) {
        return server.ask(new Request.Certificate.Remove(file), Answer.Removed.class, _ -> "removed " + file + "\n");
    }

    @Command(
            description = "Has a new certificate issued now: by the own authority, or by ACME.",
            mixinStandardHelpOptions = true)
    int issue(@Mixin RunningServer server) {
        return server.ask(new Request.Certificate.Issue(), Answer.Certificates.class, CertificateCommand::listed);
    }

    @Command(
            description = "Prints what people compare over another channel, to hang out or to put on a web page that"
                    + " somebody else vouches for.",
            mixinStandardHelpOptions = true)
    int fingerprints(
            @Mixin RunningServer server, @Option(names = "--html", description = "as a web page") boolean html) {
        return server.ask(
                new Request.Certificate.Fingerprints(),
                Answer.Fingerprints.class,
                html ? FingerprintPage::html : FingerprintPage::text);
    }

    @Command(
            description = "Prints the certificate of the own authority in PEM: what clients are given to trust.",
            mixinStandardHelpOptions = true)
    int ca(@Mixin RunningServer server) {
        return server.ask(new Request.Certificate.Ca(), Answer.Authority.class, Answer.Authority::pem);
    }

    private static String listed(Answer.Certificates answer) {
        StringBuilder text = new StringBuilder(text(answer.certificates()));
        if (answer.certificates().isEmpty()) {
            text.append("no certificate is served\n");
        }
        if (!answer.waiting().isEmpty()) {
            text.append("\nWAITS until caches know its key (postern dns rollover):\n")
                    .append(text(answer.waiting()));
        }
        answer.problems()
                .forEach(problem -> text.append(text.isEmpty() ? "" : "\n")
                        .append("problem: ")
                        .append(problem)
                        .append('\n'));
        answer.acme().ifPresent(acme -> {
            text.append("\nACME        ").append(acme.directory()).append('\n');
            acme.nextKeySha256()
                    .forEach(key -> text.append("next key    ").append(key).append('\n'));
            acme.failure()
                    .ifPresent(failure -> text.append("FAILED      ")
                            .append(acme.failures())
                            .append(acme.failures() == 1 ? " time" : " times")
                            .append(", next attempt at ")
                            .append(acme.nextAttempt().map(Units::time).orElse("-"))
                            .append(": ")
                            .append(failure)
                            .append('\n'));
        });
        return text.toString();
    }

    private static String findings(List<Answer.Finding> findings) {
        Table table = new Table("CHECK", "STATE", "OF", "");
        for (Answer.Finding finding : findings) {
            table.row(finding.check(), finding.state(), finding.subject(), finding.text());
        }
        return "\n" + table;
    }

    private static String chain(List<Answer.ChainLink> chain) {
        Table table = new Table("CHAIN", "ENDS", "ISSUER");
        for (Answer.ChainLink link : chain) {
            table.row(link.subject(), Units.time(link.ends()), link.issuer());
        }
        return "\n" + table;
    }

    static String text(List<Answer.Certificate> certificates) {
        StringBuilder text = new StringBuilder();
        for (Answer.Certificate certificate : certificates) {
            text.append(text.isEmpty() ? "" : "\n");
            List<String> names = new ArrayList<>(certificate.dnsNames());
            names.addAll(certificate.addresses());
            text.append("names       ").append(String.join(" ", names)).append('\n');
            if (!certificate.services().isEmpty()) {
                text.append("services    ")
                        .append(String.join(" ", certificate.services()))
                        .append('\n');
            }
            text.append("issuer      ")
                    .append(certificate.selfSigned() ? "itself" : certificate.issuer())
                    .append('\n');
            text.append("from        ").append(certificate.source()).append('\n');
            text.append("valid       ")
                    .append(Units.time(certificate.begins()))
                    .append(" to ")
                    .append(Units.time(certificate.ends()))
                    .append('\n');
            text.append("key         ").append(certificate.keyType()).append('\n');
            text.append("SHA-256     ").append(certificate.sha256()).append('\n');
            text.append("of the key  ").append(certificate.keySha256()).append('\n');
            certificate
                    .wrong()
                    .forEach(wrong -> text.append("WRONG       ").append(wrong).append('\n'));
        }
        return text.toString();
    }
}
