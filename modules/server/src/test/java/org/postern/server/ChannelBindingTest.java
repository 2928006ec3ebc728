package org.postern.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.postern.server.ServerFixture.ALICE;
import static org.postern.server.ServerFixture.PASSWORD;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.postern.server.Configuration.Service;
import org.postern.testkit.Pem;
import org.postern.testkit.Programs;
import org.postern.testkit.Requirement;
import org.postern.testkit.TestCertificate;

/// A login that is bound to its TLS connection (SCRAM-SHA-256-PLUS), with an independent client: it works, and it does
/// not work through anybody who sits in between, whatever certificate he holds.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ChannelBindingTest {
    private static final String PLUS = "SCRAM-SHA-256-PLUS";
    private static final String BOUND = "Client authentication finished (server trusted)";

    private Path directory;
    private ServerFixture fixture;

    @BeforeAll
    void start(@TempDir Path ofClass) {
        directory = ofClass;
        fixture = new ServerFixture(directory);
    }

    @AfterAll
    void stop() {
        fixture.close();
    }

    private record Result(int code, String output) {}

    private static Result gsasl(boolean imap, int port, Path trusted, String... more)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                "timeout",
                "60",
                "gsasl",
                imap ? "--imap" : "--smtp",
                "--starttls",
                "--x509-ca-file=" + trusted,
                "--connect=localhost:" + port,
                "--authentication-id=" + ALICE,
                "--authorization-id=" + ALICE,
                "--password=" + PASSWORD));
        command.addAll(List.of(more));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), ISO_8859_1);
        return new Result(process.waitFor(), output);
    }

    private static Path pem(Path file, TestCertificate certificate) throws Exception {
        return Files.writeString(file, Pem.of(certificate.certificate()));
    }

    @Test
    @Requirement("TLS-11")
    void gsaslBindsItsLoginToTheConnection() throws Exception {
        Programs.require("gsasl");
        for (Service service : List.of(Service.IMAP, Service.SUBMISSION)) {
            Result bound =
                    gsasl(service == Service.IMAP, fixture.port(service), fixture.authority, "--mechanism=" + PLUS);
            assertThat(bound.output()).contains(PLUS, BOUND);
            assertThat(bound.code()).as(bound.output()).isZero();
        }
    }

    /// Without PLUS the password is safe, but everything after the login is not: that is what PLUS is for.
    @Test
    @Requirement("TLS-11")
    void nobodyInBetweenCanPassABoundLoginOn() throws Exception {
        Programs.require("gsasl");
        TestCertificate rogue = TestCertificate.forLocalhost();
        Path trusted = pem(directory.resolve("rogue.pem"), rogue);
        try (var between = new InterceptingProxy(fixture.address(Service.IMAP), fixture.trust(), rogue, line -> line)) {
            Result bound = gsasl(true, between.port(), trusted, "--mechanism=" + PLUS);
            assertThat(bound.output()).contains("Login failed").doesNotContain(BOUND);
            assertThat(bound.code()).isNotZero();
            Result unbound = gsasl(true, between.port(), trusted, "--mechanism=SCRAM-SHA-256", "--no-cb");
            assertThat(unbound.output()).contains(BOUND); // so it was the binding that failed, not the proxy
        }
    }

    /// This client sees it by itself; that the server sees it too is in the transcripts.
    @Test
    @Requirement("TLS-11")
    void whoTakesPlusOutOfTheListGetsNoLogin() throws Exception {
        Programs.require("gsasl");
        TestCertificate rogue = TestCertificate.forLocalhost();
        Path trusted = pem(directory.resolve("stripped.pem"), rogue);
        try (var between = new InterceptingProxy(
                fixture.address(Service.IMAP), fixture.trust(), rogue, line -> line.replace(" AUTH=" + PLUS, ""))) {
            Result misled = gsasl(true, between.port(), trusted, "--mechanism=SCRAM-SHA-256");
            assertThat(misled.output()).contains("AUTH=SCRAM-SHA-256 ").doesNotContain(PLUS, BOUND);
            assertThat(misled.code()).isNotZero();
        }
    }
}
