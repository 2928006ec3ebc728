package org.postern.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.testkit.WireClient;

/// The README's first command, as a process of its own.
class QuickstartTest {
    @TempDir
    Path temporary;

    @Test
    void itTellsProgramsAndPeopleWhereEverythingIs() throws Exception {
        Path data = temporary.resolve("data");
        try (QuickstartProcess first = QuickstartProcess.start(data)) {
            Map<String, String> values = first.environment();
            assertThat(values)
                    .containsKeys(
                            "POSTERN_DOMAIN",
                            "POSTERN_HOST",
                            "POSTERN_PID",
                            "POSTERN_CA_FILE",
                            "POSTERN_USER1",
                            "POSTERN_PASSWORD1",
                            "POSTERN_USER2",
                            "POSTERN_PASSWORD2",
                            "POSTERN_IMAP_PORT",
                            "POSTERN_IMAPS_PORT",
                            "POSTERN_POP3_PORT",
                            "POSTERN_POP3S_PORT",
                            "POSTERN_SUBMISSION_PORT",
                            "POSTERN_SUBMISSIONS_PORT",
                            "POSTERN_METRICS_PORT",
                            "POSTERN_DNS_PORT",
                            "POSTERN_TRUST_ANCHOR_FILE",
                            "POSTERN_DELV_ANCHOR_FILE")
                    .containsEntry("POSTERN_PID", Long.toString(first.process.pid()))
                    .containsEntry("POSTERN_USER1", "alice@example.test")
                    .containsEntry("POSTERN_USER2", "bob@example.test");
            assertThat(permissions(data.resolve("quickstart.env"))).isEqualTo("rw-------");
            assertThat(permissions(data)).isEqualTo("rwx------");
            assertThat(String.join("\n", first.output))
                    .contains("alice@example.test", values.get("POSTERN_PASSWORD1"), values.get("POSTERN_IMAPS_PORT"));
            // shell syntax, whatever the path
            Process shell = new ProcessBuilder(
                            "sh",
                            "-c",
                            ". \"$1\"; echo \"$POSTERN_USER1 $POSTERN_CA_FILE\"",
                            "sh",
                            data.resolve("quickstart.env").toString())
                    .start();
            assertThat(new String(shell.getInputStream().readAllBytes(), UTF_8))
                    .isEqualTo("alice@example.test " + data.resolve("tls/ca.pem") + "\n");
            // sample messages, for both
            for (int user = 1; user <= 2; user++) {
                try (WireClient imap = first.imap(user)) {
                    assertThat(imap.command("s SELECT INBOX", "s OK")).contains("* 3 EXISTS");
                }
            }
            assertItsNamesAreAsAStrictClientWantsThem(values);
            assertThat(first.stop()).isZero();
            assertThat(data.resolve("quickstart.env")).doesNotExist();
            assertThat(data.resolve("control.sock")).doesNotExist();

            // the same passwords, other ports, further accounts
            try (QuickstartProcess second = QuickstartProcess.start(data, "--accounts", "bob,carol")) {
                Map<String, String> again = second.environment();
                assertThat(again)
                        .containsEntry("POSTERN_USER1", "bob@example.test")
                        .containsEntry("POSTERN_PASSWORD1", values.get("POSTERN_PASSWORD2"))
                        .containsEntry("POSTERN_USER2", "carol@example.test");
                try (WireClient imap = second.imap(1)) {
                    assertThat(imap.command("s SELECT INBOX", "s OK")).contains("* 3 EXISTS");
                }
                try (WireClient imap = second.imap(2)) {
                    assertThat(imap.command("s SELECT INBOX", "s OK")).contains("* 3 EXISTS");
                }

                // one process for each directory
                QuickstartProcess third = QuickstartProcess.launch(data, List.of("--port-offset", "31000"));
                assertThat(third.readAll()).contains("is in use by process " + second.process.pid());
                assertThat(third.process.waitFor()).isEqualTo(Main.FAILED);
                assertThat(second.environment()).isEqualTo(again);
                second.stop();
            }
            QuickstartProcess otherDomain =
                    QuickstartProcess.launch(data, List.of("--domain", "other.test", "--port-offset", "31000"));
            assertThat(otherDomain.readAll()).contains("belongs to the domain example.test");
            assertThat(otherDomain.process.waitFor()).isEqualTo(Main.FAILED);
        }
    }

    /// Its own signed zone leads to every service, and vouches for the key.
    private static void assertItsNamesAreAsAStrictClientWantsThem(Map<String, String> values) {
        CommandRun audit = CommandRun.of(
                "audit",
                values.get("POSTERN_DOMAIN"),
                "--resolver",
                "127.0.0.1:" + values.get("POSTERN_DNS_PORT"),
                "--trust-anchor",
                values.get("POSTERN_TRUST_ANCHOR_FILE"),
                "--authority",
                values.get("POSTERN_CA_FILE"),
                "--allow-private",
                "--json");
        assertThat(audit.code()).as("%s", audit).isZero();
        assertThat(audit.out()).contains(values.get("POSTERN_IMAPS_PORT"), values.get("POSTERN_SUBMISSION_PORT"));
    }

    @Test
    void itListensWhereItIsToldButForWhatAsksNoPassword() throws Exception {
        try (QuickstartProcess server = QuickstartProcess.start(temporary.resolve("data"), "--addresses", "0.0.0.0")) {
            String said = String.join("\n", server.output);
            assertThat(said).contains("imaps listens on 0.0.0.0 port", "submission listens on 0.0.0.0 port");
            assertThat(said).contains("lmtp listens on 127.0.0.1 port", "metrics listens on 127.0.0.1 port");
            assertThat(said).doesNotContain("lmtp listens on 0.0.0.0");
        }
        QuickstartProcess name = QuickstartProcess.launch(temporary.resolve("x"), List.of("--addresses", "localhost"));
        assertThat(name.readAll()).contains("'localhost' is no IPv4 or IPv6 address");
        assertThat(name.process.waitFor()).isEqualTo(Main.USAGE);
    }

    @Test
    void aTakenPortIsNamedAndNothingStays() throws Exception {
        try (QuickstartProcess first = QuickstartProcess.start(temporary.resolve("one"))) {
            String port = first.environment().get("POSTERN_IMAPS_PORT");
            int offset = Integer.parseInt(port) - 993;
            QuickstartProcess second =
                    QuickstartProcess.launch(temporary.resolve("two"), List.of("--port-offset", "" + offset));
            assertThat(second.readAll())
                    .contains("metrics: cannot listen on 127.0.0.1 port " + (9090 + offset) + ": another program");
            assertThat(second.process.waitFor()).isEqualTo(Main.FAILED);
            assertThat(temporary.resolve("two/quickstart.env")).doesNotExist();
        }
    }

    @Test
    void theCommandLineManagesARunningServer() throws Exception {
        Path data = temporary.resolve("data");
        try (QuickstartProcess server =
                QuickstartProcess.start(data, "--domain", "mail.test", "--accounts", "ann,ben")) {
            assertThat(postern("", "domain", "add", "second.test", "--data", data.toString()))
                    .isEqualTo("0 added domain second.test\n");
            assertThat(postern("geheim-geheim\n", "account", "add", "carl@second.test", "--data", data.toString()))
                    .isEqualTo("0 added account carl@second.test\n");
            assertThat(postern("", "alias", "add", "info@second.test", "carl@second.test", "--data", data.toString()))
                    .startsWith("0 ");
            assertThat(postern("", "alias", "list", "--data", data.toString()))
                    .containsPattern("info@second\\.test +carl@second\\.test\n");
            assertThat(postern("", "account", "list", "--data", data.toString()))
                    .containsPattern("ann@mail\\.test +enabled +3 ")
                    .containsPattern("carl@second\\.test +enabled +0 ");
            assertThat(postern("", "status", "--data", data.toString()))
                    .containsPattern("process +" + server.process.pid() + ",")
                    .containsPattern("store +accepts changes\n");

            try (WireClient carl = WireClient.implicitTls(server.address("POSTERN_IMAPS_PORT"), server.trust())) {
                carl.readLine();
                carl.command("l LOGIN carl@second.test geheim-geheim", "l OK");
                carl.command("s SELECT INBOX", "s OK");
                assertThat(postern("", "session", "list", "--data", data.toString()))
                        .contains("imaps", "after-login", "TLSv1.3", "carl@second.test");
                // a changed password ends the session
                assertThat(postern(
                                "neu-neu-neu\n", "account", "password", "carl@second.test", "--data", data.toString()))
                        .startsWith("0 ");
                assertThat(carl.readLine()).startsWith("* BYE [UNAVAILABLE]");
                assertThat(carl.readLine()).isNull();
            }
            assertThat(postern("", "account", "remove", "nobody@mail.test", "--data", data.toString()))
                    .isEqualTo("1 postern: there is no account nobody@mail.test\n");
            assertThat(postern("\n", "account", "add", "empty@mail.test", "--data", data.toString()))
                    .startsWith("1 postern: a password is not empty");
            assertThat(postern("", "account")).startsWith("2 ").contains("Missing required subcommand");
        }
        assertThat(postern("", "status", "--data", data.toString()))
                .startsWith("1 ")
                .contains("does not answer", "is it running");
        assertThat(postern("", "status", "--data", temporary.resolve("none").toString()))
                .startsWith("1 ")
                .contains("no server runs on");
    }

    @Test
    void aConfigurationIsCheckedWithoutStarting() throws Exception {
        Path good = Files.writeString(temporary.resolve("good.conf"), "server.host = mail.example.test\n");
        assertThat(postern("", "check-config", "--config", good.toString()))
                .startsWith("0 ")
                .contains("can be used")
                .containsPattern("imaps +0\\.0\\.0\\.0 +993 +implicit-tls\n");
        Path bad = Files.writeString(temporary.resolve("bad.conf"), "server.host = mail.example.test\nlog.level = x\n");
        assertThat(postern("", "check-config", "--config", bad.toString()))
                .startsWith("4 ")
                .contains(bad + ":2: log.level");
        assertThat(postern("", "serve", "--config", bad.toString()))
                .startsWith("4 ")
                .contains(bad + ":2: log.level");
    }

    /// @return the exit code, a space, and what was said
    private static String postern(String input, String... arguments) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(JavaCommand.of(Main.class, arguments))
                .redirectErrorStream(true)
                .start();
        process.getOutputStream().write(input.getBytes(UTF_8));
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        return process.waitFor() + " " + output;
    }

    private static String permissions(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }
}
