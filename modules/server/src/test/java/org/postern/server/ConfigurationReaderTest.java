package org.postern.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.postern.server.Configuration.Certificates;
import org.postern.server.Configuration.Listener;
import org.postern.server.Configuration.Service;
import org.postern.session.Endpoint;
import org.postern.session.Network;
import org.postern.testkit.Requirement;
import org.postern.tls.RetiredVersions;
import org.postern.tls.TlsEngine;
import org.postern.tls.TlsSettings;

class ConfigurationReaderTest {
    private static final Path SHIPPED = Path.of(System.getProperty("postern.root", "../.."), "conf/postern.conf");

    @TempDir
    Path directory;

    private Configuration read(String text) throws IOException {
        return ConfigurationReader.read(file(text), Map.of());
    }

    private Path file(String text) throws IOException {
        return Files.writeString(directory.resolve("postern.conf"), text);
    }

    @Test
    void theShippedFileIsReadAndItsCommentsAreTheDefaults() throws IOException {
        Configuration asShipped = ConfigurationReader.read(SHIPPED, Map.of());
        assertThat(asShipped.host()).isEqualTo("mail.example.org");
        assertThat(asShipped.listeners()).hasSize(12);
        assertThat(asShipped.metrics())
                .as("nothing listens that nobody asked for")
                .isEmpty();

        // every setting with its comment sign taken away, but for the two whose defaults are no literals
        String uncommented = Files.readAllLines(SHIPPED).stream()
                .map(line -> line.replaceFirst("^( *)# ([a-z0-9.-]+ = .*)$", "$1$2"))
                .filter(line ->
                        !line.strip().startsWith("files =") && !line.strip().startsWith("view-memory ="))
                .collect(Collectors.joining("\n"));
        assertThat(uncommented).contains("\n  recipients = 100 ").contains("\n  imaps.port = 993 ");
        Configuration explicit = read(uncommented);
        assertThat(explicit).isEqualTo(asShipped);
    }

    /// Implicit TLS for every service on its registered port, STARTTLS beside it, and no listener without TLS.
    @Test
    @Requirement({"SEED-2", "R8314-1", "R8314-7", "R8314-13", "R8314-15", "R8314-16", "R8314-64", "ST-9"})
    void whatListensUnlessSomebodySaysOtherwise() throws IOException {
        Configuration configuration = read("server { host = mail.example.test, addresses = [127.0.0.1] }");
        assertThat(configuration.listeners())
                .extracting(listener -> listener.service().serviceName() + " " + listener.service().security + " "
                        + listener.endpoint())
                .containsExactlyInAnyOrder(
                        "imaps IMPLICIT_TLS 127.0.0.1 port 993",
                        "pop3s IMPLICIT_TLS 127.0.0.1 port 995",
                        "submissions IMPLICIT_TLS 127.0.0.1 port 465",
                        "imap STARTTLS 127.0.0.1 port 143",
                        "pop3 STARTTLS 127.0.0.1 port 110",
                        "submission STARTTLS 127.0.0.1 port 587");
        assertThat(configuration.tls()).isEqualTo(TlsSettings.DEFAULT);
        assertThat(configuration.certificates()).isInstanceOf(Configuration.Certificates.OwnAuthority.class);
        Configuration other =
                read("server.host = mail.example.test\ntls { engine = boringssl, retired-versions = explain }\n");
        assertThat(other.tls()).isEqualTo(new TlsSettings(TlsEngine.BORINGSSL, RetiredVersions.EXPLAIN));
    }

    @Test
    void everySettingThatIsReadStandsInTheShippedFile() throws IOException {
        String shipped = Files.readString(SHIPPED);
        // an unknown key is answered with the nearest known ones: ask for each section's
        for (String key : List.of(
                "data-directory",
                "addresses",
                "engine",
                "retired-versions",
                "certificates",
                "own-authority.hosts",
                "own-authority.addresses",
                "files",
                "default-domain",
                "failed-logins",
                "handshake",
                "before-login",
                "until-login",
                "after-login",
                "write",
                "connections",
                "connections-per-address",
                "connections-per-account",
                "handshakes",
                "message",
                "recipients",
                "hide-client-address",
                "detail-separator",
                "first-mailboxes",
                "view-memory",
                "level")) {
            assertThat(shipped).contains("# " + key + " = ");
        }
    }

    @Test
    void valuesArriveWhereTheyBelong() throws IOException {
        Configuration configuration = read("""
                server { host = "MX.example.NET", data-directory = "/srv/mail", addresses = ["192.0.2.1"] }
                listeners { imap.enabled = false, pop3.enabled = false, submission { port = 2587, addresses = ["2001:db8::1"] } }
                tls { own-authority { hosts = ["imap.example.net"], addresses = ["192.0.2.1"] } }
                sessions.after-login = 45 minutes
                metrics { enabled = yes, address = "::1", port = 9999 }
                pop3.after-login = 20 minutes
                limits.message = 10 MiB
                store.detail-separator = "-"
                """);
        assertThat(configuration.host()).isEqualTo("mx.example.net");
        assertThat(configuration.dataDirectory()).hasToString("/srv/mail");
        assertThat(configuration.listeners())
                .extracting(Listener::service)
                .containsExactly(Service.IMAPS, Service.POP3S, Service.SUBMISSIONS, Service.SUBMISSION);
        assertThat(configuration.listeners().get(3).endpoint()).hasToString("2001:db8:0:0:0:0:0:1 port 2587");
        assertThat(configuration.certificates())
                .isEqualTo(new Certificates.OwnAuthority(List.of("imap.example.net"), List.of("192.0.2.1")));
        assertThat(configuration.sessions().afterLogin()).isEqualTo(Duration.ofMinutes(45));
        assertThat(configuration.pop3().afterLogin()).isEqualTo(Duration.ofMinutes(20));
        assertThat(configuration.imap().messageOctets()).isEqualTo(10 << 20);
        assertThat(configuration.submission().maximumMessageOctets()).isEqualTo(10 << 20);
        assertThat(configuration.submission().hostName()).isEqualTo("mx.example.net");
        assertThat(configuration.store().detailSeparator()).isEqualTo('-');
        assertThat(configuration.metrics()).contains(new InetSocketAddress(InetAddress.ofLiteral("::1"), 9999));
    }

    @Test
    void lmtpBeyondThisMachineIsForNetworksThatAreNamed() throws IOException {
        Configuration configuration = ConfigurationReader.read(file("""
                server { host = mx.example.net, addresses = ["127.0.0.1"] }
                listeners.lmtp { enabled = true, addresses = ["192.0.2.1"] }
                lmtp { socket = "/run/postern/lmtp", allowed-networks = ["192.0.2.0/24", "2001:db8::/32"] }
                """), Map.of());
        assertThat(configuration.listeners().stream()
                        .filter(listener -> listener.service() == Service.LMTP)
                        .map(Listener::endpoint))
                .containsExactly(
                        new Endpoint.Port(
                                new InetSocketAddress(InetAddress.ofLiteral("192.0.2.1"), 24),
                                List.of(
                                        Network.parse("127.0.0.0/8"),
                                        Network.parse("::1"),
                                        Network.parse("192.0.2.0/24"),
                                        Network.parse("2001:db8::/32")),
                                false),
                        new Endpoint.UnixSocket(
                                Path.of("/run/postern/lmtp"), PosixFilePermissions.fromString("rw-rw----")));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            listeners.imaps.port = 70000             | postern.conf:2: listeners.imaps.port: 70000 is not from 1 to 65535
            listeners.imaps.port = yes               | postern.conf:2: listeners.imaps.port
            listeners.imaps.prot = 993               | postern.conf:2: listeners.imaps.prot is no setting; is listeners.imaps.port meant?
            sessions.after-login = 10 s              | postern.conf:2: sessions.after-login: is not from 1800 s
            pop3.after-login = 9 minutes             | postern.conf:2: pop3.after-login: is not from 600 s
            sessions.write = soon                    | postern.conf:2: sessions.write
            server.addresses = ["localhost"]         | postern.conf:2: server.addresses: 'localhost' is no IPv4 or IPv6 address
            log.level = loud                         | postern.conf:2: log.level: 'loud' is none of debug, error, info, warn
            store.detail-separator = "@"             | postern.conf:2: store.detail-separator: is one character
            auth.default-domain = "a b"              | postern.conf:2: auth.default-domain: 'a b' is no host name
            tls.certificates = files                 | postern.conf:2: tls.certificates = files needs tls.files
            tls.files = [{ chain = a }]              | postern.conf:2: an entry of tls.files has the keys chain and key
            metrics.port = 0                         | postern.conf:2: metrics.port: 0 is not from 1 to 65535
            metrics.address = "localhost"            | postern.conf:2: metrics.address: 'localhost' is no IPv4
            metrics.enabled = loopback               | postern.conf:2: metrics.enabled
            submission.recipients = 10               | postern.conf:2: submission.recipients: 10 is not from 100
            submission.hide-client-address = perhaps | postern.conf:2: submission.hide-client-address
            lmtp.socket = "lmtp.sock"                | postern.conf:2: lmtp.socket: 'lmtp.sock' is no absolute path
            lmtp.socket-permissions = 666            | postern.conf:2: lmtp.socket-permissions: '666' is none of
            lmtp.allowed-networks = ["10.0.0.1/8"]   | postern.conf:2: lmtp.allowed-networks: '10.0.0.1/8' has bits behind its prefix
            listeners.lmtp { enabled = true, addresses = ["192.0.2.1"] } | postern.conf:2: listeners.lmtp.addresses: 192.0.2.1 is not an address of the loopback interface
            limits.message = 1 B                     | postern.conf:2: limits.message: 1 octets are not from
            dns.groups = [{ mx = ["a b c"] }]        | postern.conf:2: dns.groups: mx has hosts, with a preference before each
            dns.groups = [{ mx = ["70000 mx.example.org"] }] | postern.conf:2: dns.groups: mx has hosts
            dns.groups = [{ spf = "v=spf1 inlude:a" }] | postern.conf:2: dns.groups: spf: 'inlude:a' is no mechanism
            dns.groups = [{ dmarc = "v=DMARC1" }]    | postern.conf:2: dns.groups: dmarc: p= comes right after v=DMARC1
            dns.groups = [{ tlsrpt = "v=TLSRPTv1" }] | postern.conf:2: dns.groups: tlsrpt: rua= says where reports go
            dns.groups = [{ mta-sts = "a b" }]       | postern.conf:2: dns.groups: 'a b' is no host name
            dns.groups = [{ dkim = [{ selector = a }] }] | postern.conf:2: dns.groups: an entry of dkim has selector, and key-file
            dns.groups = [{ dkim = [{ selector = a, key-file = b }] }] | postern.conf:2: dns.groups: dkim: a key file is named by its whole path, not b
            dns.groups = [{ mxx = [] }]              | postern.conf:2: dns.groups: no such keys in an entry: [mxx]
            dns.groups = [{}, {}]                    | postern.conf:2: dns.groups: two entries without domains: one is for all others
            dns.groups = [{ domains = ["a.example"] }, { domains = ["A.example"] }] | postern.conf:2: dns.groups: the domain a.example is there twice
            dns.groups = [{ domains = [] }]          | postern.conf:2: dns.groups: domains names none
            dns.groups = mx                          | postern.conf:2: dns.groups is a list of
            colour = blue                            | postern.conf:2: colour is no setting
            server { host = "x"                      | postern.conf:
            """)
    void aWrongValueIsNamedWithFileAndLine(String line, String message) throws IOException {
        Path file = file("server.host = mail.example.test\n" + line.strip() + "\n");
        assertThatThrownBy(() -> ConfigurationReader.read(file, Map.of()))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining(message.strip());
    }

    @Test
    void allProblemsAreTold() throws IOException {
        Path file = file("log.level = loud\ncolour = blue\n");
        assertThatThrownBy(() -> ConfigurationReader.read(file, Map.of()))
                .hasMessageContaining("server.host is missing")
                .hasMessageContaining(":1: log.level")
                .hasMessageContaining(":2: colour");
    }

    @Test
    void aMissingFileIsNamed() {
        assertThatThrownBy(() -> ConfigurationReader.read(directory.resolve("none.conf"), Map.of()))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("none.conf: cannot be read");
    }

    @Test
    void theEnvironmentOverrides() throws IOException {
        Path file = file("server.host = mail.example.test\nlisteners.imaps.port = 1993\n");
        Path secret = Files.writeString(directory.resolve("host"), "from.file.test\n");
        Configuration configuration = ConfigurationReader.read(
                file,
                Map.of(
                        "POSTERN_LISTENERS__IMAPS__PORT", "2993",
                        "POSTERN_SUBMISSION__HIDE_CLIENT_ADDRESS", "false",
                        "POSTERN_SERVER__ADDRESSES", "[\"127.0.0.1\"]",
                        "POSTERN_SERVER__HOST_FILE", secret.toString(),
                        "POSTERN_REQUIRE_ALL", "1"));
        assertThat(configuration.host()).isEqualTo("from.file.test");
        assertThat(configuration.listeners()).hasSize(6);
        assertThat(configuration.listeners().getFirst().endpoint()).hasToString("127.0.0.1 port 2993");
        assertThat(configuration.submission().hideClientAddress()).isFalse();

        assertThatThrownBy(() -> ConfigurationReader.read(file, Map.of("POSTERN_LOG__LEVEL", "loud")))
                .hasMessageContaining("environment variable POSTERN_LOG__LEVEL: log.level: 'loud'");
        assertThatThrownBy(() -> ConfigurationReader.read(file, Map.of("POSTERN_LOG__LEVLE", "info")))
                .hasMessageContaining("environment variable POSTERN_LOG__LEVLE: log.levle is no setting");
    }
}
