package org.postern.session;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.postern.session.ListenerSettings.Security;
import org.postern.testkit.Programs;
import org.postern.testkit.Requirement;
import org.postern.testkit.TestCertificate;
import org.postern.tls.RetiredVersions;
import org.postern.tls.TlsEngine;
import org.postern.tls.TlsPolicy;
import org.postern.tls.TlsSettings;

/// Clients of TLS 1.0 and 1.1 are told why they are turned away, where the configuration says so; not a word of
/// theirs is read.
class RetiredVersionsTest {
    /// A server in a process of its own: the JDK's engine looks once in a process whether it has the old versions at
    /// all.
    public static void main(String[] arguments) throws IOException {
        TlsPolicy.enableRetiredVersions();
        try (var server = new WordsServer(
                new TlsSettings(TlsEngine.JDK, RetiredVersions.EXPLAIN), TestCertificate.forLocalhost())) {
            System.out.println("port "
                    + server.open(Security.IMPLICIT_TLS, WordsServer.PATIENT).getPort());
            System.in.read(); // until the test is done
        }
    }

    private static String connect(int port, String... more) throws IOException, InterruptedException {
        Programs.require("openssl");
        var command = new java.util.ArrayList<>(
                List.of("timeout", "60", "openssl", "s_client", "-connect", "127.0.0.1:" + port, "-crlf", "-ign_eof"));
        command.addAll(List.of(more));
        Process client = new ProcessBuilder(command).redirectErrorStream(true).start();
        try (var stdin = client.getOutputStream()) {
            stdin.write("login\nquit\n".getBytes(US_ASCII));
        } catch (IOException gone) {
            assertThat(client.isAlive()).isFalse();
        }
        String output = new String(client.getInputStream().readAllBytes(), US_ASCII);
        client.waitFor();
        return output;
    }

    private static void checkAll(int port) throws Exception {
        for (String old : List.of("-tls1", "-tls1_1")) {
            assertThat(connect(port, old, "-cipher", "ALL:@SECLEVEL=0"))
                    .contains("Cipher is ECDHE-ECDSA-AES", "bye TLS_RETIRED")
                    .doesNotContain("hello", "welcome", "no\r\n");
        }
        // a suite that is retired is so under any version
        assertThat(connect(port, "-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"))
                .contains("bye TLS_RETIRED")
                .doesNotContain("hello", "welcome");
        for (String now : List.of("-tls1_2", "-tls1_3")) {
            assertThat(connect(port, now)).contains("hello", "welcome", "goodbye");
        }
    }

    @Test
    @Requirement({"R8314-37", "ST-22"})
    void theJdkExplains() throws Exception {
        Process server = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        RetiredVersionsTest.class.getName())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (var output = new BufferedReader(new InputStreamReader(server.getInputStream(), US_ASCII))) {
            String line = output.readLine();
            while (line != null && !line.startsWith("port ")) { // the log comes first
                line = output.readLine();
            }
            assertThat(line).isNotNull();
            checkAll(Integer.parseInt(line.substring("port ".length())));
        } finally {
            server.destroy();
        }
    }

    @Test
    @Requirement({"R8314-37", "ST-22"})
    void boringSslExplains() throws Exception {
        try (var server = new WordsServer(
                new TlsSettings(TlsEngine.BORINGSSL, RetiredVersions.EXPLAIN), TestCertificate.forLocalhost())) {
            checkAll(server.open(Security.IMPLICIT_TLS, WordsServer.PATIENT).getPort());
            SessionRecord told = server.nextRecord();
            assertThat(told.end()).isEqualTo(EndReason.TLS_RETIRED);
            assertThat(told.tls().orElseThrow().version()).isEqualTo("TLSv1");
            assertThat(told.commands()).isZero(); // what came with the client's Finished has arrived, and was not read
        }
    }
}
