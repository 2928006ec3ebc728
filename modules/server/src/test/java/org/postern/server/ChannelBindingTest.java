package org.postern.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.postern.server.ServerFixture.ALICE;
import static org.postern.server.ServerFixture.PASSWORD;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postern.server.Configuration.Service;
import org.postern.testkit.Pem;
import org.postern.testkit.Programs;
import org.postern.testkit.Requirement;
import org.postern.testkit.TestCertificate;
import org.postern.testkit.WireClient;
import org.postern.tls.RetiredVersions;
import org.postern.tls.TlsEngine;
import org.postern.tls.TlsSettings;

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

    /// What the JDK's engine has beside its exporter, and BoringSSL's alone; gsasl does not know it.
    @ParameterizedTest
    @EnumSource
    @Requirement("TLS-11")
    void aLoginIsBoundToTheCertificate(TlsEngine engine, @TempDir Path own) throws Exception {
        try (ServerFixture server = new ServerFixture(own, new TlsSettings(engine, RetiredVersions.REFUSE))) {
            X509Certificate shown = shown(server.address(Service.IMAPS), server.trust());
            // RFC 5929 §4.1: the hash of the certificate's signature
            assertThat(shown.getSigAlgName()).isEqualTo("SHA256withECDSA");
            var client = new ScramClient("256", "tls-server-end-point", sha256(shown));
            try (WireClient wire = WireClient.implicitTls(server.address(Service.IMAPS), server.trust())) {
                assertThat(wire.readLine()).contains("AUTH=" + PLUS);
                assertThat(client.login(wire, ALICE, PASSWORD)).startsWith("s OK");
            }
            // in between, the client sees another certificate than the server has shown
            TestCertificate rogue = TestCertificate.forLocalhost();
            try (var between =
                            new InterceptingProxy(server.address(Service.IMAP), server.trust(), rogue, line -> line);
                    WireClient wire = WireClient.plain(
                            new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), between.port()))) {
                wire.readLine();
                wire.command("t STARTTLS", "t OK");
                wire.startTls(rogue.trust());
                var misled = new ScramClient("256", "tls-server-end-point", sha256(rogue.certificate()));
                assertThat(misled.login(wire, ALICE, PASSWORD)).startsWith("s NO [AUTHENTICATIONFAILED]");
            }
        }
    }

    private static byte[] sha256(X509Certificate certificate) throws Exception {
        return MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded());
    }

    private static X509Certificate shown(InetSocketAddress address, SSLContext trust) throws Exception {
        try (var socket = (SSLSocket) trust.getSocketFactory().createSocket(address.getAddress(), address.getPort())) {
            socket.startHandshake();
            return (X509Certificate) socket.getSession().getPeerCertificates()[0];
        }
    }
}
