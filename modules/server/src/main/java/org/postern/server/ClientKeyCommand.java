package org.postern.server;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
        name = "client-key",
        description = "Keys of clients' certificates: who has one logs in to the account without a password (SASL"
                + " EXTERNAL).",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND")
final class ClientKeyCommand {
    private static final int MOST_PEM = 48 << 10; // octets

    @Command(
            description = "Registers the key of a certificate, which may be signed by itself: issuer, names and term do"
                    + " not count.",
            mixinStandardHelpOptions = true)
    int add(
            @Mixin RunningServer server,
            @Parameters(paramLabel = "ADDRESS") String address,
            @Parameters(paramLabel = "NAME", description = "the account's own word for it, as laptop") String name,
            @Parameters(paramLabel = "CERTIFICATE", description = "in PEM; no private key is needed") Path certificate)
            throws IOException {
        if (Files.size(certificate) > MOST_PEM) {
            throw new IOException(certificate + " is too long for a certificate");
        }
        String pem = Files.readString(certificate, StandardCharsets.ISO_8859_1);
        int from = Math.max(pem.indexOf("-----BEGIN CERTIFICATE-----"), 0); // a private key before it stays here
        int to = pem.indexOf("-----END CERTIFICATE-----", from);
        if (to < 0) {
            throw new IOException(certificate + " holds no certificate (-----BEGIN CERTIFICATE-----)");
        }
        return server.ask(
                new Request.ClientKey.Add(address, name, pem.substring(from, to) + "-----END CERTIFICATE-----\n"),
                Answer.ClientKeys.class,
                ClientKeyCommand::text);
    }

    @Command(description = "Removes one; the account's sessions end.", mixinStandardHelpOptions = true)
    int remove(
            @Mixin RunningServer server,
            @Parameters(paramLabel = "ADDRESS") String address,
            @Parameters(paramLabel = "NAME") String name) {
        return server.ask(
                new Request.ClientKey.Remove(address, name),
                Answer.Removed.class,
                _ -> "removed the client key " + name + " of " + address + "; the account's sessions were ended\n");
    }

    @Command(description = "Lists those of an account.", mixinStandardHelpOptions = true)
    int list(@Mixin RunningServer server, @Parameters(paramLabel = "ADDRESS") String address) {
        return server.ask(new Request.ClientKey.List(address), Answer.ClientKeys.class, ClientKeyCommand::text);
    }

    private static String text(Answer.ClientKeys answer) {
        Table table = new Table("NAME", "REGISTERED", "SHA-256 OF THE KEY");
        for (Answer.ClientKey key : answer.clientKeys()) {
            table.row(key.name(), Units.time(key.registered()), key.keySha256());
        }
        return answer.clientKeys().isEmpty() ? "no client key\n" : table.toString();
    }
}
