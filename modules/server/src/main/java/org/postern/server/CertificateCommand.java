package org.postern.server;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
        name = "certificate",
        description = "Certificates: what clients are shown.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND")
final class CertificateCommand {
    @Command(description = "Lists what is served, with fingerprints.", mixinStandardHelpOptions = true)
    int list(@Mixin RunningServer server) {
        return server.ask(
                new Request.Certificate.List(), Answer.Certificates.class, answer -> text(answer.certificates()));
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
            text.append("valid       ")
                    .append(Units.time(certificate.begins()))
                    .append(" to ")
                    .append(Units.time(certificate.ends()))
                    .append('\n');
            text.append("key         ").append(certificate.keyType()).append('\n');
            text.append("SHA-256     ").append(certificate.sha256()).append('\n');
            text.append("of the key  ").append(certificate.keySha256()).append('\n');
        }
        return text.toString();
    }
}
