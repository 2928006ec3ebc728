package org.postern.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.identity.PresentedIdentifiers;
import org.postern.server.Configuration.Service;
import org.postern.testkit.Requirement;
import org.postern.testkit.TestCertificate;

/// The ways of RFC 7817 §5.1 to serve many mail domains, as docs/operations.md tells them.
class ManyDomainsTest {
    @TempDir
    Path directory;

    /// Looks at certificates without believing them.
    private static final class Onlooker implements X509TrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType) {
            throw new IllegalStateException("a server that is a client");
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType) {
            // whatever it is, it is looked at
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }

    /// What a client is shown.
    ///
    /// @param names that it asks for: one, or none
    private static X509Certificate shown(InetSocketAddress address, String... names) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {new Onlooker()}, null);
        try (var socket =
                (SSLSocket) context.getSocketFactory().createSocket(address.getAddress(), address.getPort())) {
            SSLParameters parameters = socket.getSSLParameters();
            for (String name : names) {
                parameters.setServerNames(List.of(new SNIHostName(name)));
            }
            socket.setSSLParameters(parameters);
            socket.startHandshake();
            return (X509Certificate) socket.getSession().getPeerCertificates()[0];
        }
    }

    private TestCertificate written(Path file, String... names) throws Exception {
        TestCertificate made = TestCertificate.forLocalhost(names);
        made.write(file);
        return made;
    }

    @Test
    @Requirement("R7817-11")
    void oneCertificateNamesThemAll() throws Exception {
        try (ConfiguredServer server = new ConfiguredServer(directory, "")) {
            server.done("domain", "add", "customer.test");
            X509Certificate one = shown(server.address(Service.IMAPS)); // no SNI is needed
            for (String domain : List.of("mail.example.test", "example.test", "customer.test")) {
                assertThat(PresentedIdentifiers.of(one).coversDnsName(domain))
                        .as(domain)
                        .isTrue();
                assertThat(shown(server.address(Service.SUBMISSIONS), domain)).isEqualTo(one);
            }
        }
    }

    @Test
    @Requirement({"R7817-11", "R8314-43", "R6186-12"})
    void aCertificateForEachByName() throws Exception {
        Path pairs = Files.createDirectory(directory.resolve("pairs"));
        TestCertificate host = written(pairs.resolve("host.pem"), "mail.example.test");
        TestCertificate customer = written(pairs.resolve("customer.pem"), "customer.test", "imap.customer.test");
        try (ConfiguredServer server =
                new ConfiguredServer(directory, "tls { certificates = files, directories = [\"" + pairs + "\"] }")) {
            server.done("domain", "add", "customer.test");
            InetSocketAddress imaps = server.address(Service.IMAPS);
            assertThat(shown(imaps, "customer.test")).isEqualTo(customer.certificate());
            assertThat(shown(imaps, "imap.customer.test")).isEqualTo(customer.certificate());
            assertThat(shown(imaps, "mail.example.test")).isEqualTo(host.certificate());
            assertThat(shown(imaps)).isEqualTo(host.certificate()); // whoever has no SNI can use the host's name only
        }
    }

    @Test
    @Requirement("R7817-11")
    void oneHostForAllThatSignedSrvRecordsNameOrUsersConfirm() throws Exception {
        TestCertificate host = written(directory.resolve("host.pem"), "mail.example.test");
        String file = "\"" + directory.resolve("host.pem") + "\"";
        try (ConfiguredServer server = new ConfiguredServer(
                directory, "tls { certificates = files, files = [{ chain = " + file + ", key = " + file + " }] }")) {
            server.done("domain", "add", "customer.test");
            // the service domain, the SRV target, nobody: the same host answers, and names itself
            for (String[] names : new String[][] {{"customer.test"}, {"mail.example.test"}, {}}) {
                assertThat(shown(server.address(Service.IMAPS), names)).isEqualTo(host.certificate());
            }
            assertThat(CommandRun.of("check-config", "--config", server.file().toString())
                            .out())
                    .contains("warning: no certificate is for the mail domain customer.test");
        }
    }
}
