package org.postern.server;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import org.postern.auth.SaslSettings;
import org.postern.imap.ImapSettings;
import org.postern.inbound.LmtpSettings;
import org.postern.nameserver.NameServerSettings;
import org.postern.nameserver.ZoneSettings;
import org.postern.pop3.Pop3Settings;
import org.postern.resolver.DomainName;
import org.postern.server.Configuration.Certificates;
import org.postern.server.Configuration.Listener;
import org.postern.server.Configuration.Service;
import org.postern.session.ConnectionLimits;
import org.postern.session.Endpoint;
import org.postern.session.SessionLimits;
import org.postern.store.StoreSettings;
import org.postern.submission.SubmissionSettings;
import org.postern.testkit.TestCertificate;
import org.postern.testkit.WireClient;
import org.postern.tls.TlsSettings;
import org.postern.tls.UnknownServerName;

/// The whole server in this process, on ports of its own, with every timer at 30 minutes: what happens in
/// less does not happen because of a timer.
final class ServerFixture implements AutoCloseable {
    static final String ALICE = "alice@example.test";
    static final String BOB = "bob@example.test";
    static final String PASSWORD = "correct-horse-battery";

    private static final SessionLimits PATIENT = new SessionLimits(
            Duration.ofMinutes(30),
            Duration.ofMinutes(30),
            Duration.ofMinutes(30),
            Duration.ofMinutes(30),
            Duration.ofMinutes(30));

    final PosternServer server;
    final Path authority;
    final Path lmtpSocket;

    ServerFixture(Path directory) {
        this(directory, Duration.ofSeconds(1));
    }

    /// @param longestLoginDelay how long a login waits at most when many have failed
    ServerFixture(Path directory, Duration longestLoginDelay) {
        this(directory, longestLoginDelay, TlsSettings.DEFAULT);
    }

    ServerFixture(Path directory, TlsSettings tls) {
        this(directory, Duration.ofSeconds(1), tls);
    }

    /// @param store in the directory `data` of the directory
    ServerFixture(Path directory, Duration longestLoginDelay, StoreSettings store) {
        this(directory, longestLoginDelay, TlsSettings.DEFAULT, store);
    }

    private ServerFixture(Path directory, Duration longestLoginDelay, TlsSettings tls) {
        this(directory, longestLoginDelay, tls, StoreSettings.in(directory.resolve("data")));
    }

    private ServerFixture(Path directory, Duration longestLoginDelay, TlsSettings tls, StoreSettings store) {
        Path data = directory.resolve("data");
        List<Listener> listeners = new ArrayList<>();
        for (Service service : Service.values()) {
            listeners.add(new Listener(service, InetAddress.ofLiteral("127.0.0.1"), 0, false));
        }
        lmtpSocket = directory.resolve("lmtp.sock");
        listeners.add(new Listener(
                Service.LMTP, new Endpoint.UnixSocket(lmtpSocket, PosixFilePermissions.fromString("rw-rw----"))));
        server = new PosternServer(new Configuration(
                "mail.example.test",
                data,
                listeners,
                List.of(),
                tls,
                new Certificates.OwnAuthority(List.of("localhost"), List.of("127.0.0.1")),
                UnknownServerName.DEFAULT_CERTIFICATE,
                List.of(),
                SaslSettings.DEFAULT,
                store.withDefaultDomain("example.test"),
                new ConnectionLimits(5_000, 5_000, 1_000, 1_000),
                PATIENT,
                longestLoginDelay,
                ImapSettings.DEFAULT,
                new Pop3Settings(Pop3Settings.DEFAULT.failedLogins(), Duration.ofMinutes(30)),
                SubmissionSettings.of("mail.example.test"),
                LmtpSettings.of("mail.example.test"),
                Optional.of(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0)),
                DnsSettings.of("mail.example.test"),
                Optional.of(nameServer()),
                "info"));
        if (server.store().accounts().domains().isEmpty()) { // else it is a directory that was used before
            server.management().execute(new Request.Domain.Add("example.test"), "test");
            for (String address : List.of(ALICE, BOB)) {
                addAccount(address, PASSWORD.getBytes(UTF_8));
            }
        }
        server.listen();
        authority = data.resolve("tls/ca.pem");
    }

    /// Of a zone without mail.
    private static Configuration.NameServer nameServer() {
        ZoneSettings zone = new ZoneSettings(
                new DomainName("own.test"),
                List.of(new DomainName("ns.own.test")),
                new DomainName("hostmaster.own.test"),
                Optional.empty(),
                ZoneSettings.Algorithm.ED25519,
                ZoneSettings.Denial.NSEC,
                ZoneSettings.KeyScheme.CSK,
                ZoneSettings.Timing.DEFAULT,
                List.of());
        return new Configuration.NameServer(
                NameServerSettings.of(
                        List.of(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0)), List.of(zone)),
                List.of());
    }

    final void addAccount(String address, byte[] password) {
        server.management().execute(new Request.Account.Add(address), password, "test", Progress.NONE);
    }

    InetSocketAddress address(Service service) {
        return server.bound().get(service.serviceName()).getFirst();
    }

    int port(Service service) {
        return address(service).getPort();
    }

    SSLContext trust() {
        return trust(authority);
    }

    static SSLContext trust(Path authority) {
        try (InputStream pem = Files.newInputStream(authority)) {
            return TestCertificate.trust(
                    (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(pem));
        } catch (IOException | CertificateException e) {
            throw new IllegalStateException(e);
        }
    }

    /// An IMAP client that has logged in.
    WireClient imap(String address) throws IOException {
        WireClient client = WireClient.implicitTls(address(Service.IMAPS), trust());
        client.readLine();
        client.command("l LOGIN " + address + " " + PASSWORD, "l OK");
        return client;
    }

    /// A submission client that has logged in.
    WireClient submission(String address) throws IOException {
        return submission(address(Service.SUBMISSIONS), trust(), address, PASSWORD);
    }

    static WireClient submission(InetSocketAddress server, SSLContext trust, String address, String password)
            throws IOException {
        WireClient client = WireClient.implicitTls(server, trust);
        client.readUntil("220 ");
        client.command("EHLO client.test", "250 ");
        String response = Base64.getEncoder().encodeToString(("\0" + address + "\0" + password).getBytes(UTF_8));
        client.command("AUTH PLAIN " + response, "235 ");
        return client;
    }

    @Override
    public void close() {
        server.close();
    }
}
