package org.postern.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.server.Configuration.Service;
import org.postern.testkit.PebbleServer;
import tools.jackson.databind.JsonNode;

/// A server whose certificates come from Pebble.
class AcmeTest {
    @TempDir
    Path directory;

    private String settings(PebbleServer pebble, String more) {
        return """
                tls { certificates = acme, acme {
                  directory = "%s", trust = "%s", agree-to-terms = true, contacts = ["mailto:postmaster@example.test"]
                  http { address = "127.0.0.1", port = %d }, tls-alpn { address = "127.0.0.1", port = %d }
                  mail-domains = true
                  %s
                } }
                """.formatted(pebble.directory(), pebble.trust(), pebble.httpPort(), pebble.tlsPort(), more);
    }

    @Test
    void certificatesComeAndStayWhenTheAuthorityIsDown() throws Exception {
        ProgramRunner programs = new ProgramRunner(directory);
        PebbleServer pebble = new PebbleServer(directory, Map.of(), false);
        try (pebble;
                ConfiguredServer server = new ConfiguredServer(directory, settings(pebble, ""))) {
            // the first, and then one with the mail domain that was added
            ConfiguredServer.await(() -> server.done("certificate", "list").contains("names       example.test")
                    || server.done("certificate", "list").contains("mail.example.test example.test"));
            String shown = shown(programs, server);
            assertThat(shown).contains("Pebble Intermediate", "DNS:mail.example.test", "DNS:example.test");
            server.configure(settings(pebble, "challenge = tls-alpn-01"));
            server.done("reload");
            server.done("certificate", "issue");
            String renewed = shown(programs, server);
            assertThat(renewed).contains("Pebble Intermediate").isNotEqualTo(shown);
            assertThat(server.done("certificate", "show", "mail.example.test"))
                    .containsPattern("srv-id +wrong +example.test"); // Pebble is no public authority

            pebble.close();
            assertThat(server.run("certificate", "issue").err()).contains("the authority at localhost did not do it");
            JsonNode acme = server.run("certificate", "list", "--json").json().get("acme");
            assertThat(acme.get("failures").intValue()).isEqualTo(1);
            assertThat(acme.get("nextKeySha256")).hasSize(1);
            assertThat(server.done("certificate", "list")).contains("FAILED      1 time, next attempt at ");
            assertThat(shown(programs, server)).isEqualTo(renewed);
        }
    }

    private static String shown(ProgramRunner programs, ConfiguredServer server) throws Exception {
        String output = programs.run(
                        "a LOGOUT\r\n", "openssl", "s_client", "-connect", "127.0.0.1:" + server.port(Service.IMAPS))
                .output();
        return programs.run(
                        output.substring(output.indexOf("-----BEGIN CERTIFICATE-----")),
                        "openssl",
                        "x509",
                        "-noout",
                        "-text")
                .output();
    }
}
