package org.postern.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.server.Configuration.Service;
import org.postern.testkit.Programs;
import org.postern.testkit.Requirement;
import org.postern.testkit.TestCertificate;
import org.postern.testkit.WireClient;

/// Certificates come, go and are replaced while clients are connected.
class CertificateReplacementTest {
    private static final int SESSIONS = 500;
    private static final String LIMITS =
            "limits { connections-per-address = 5000, connections-per-account = 5000, handshakes = 5000 }\n";

    @TempDir
    Path directory;

    private String files(Path pem) {
        return "tls { certificates = files, files = [{ chain = \"" + pem + "\", key = \"" + pem + "\" }] }\n";
    }

    @Test
    @Requirement({"TLS-14", "SEED-40"})
    void aCertificateIsReplacedUnderLiveSessions() throws Exception {
        Path pem = directory.resolve("mail.pem");
        TestCertificate first = TestCertificate.forLocalhost("mail.example.test");
        TestCertificate second = TestCertificate.forLocalhost("mail.example.test");
        first.write(pem);
        try (ConfiguredServer server = new ConfiguredServer(directory, files(pem) + LIMITS);
                ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<WireClient> idle =
                    all(threads, Collections.nCopies(SESSIONS, first), trusted -> idle(server, trusted));
            second.write(pem);
            server.done("reload");
            assertThat(serves(server, second)).isTrue();
            assertThat(serves(server, first)).isFalse();

            // the chain of one, the key of another
            TestCertificate third = TestCertificate.forLocalhost("mail.example.test");
            third.write(directory.resolve("third"));
            String foreign = Files.readString(directory.resolve("third"));
            String good = Files.readString(pem);
            Files.writeString(
                    pem,
                    foreign.substring(0, foreign.indexOf("-----BEGIN PRIVATE"))
                            + good.substring(good.indexOf("-----BEGIN PRIVATE")));
            assertThat(server.run("reload"))
                    .satisfies(refused -> assertThat(refused.code()).isEqualTo(4))
                    .satisfies(refused -> assertThat(refused.err()).contains("is not the key of the first"));
            assertThat(serves(server, second)).isTrue();
            server.run("reload");
            assertThat(serves(server, second)).isTrue();

            List<Boolean> living = all(threads, idle, client -> {
                client.sendLine("DONE");
                boolean done = client.readLine().startsWith("i OK");
                client.close();
                return done;
            });
            assertThat(living).hasSize(SESSIONS).containsOnly(true);
        }
    }

    private static WireClient idle(ConfiguredServer server, TestCertificate trusted) throws IOException {
        WireClient client = WireClient.implicitTls(server.address(Service.IMAPS), trusted.trust());
        client.readUntil("* OK ");
        client.command("l LOGIN " + ServerFixture.ALICE + " " + ServerFixture.PASSWORD, "l OK");
        client.command("s SELECT INBOX", "s OK");
        client.command("i IDLE", "+ ");
        return client;
    }

    private static boolean serves(ConfiguredServer server, TestCertificate expected) throws IOException {
        try (WireClient client = WireClient.implicitTls(server.address(Service.IMAPS), expected.trust())) {
            client.readUntil("* OK ");
            return true;
        } catch (SSLHandshakeException another) {
            return false;
        }
    }

    private interface Step<A, B> {
        B take(A from) throws Exception;
    }

    private static <A, B> List<B> all(ExecutorService threads, List<A> from, Step<A, B> step) throws Exception {
        List<Future<B>> futures = new ArrayList<>();
        for (A each : from) {
            futures.add(threads.submit(() -> step.take(each)));
        }
        List<B> results = new ArrayList<>();
        for (Future<B> future : futures) {
            results.add(future.get());
        }
        return results;
    }

    /// One that cannot be used holds up no other.
    @Test
    @Requirement("R8314-44")
    void aDirectoryHoldsThoseOfManyDomains() throws Exception {
        Programs.require("openssl");
        Path many = Files.createDirectory(directory.resolve("many"));
        TestCertificate.forLocalhost("mail.example.test").write(many.resolve("host.pem"));
        TestCertificate.withRsa("mail.example.test").write(many.resolve("host-rsa.pem"));
        Path customer = Files.createDirectory(many.resolve("customer.test"));
        TestCertificate.forLocalhost("customer.test", "imap.customer.test").write(customer.resolve("fullchain.pem"));
        Files.copy(customer.resolve("fullchain.pem"), customer.resolve("privkey.pem"));
        Files.setPosixFilePermissions(
                customer.resolve("privkey.pem"), Files.getPosixFilePermissions(customer.resolve("fullchain.pem")));
        Files.writeString(many.resolve("broken.pem"), "-----BEGIN PRIVATE KEY-----\nnone\n");
        String settings =
                "tls { certificates = files, directories = [\"" + many + "\"], unknown-sni = refuse }\n" + LIMITS;
        try (ConfiguredServer server = new ConfiguredServer(directory, settings)) {
            ProgramRunner programs = new ProgramRunner(directory);
            assertThat(shown(programs, server, "-noservername")).contains("id-ecPublicKey", "DNS:mail.example.test");
            assertThat(shown(programs, server, "-servername", "mail.example.test", "-sigalgs", "rsa_pss_rsae_sha256"))
                    .contains("rsaEncryption", "DNS:mail.example.test");
            assertThat(shown(programs, server, "-servername", "customer.test")).contains("DNS:imap.customer.test");
            assertThat(shown(programs, server, "-servername", "imap.customer.test"))
                    .contains("DNS:imap.customer.test");
            assertThat(shown(programs, server, "-servername", "other.test")).contains("unrecognized name");
            TestCertificate.forLocalhost("other.test").write(many.resolve("other.pem"));
            ConfiguredServer.await(() -> server.done("certificate", "list").contains("other.test"));
            assertThat(shown(programs, server, "-servername", "other.test")).contains("DNS:other.test");
            Files.delete(many.resolve("other.pem"));
            ConfiguredServer.await(() -> !server.done("certificate", "list").contains("other.test"));
        }
    }

    /// What openssl gets, and the certificate in words.
    private String shown(ProgramRunner programs, ConfiguredServer server, String... options) throws Exception {
        List<String> command =
                new ArrayList<>(List.of("openssl", "s_client", "-connect", "127.0.0.1:" + server.port(Service.IMAPS)));
        command.addAll(List.of(options));
        String output = programs.run("a LOGOUT\r\n", Map.of(), command).output();
        int begin = output.indexOf("-----BEGIN CERTIFICATE-----");
        return begin < 0
                ? output
                : programs.run(output.substring(begin), "openssl", "x509", "-noout", "-text")
                        .output();
    }
}
