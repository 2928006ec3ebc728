package org.postern.nameserver;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.nameserver.ZoneSettings.Algorithm;
import org.postern.nameserver.ZoneSettings.Denial;
import org.postern.nameserver.ZoneSettings.KeyScheme;
import org.postern.testkit.Programs;

/// The programs that people look with: dig and kdig see a server that behaves.
class DigTest {
    private static final String KEY = "hmac-sha256:transfer.example.org:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

    @TempDir
    Path directory;

    private int port;

    /// What it says, whatever its exit code.
    private String ask(String program, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(
                List.of(Programs.requireAnywhere(program).toString(), "@127.0.0.1", "-p", Integer.toString(port)));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String text = new String(process.getInputStream().readAllBytes(), UTF_8);
        process.waitFor();
        return text;
    }

    @Test
    void seeWhatTheyShould() throws Exception {
        ZoneSettings zone = TestZones.with(
                TestZones.settings(
                        Algorithm.ECDSA_P256,
                        Denial.NSEC3,
                        KeyScheme.CSK,
                        Optional.of(TestZones.records(directory, TestZones.RECORDS))),
                List.of(new ZoneSettings.Secondary(Optional.empty(), TestZones.key("transfer.example.org"))));
        try (NameServer server = TestZones.serve(directory, zone)) {
            port = server.addresses().getFirst().getPort();
            for (String program : List.of("dig", "kdig")) {
                assertThat(ask(program, "mail.example.org", "A", "+dnssec"))
                        .as(program)
                        .contains("NOERROR", "192.0.2.1", "RRSIG")
                        .containsPattern("[Ff]lags: qr aa rd;");
                assertThat(ask(program, "nowhere.example.org", "A", "+dnssec"))
                        .as(program)
                        .contains("NXDOMAIN", "NSEC3");
                assertThat(ask(program, "example.com", "A")).as(program).contains("REFUSED");
                assertThat(ask(program, "example.org", "ANY", "+notcp"))
                        .as("%s: one set", program)
                        .containsPattern("ANSWER: 1;|ANSWER: 1,");
                assertThat(ask(program, "example.org", "AXFR")).as(program).doesNotContain("192.0.2.1");
                assertThat(ask(program, "-y", KEY, "example.org", "AXFR"))
                        .as(program)
                        .contains("192.0.2.1", "NSEC3PARAM", "TSIG");
                assertThat(ask(program, "-y", KEY.replace("MDEy", "MDEz"), "example.org", "AXFR"))
                        .as("%s: another secret", program)
                        .doesNotContain("192.0.2.1");
                assertThat(ask(program, "example.org", "SOA", "+cookie", "+tcp"))
                        .as(program)
                        .contains("NOERROR", "COOKIE");
            }
            assertThat(ask("dig", "+qr", "example.org", "SOA", "+edns=7", "+noednsneg"))
                    .contains("BADVERS");
            assertThat(ask("dig", "CH", "TXT", "version.bind")).contains("REFUSED");
            assertThat(ask("dig", "+opcode=notify", "example.org", "SOA")).contains("NOTIMP");
            Path batch =
                    Files.writeString(directory.resolve("batch"), "mail.example.org A +tcp +keepopen\n".repeat(20));
            assertThat(ask("dig", "-f", batch.toString()).split("status: NOERROR", -1))
                    .hasSize(21);
        }
    }
}
