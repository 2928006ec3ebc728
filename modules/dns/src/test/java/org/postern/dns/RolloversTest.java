package org.postern.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.resolver.DomainName;
import org.postern.testkit.TestCertificate;
import org.postern.tls.ActivationGate;
import org.postern.tls.ServedCertificate;

/// What the rollover of several hosts does when something fails that nobody expects.
class RolloversTest {
    private static final DomainName FIRST = new DomainName("mail1.example.org");
    private static final DomainName SECOND = new DomainName("mail2.example.org");
    private static final TestCertificate CERTIFICATE = TestCertificate.forLocalhost(FIRST.text(), SECOND.text());
    private static final String KEY =
            TlsaChain.of(CERTIFICATE.certificate().getPublicKey()).key();

    @TempDir
    Path directory;

    private Rollovers rollovers;

    @BeforeEach
    void open() {
        rollovers = reopened();
    }

    @AfterEach
    void close() {
        rollovers.close();
    }

    private Rollovers reopened() {
        return new Rollovers(directory, hosts());
    }

    private static List<TlsaHost> hosts() {
        return List.of(host(FIRST), host(SECOND));
    }

    private static TlsaHost host(DomainName name) {
        return new TlsaHost(
                name,
                name,
                List.of(993),
                List.of(TlsaParameters.USUAL),
                Duration.ofHours(1),
                TlsaHost.Standing.SECURE,
                false);
    }

    private static ActivationGate.Shown shown(DomainName host) {
        List<ServedCertificate> served =
                List.of(new ServedCertificate(CERTIFICATE.key(), List.of(CERTIFICATE.certificate())));
        return new ActivationGate.Shown(host.text(), served, served, List.of());
    }

    /// A start after a crash knows nothing of it.
    @Test
    void aStateThatCannotBeSavedIsNotFollowed() throws Exception {
        Path obstacle = Files.createDirectories(directory.resolve("rollover.json.new/full"));
        assertThatThrownBy(() -> rollovers.told(shown(FIRST))).isInstanceOf(UncheckedIOException.class);
        assertThatThrownBy(() -> rollovers.compromised(Set.of(KEY), "test")).isInstanceOf(UncheckedIOException.class);
        assertThat(rollovers.standings())
                .isEqualTo(reopened().standings())
                .allSatisfy(each -> assertThat(each.serving()).isEmpty())
                .allSatisfy(each -> assertThat(each.compromised()).isEmpty());

        Files.delete(obstacle);
        rollovers.compromised(Set.of(KEY), "test");
        assertThat(rollovers.standings())
                .isEqualTo(reopened().standings())
                .allSatisfy(each -> assertThat(each.compromised()).containsExactly(KEY));
    }

    @Test
    void aFaultAtOneHostLeavesTheOthersAlone() throws Exception {
        CountDownLatch published = new CountDownLatch(1);
        rollovers.told(shown(FIRST));
        rollovers.told(shown(SECOND));
        rollovers.start(new Rollovers.Means(
                RolloversTest::hosts,
                host -> {
                    if (host.equals(SECOND)) {
                        published.countDown();
                    }
                },
                (_, _) -> List.of(),
                (host, _) -> {
                    if (host.equals(FIRST)) {
                        throw new IllegalStateException("a fault of this test");
                    }
                    return new OutsideProbe.Outcome(Set.of(KEY), Optional.empty());
                },
                () -> {}));
        assertThat(published.await(60, TimeUnit.SECONDS)).isTrue();
    }
}
