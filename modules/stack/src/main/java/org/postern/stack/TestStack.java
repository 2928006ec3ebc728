package org.postern.stack;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import org.postern.auth.Authenticator;
import org.postern.auth.PasswordHasher;
import org.postern.auth.SaslMechanisms;
import org.postern.session.ConnectionLimits;
import org.postern.session.ListenerSettings;
import org.postern.session.ListenerSettings.Security;
import org.postern.session.Listeners;
import org.postern.session.Protocol;
import org.postern.session.SessionLimits;
import org.postern.session.SessionRecord;
import org.postern.store.PosternStore;
import org.postern.store.StoreSettings;
import org.postern.testkit.TestCertificate;
import org.postern.testkit.TranscriptRunner;
import org.postern.testkit.WireClient;
import org.postern.tls.ServedCertificate;
import org.postern.tls.ServedCertificates;
import org.postern.tls.TlsSettings;

/// A protocol on two loopback listeners, implicit TLS and STARTTLS, over a real store with two accounts.
public final class TestStack implements AutoCloseable {
    public static final String DOMAIN = "example.test";
    public static final String ALICE = "alice@example.test";
    public static final String BOB = "bob@example.test";
    /// Everybody's.
    public static final String PASSWORD = "correct horse battery";

    private static final SessionLimits PATIENT = new SessionLimits(
            Duration.ofSeconds(30),
            Duration.ofMinutes(30),
            Duration.ofMinutes(30),
            Duration.ofMinutes(30),
            Duration.ofMinutes(5));

    /// Makes the protocol under test.
    public interface Made {
        Protocol of(PosternStore store, Authenticator authenticator, SaslMechanisms mechanisms);
    }

    private final PosternStore store;
    private final Authenticator authenticator;
    private final Listeners listeners;
    private final ServedCertificates served;
    private final TestCertificate certificate = TestCertificate.forLocalhost();
    private final List<SessionRecord> records = Collections.synchronizedList(new ArrayList<>());
    private final InetSocketAddress implicitTls;
    private final InetSocketAddress startTls;

    private TestStack(Path directory, SessionLimits limits, Made made) throws IOException {
        var meters = new SimpleMeterRegistry();
        store = PosternStore.open(StoreSettings.in(directory).withDefaultDomain(DOMAIN), meters);
        if (store.accounts().domains().isEmpty()) {
            store.accounts().addDomain(DOMAIN);
            String hash = new PasswordHasher()
                    .hash(PasswordHasher.prepare(PASSWORD.getBytes(UTF_8)).orElseThrow());
            store.accounts().addAccount(ALICE, hash, Optional.empty());
            store.accounts().addAccount(BOB, hash, Optional.empty());
        }
        authenticator = new Authenticator(store.accounts(), meters, Duration.ofMillis(1));
        served = new ServedCertificates(
                List.of(new ServedCertificate(certificate.key(), List.of(certificate.certificate()))));
        listeners = new Listeners(
                TlsSettings.DEFAULT, served, new ConnectionLimits(2_000, 2_000, 1_000, 1_000), records::add, meters);
        store.accounts().onRevoked(listeners::endSessionsOf);
        Protocol protocol = made.of(store, authenticator, new SaslMechanisms(authenticator));
        implicitTls = open(protocol, Security.IMPLICIT_TLS, limits);
        startTls = open(protocol, Security.STARTTLS, limits);
    }

    private InetSocketAddress open(Protocol protocol, Security security, SessionLimits limits) throws IOException {
        String name = protocol.name() + (security == Security.IMPLICIT_TLS ? "s" : "");
        var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        return listeners.open(new ListenerSettings(name, address, security, protocol, limits, false));
    }

    /// With deadlines that no test reaches.
    public static TestStack start(Path directory, Made made) throws IOException {
        return new TestStack(directory, PATIENT, made);
    }

    public static TestStack start(Path directory, SessionLimits limits, Made made) throws IOException {
        return new TestStack(directory, limits, made);
    }

    public PosternStore store() {
        return store;
    }

    public Listeners listeners() {
        return listeners;
    }

    /// Of the sessions that have ended.
    public List<SessionRecord> records() {
        synchronized (records) {
            return List.copyOf(records);
        }
    }

    public InetSocketAddress implicitTls() {
        return implicitTls;
    }

    public InetSocketAddress startTls() {
        return startTls;
    }

    /// From now on no certificate can be served.
    public void withoutCertificate() {
        served.replace(List.of());
    }

    public SSLContext trust() {
        return certificate.trust();
    }

    /// A client on the implicit TLS port, its handshake done.
    public WireClient client() throws IOException {
        return WireClient.implicitTls(implicitTls, trust());
    }

    public TranscriptRunner transcripts(boolean octetByOctet) {
        return new TranscriptRunner(
                implicitTls, startTls, trust(), Map.of("alice", ALICE, "bob", BOB, "password", PASSWORD), octetByOctet);
    }

    @Override
    public void close() {
        listeners.stop(Duration.ofSeconds(5));
        authenticator.close();
        store.close();
    }
}
