package org.postern.acme;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.identity.PresentedIdentifiers;
import org.postern.testkit.PebbleServer;
import org.postern.tls.Fingerprints;
import org.postern.tls.KeyKind;
import org.postern.tls.ServedCertificate;

/// Against Pebble.
class AcmeCertificatesTest {
    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");
    private static final List<String> NAMES = List.of("mail.example.test", "imap.example.test");

    @TempDir
    Path directory;

    private final AtomicInteger came = new AtomicInteger();
    private final List<AcmeCertificates> opened = new ArrayList<>();

    private static AcmeSettings settings(
            PebbleServer pebble, ChallengeKind challenge, boolean reuseKey, KeyKind... keys) {
        return new AcmeSettings(
                pebble.directory(),
                List.of(URI.create("mailto:postmaster@example.test")),
                challenge,
                new InetSocketAddress(LOOPBACK, pebble.httpPort()),
                new InetSocketAddress(LOOPBACK, pebble.tlsPort()),
                List.of(keys),
                reuseKey,
                Optional.of(new AcmeSettings.ExternalAccount("kid-1", pebble.externalSecret())),
                Optional.of(pebble.trust()));
    }

    private AcmeCertificates certificates(PebbleServer pebble) {
        DnsPublisher dns = (name, text) -> {
            pebble.dns("set-txt", "{\"host\": \"" + name + ".\", \"value\": \"" + text + "\"}");
            return () -> pebble.dns("clear-txt", "{\"host\": \"" + name + ".\"}");
        };
        AcmeCertificates made =
                new AcmeCertificates(directory.resolve("acme"), Optional.of(dns), came::incrementAndGet);
        opened.add(made);
        return made;
    }

    /// An order that is under way when a test ends writes into the directory that goes.
    @AfterEach
    void ordersAreOver() {
        for (AcmeCertificates acme : opened) {
            synchronized (acme) {
                assertThat(Thread.holdsLock(acme)).isTrue();
            }
        }
    }

    /// A third of all nonces is rejected meanwhile (RFC 8555 §6.5).
    @Test
    void eachChallengeBringsACertificate() throws Exception {
        try (PebbleServer pebble = new PebbleServer(directory, Map.of("PEBBLE_WFE_NONCEREJECT", "33"), true);
                AcmeCertificates acme = certificates(pebble)) {
            int expected = 0;
            for (ChallengeKind challenge : ChallengeKind.values()) {
                AcmeSettings settings = settings(pebble, challenge, false, KeyKind.EC_P256);
                acme.want(settings, NAMES);
                acme.issue();
                ServedCertificate served = acme.pairs(settings).getFirst().load();
                assertThat(served.chain()).as("%s", challenge).hasSizeGreaterThan(1);
                NAMES.forEach(name -> assertThat(
                                PresentedIdentifiers.of(served.leaf()).coversDnsName(name))
                        .isTrue());
                expected++;
                assertThat(came.get()).isGreaterThanOrEqualTo(expected);
            }
            assertThat(acme.account())
                    .hasValueSatisfying(
                            account -> assertThat(account.location()).startsWith("https://"));
            try (Stream<Path> files = Files.list(directory.resolve("acme"))) {
                assertThat(files.map(AcmeCertificatesTest::permissions)).containsOnly("rw-------");
            }
            assertThat(permissions(directory.resolve("acme"))).isEqualTo("rwx------");
        }
    }

    /// Two proofs of one name at a time.
    @Test
    void aWildcardIsProvedBesideItsName() throws Exception {
        List<String> names = List.of("example.test", "*.example.test");
        try (PebbleServer pebble = new PebbleServer(directory, Map.of(), true);
                AcmeCertificates acme = certificates(pebble)) {
            AcmeSettings settings = settings(pebble, ChallengeKind.DNS_01, false, KeyKind.EC_P256);
            acme.want(settings, names);
            acme.issue();
            X509Certificate leaf = acme.pairs(settings).getFirst().load().leaf();
            assertThat(PresentedIdentifiers.of(leaf).coversDnsName("any.example.test"))
                    .isTrue();
        }
    }

    private static String permissions(Path file) {
        try {
            return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /// What a TLSA record has to name before it is served.
    @Test
    void theNextKeyIsKnownBeforeItIsServedOrTheKeyStays() throws Exception {
        try (PebbleServer pebble = new PebbleServer(directory, Map.of(), true);
                AcmeCertificates acme = certificates(pebble)) {
            AcmeSettings changing = settings(pebble, ChallengeKind.HTTP_01, false, KeyKind.EC_P256, KeyKind.RSA_2048);
            acme.want(changing, NAMES); // which orders by itself
            Instant deadline = Instant.now().plus(Duration.ofMinutes(2));
            while (came.get() == 0) {
                assertThat(Instant.now()).isBefore(deadline);
                LockSupport.parkNanos(20_000_000);
            }
            List<String> served = keys(acme, changing);
            List<String> next = acme.progress().orElseThrow().nextKeys();
            assertThat(next).hasSize(2).doesNotContainAnyElementsOf(served);
            acme.issue();
            assertThat(keys(acme, changing)).isEqualTo(next);
            AcmeSettings staying = settings(pebble, ChallengeKind.HTTP_01, true, KeyKind.EC_P256, KeyKind.RSA_2048);
            acme.want(staying, NAMES);
            acme.issue();
            assertThat(keys(acme, staying)).isEqualTo(next);
        }
    }

    private static List<String> keys(AcmeCertificates acme, AcmeSettings settings) {
        return acme.pairs(settings).stream()
                .map(pair -> Fingerprints.sha256(pair.load().leaf().getPublicKey()))
                .toList();
    }

    @Test
    void whatFailsIsToldAndWaitsAndWhatWasThereStays() throws Exception {
        AcmeSettings settings;
        String before;
        try (PebbleServer pebble = new PebbleServer(directory, Map.of(), true);
                AcmeCertificates acme = certificates(pebble)) {
            settings = settings(pebble, ChallengeKind.HTTP_01, false, KeyKind.EC_P256);
            acme.want(settings, NAMES);
            acme.issue();
            before = Fingerprints.sha256(acme.pairs(settings).getFirst().load().leaf());
            // somebody else has the port: what he answers is no proof
            AcmeSettings elsewhere = new AcmeSettings(
                    settings.directory(),
                    settings.contacts(),
                    ChallengeKind.HTTP_01,
                    new InetSocketAddress(LOOPBACK, 0),
                    settings.tlsAlpn(),
                    settings.keys(),
                    false,
                    settings.externalAccount(),
                    settings.trust());
            acme.want(elsewhere, NAMES);
            assertThatThrownBy(acme::issue)
                    .isInstanceOf(AcmeFailedException.class)
                    .hasMessageContaining("http-01 for ")
                    .hasMessageContaining("was refused by the authority");
            assertThat(acme.progress().orElseThrow().failures()).isEqualTo(1);
            try (ServerSocket taken = new ServerSocket(settings.http().getPort(), 1, LOOPBACK)) {
                acme.want(settings, NAMES);
                assertThatThrownBy(acme::issue)
                        .hasMessageContaining("cannot listen on 127.0.0.1 port " + taken.getLocalPort())
                        .hasMessageContaining("set tls.acme.http.port");
            }
        }
        try (AcmeCertificates acme =
                new AcmeCertificates(directory.resolve("acme"), Optional.empty(), came::incrementAndGet)) {
            acme.want(settings, NAMES); // Pebble is gone
            assertThatThrownBy(acme::issue).hasMessageContaining("the authority at localhost did not do it");
            AcmeCertificates.Progress progress = acme.progress().orElseThrow();
            assertThat(progress.failures()).isEqualTo(3); // counted across a restart
            assertThat(progress.failure().orElseThrow()).contains("localhost");
            assertThat(progress.nextAttempt()).isAfter(Instant.now());
            assertThat(Fingerprints.sha256(
                            acme.pairs(settings).getFirst().load().leaf()))
                    .isEqualTo(before);
        }
    }
}
