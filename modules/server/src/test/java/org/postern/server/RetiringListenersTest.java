package org.postern.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.dns.RolloverClock;
import org.postern.server.Configuration.Listener;
import org.postern.server.Configuration.Service;
import org.postern.session.Connection;
import org.postern.session.ConnectionLimits;
import org.postern.session.EndReason;
import org.postern.session.ListenerSettings;
import org.postern.session.Listeners;
import org.postern.session.Protocol;
import org.postern.session.SessionLimits;
import org.postern.testkit.FreePorts;
import org.postern.testkit.TestCertificate;
import org.postern.tls.ServedCertificate;
import org.postern.tls.ServedCertificates;
import org.postern.tls.TlsSettings;

/// How long a port stays open that goes from the configuration: with real ports, a real disk, and clocks that jump.
class RetiringListenersTest {
    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");
    private static final Duration LONG = Duration.ofHours(1);
    private static final Duration HOUR = Duration.ofHours(1);
    private static final Duration MINUTE = Duration.ofMinutes(1);

    @TempDir
    Path directory;

    private final TestCertificate certificate = TestCertificate.forLocalhost();
    private RolloverClock.Reading clocks = new RolloverClock.Reading("one", 0, Instant.parse("2026-11-27T00:00:00Z"));
    private @Nullable Listeners listeners;
    private @Nullable RetiringListeners retiring;
    private int port;

    @BeforeEach
    void port() throws IOException {
        port = FreePorts.next();
    }

    @AfterEach
    void stop() {
        if (retiring != null) {
            retiring.close();
            retiring = null;
        }
        if (listeners != null) {
            listeners.stop(Duration.ZERO);
            listeners = null;
        }
    }

    private record Silent(String name) implements Protocol {
        @Override
        public void serve(Connection connection) {}

        @Override
        public byte[] farewell(EndReason reason) {
            return new byte[0];
        }
    }

    private static ListenerSettings settings(Listener listener) {
        return new ListenerSettings(
                listener.service().serviceName(),
                listener.endpoint(),
                listener.service().security,
                new Silent("silent"),
                new SessionLimits(LONG, LONG, LONG, LONG, LONG),
                List.of());
    }

    private static ListenerSettings at(int port) {
        return settings(new Listener(Service.IMAPS, LOOPBACK, port, false));
    }

    /// A process that is configured so; one before it ends first.
    private RetiringListeners start(int... ports) throws IOException {
        stop();
        listeners = new Listeners(
                TlsSettings.DEFAULT,
                new ServedCertificates(
                        List.of(new ServedCertificate(certificate.key(), List.of(certificate.certificate())))),
                new ConnectionLimits(10, 10, 10, 10),
                _ -> {},
                new SimpleMeterRegistry());
        retiring = new RetiringListeners(listeners, ListenerMemory.in(directory, () -> clocks));
        retiring.open(Arrays.stream(ports).mapToObj(RetiringListenersTest::at).toList());
        retiring.reopen(RetiringListenersTest::settings, Duration.ZERO);
        return retiring;
    }

    private void pass(Duration time) {
        clocks = new RolloverClock.Reading(
                clocks.boot(),
                clocks.monotonicNanos() + time.toNanos(),
                clocks.wall().plus(time));
    }

    private boolean isOpen() {
        try (Socket socket = new Socket(LOOPBACK, port)) {
            return socket.isConnected();
        } catch (IOException refused) {
            return false;
        }
    }

    @Test
    void aPortThatWentIsOpenOverEveryRestartUntilNoCacheCanHaveItsRecords() throws Exception {
        RetiringListeners first = start(port);
        first.published(Map.of(port, HOUR));
        first.change(List.of(), Map.of(port, HOUR));
        assertThat(isOpen()).isTrue();

        RetiringListeners second = start();
        assertThat(isOpen()).isTrue();
        assertThat(second.offered()).isEmpty();
        assertThat(second.closing()).extracting(Answer.Closing::port).containsExactly(port);
        assertThat(second.awaitsSight()).isTrue();
        second.seen(Map.of());
        assertThat(second.awaitsSight()).isFalse();
        pass(HOUR.minusSeconds(1));

        start();
        assertThat(isOpen()).isTrue();
        pass(Duration.ofSeconds(1));
        start();
        assertThat(isOpen()).isFalse();
    }

    @Test
    void aPortThatWentWhileNoServerRanIsOpenAgain() throws Exception {
        start(port).published(Map.of(port, HOUR));
        RetiringListeners second = start();
        assertThat(isOpen()).isTrue();

        // no name server ever answers
        pass(RetiringListeners.PATIENCE.plus(HOUR).minusSeconds(1));
        start();
        assertThat(isOpen()).isTrue();
        pass(Duration.ofSeconds(1));
        start();
        assertThat(isOpen()).isFalse();
        assertThat(second.closing()).isNotEmpty();
    }

    @Test
    void aPortThatNothingLeadsToIsClosedAtOnce() throws Exception {
        start(port).change(List.of(), Map.of());
        assertThat(isOpen()).isFalse();
        start(port);
        start();
        assertThat(isOpen()).isFalse();
    }

    @Test
    void aPortThatComesBackIsOfferedAndForgotten() throws Exception {
        start(port).published(Map.of(port, HOUR));
        assertThat(start().closing()).hasSize(1);
        RetiringListeners again = start(port);
        assertThat(again.closing()).isEmpty();
        assertThat(again.offered()).containsKey("imaps");
        assertThat(isOpen()).isTrue();
    }

    @Test
    void noClockThatIsSetAndNoTimeBeforeAStartOfTheMachineClosesAPortEarly() throws Exception {
        RetiringListeners first = start(port);
        first.published(Map.of(port, HOUR));
        first.change(List.of(), Map.of());
        first.seen(Map.of());
        pass(MINUTE);
        clocks = new RolloverClock.Reading(
                "one", clocks.monotonicNanos(), clocks.wall().plus(Duration.ofDays(1)));
        start();
        assertThat(isOpen()).isTrue();
        clocks = new RolloverClock.Reading("two", 0, clocks.wall().plus(Duration.ofDays(1)));
        start();
        assertThat(isOpen()).isTrue();
        pass(HOUR.minus(MINUTE).minusSeconds(1));
        start();
        assertThat(isOpen()).isTrue();
        pass(Duration.ofSeconds(1));
        start();
        assertThat(isOpen()).isFalse();
    }

    /// Nobody knows whether the records with the longer one came to the servers; until all of them were asked.
    @Test
    void theLongestTimeToLiveThatWasEverSentCountsUntilEveryServerHasAnother() throws Exception {
        RetiringListeners first = start(port);
        first.published(Map.of(port, MINUTE));
        first.seen(Map.of(port, MINUTE));
        first.published(Map.of(port, HOUR)); // fails, and the operator takes it back
        first.published(Map.of(port, MINUTE));
        pass(MINUTE.multipliedBy(30));

        RetiringListeners second = start(port);
        second.seen(Map.of(port, MINUTE));
        second.change(List.of(), Map.of(port, MINUTE));
        second.seen(Map.of());
        pass(MINUTE.multipliedBy(59));
        start();
        assertThat(isOpen()).as("for an hour after it was seen to be gone").isTrue();
        pass(MINUTE);
        start();
        assertThat(isOpen()).isFalse();
    }

    @Test
    void aPortThatSomebodyElseHasNowKeepsNoServerFromStarting() throws Exception {
        start(port).published(Map.of(port, HOUR));
        stop();
        try (ServerSocket other = new ServerSocket(port, 1, LOOPBACK);
                LogLines log = new LogLines(RetiringListeners.class.getName())) {
            RetiringListeners second = start();
            assertThat(second.closing()).isEmpty();
            assertThat(log.all()).singleElement().asString().contains("imaps", "port " + other.getLocalPort(), "again");
        }
    }

    @Test
    void aFileThatCannotBeReadIsPutAsideAndTheServerStarts() throws Exception {
        Path file = directory.resolve(ListenerMemory.FILE);
        start(port).published(Map.of(port, HOUR));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        stop();
        Files.writeString(file, "{");
        try (LogLines log = new LogLines(ListenerMemory.class.getName())) {
            start(port);
            assertThat(log.all()).singleElement().asString().contains(file.toString(), "cannot be read", "is kept as");
        }
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files.map(each -> each.getFileName().toString()))
                    .anyMatch(name -> name.startsWith(ListenerMemory.FILE + ".unreadable-"));
        }
        assertThat(isOpen()).isTrue();
    }
}
