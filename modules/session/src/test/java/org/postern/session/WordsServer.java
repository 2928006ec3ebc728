package org.postern.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.postern.session.ListenerSettings.Security;
import org.postern.testkit.TestCertificate;
import org.postern.tls.ServedCertificate;
import org.postern.tls.ServedCertificates;
import org.postern.tls.TlsSettings;

/// [WordsProtocol] on ports of its own, with one engine.
final class WordsServer implements AutoCloseable {
    private static final Duration LONG = Duration.ofMinutes(10);
    static final SessionLimits PATIENT = new SessionLimits(LONG, LONG, LONG, LONG, LONG);

    final Listeners listeners;
    final WordsProtocol words = new WordsProtocol();
    private final BlockingQueue<SessionRecord> records = new LinkedBlockingQueue<>();

    WordsServer(TlsSettings tls, TestCertificate... certificates) {
        listeners = new Listeners(
                tls,
                new ServedCertificates(Arrays.stream(certificates)
                        .map(each -> new ServedCertificate(each.key(), List.of(each.certificate())))
                        .toList()),
                new ConnectionLimits(1_000, 1_000, 1_000, 1_000),
                records::add,
                new SimpleMeterRegistry());
    }

    InetSocketAddress open(Security security, SessionLimits limits) throws IOException {
        return listeners.open(new ListenerSettings(
                security == Security.IMPLICIT_TLS ? "wordss" : "words",
                new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0),
                security,
                words,
                limits,
                false));
    }

    SessionRecord nextRecord() throws InterruptedException {
        SessionRecord record = records.poll(60, TimeUnit.SECONDS);
        assertThat(record).as("a record of the session").isNotNull();
        return record;
    }

    @Override
    public void close() {
        words.released.countDown();
        listeners.stop(Duration.ofSeconds(5));
    }
}
