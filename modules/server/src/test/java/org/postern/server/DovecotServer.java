package org.postern.server;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import org.postern.testkit.FreePorts;
import org.postern.testkit.Pem;
import org.postern.testkit.TestCertificate;
import org.postern.testkit.WireClient;

/// Debian's Dovecot for IMAP with implicit TLS, on a port and with a certificate of its own. Every name is an
/// account with the same password; its Maildir is below `home`.
final class DovecotServer implements AutoCloseable {
    private final TestCertificate certificate = TestCertificate.forLocalhost();
    private final DovecotProcess dovecot = new DovecotProcess();
    private final int port = FreePorts.next();
    final Path certificateFile;

    private DovecotServer(String password, String mailLocation) throws IOException, InterruptedException {
        Path directory = dovecot.directory;
        certificateFile = Files.writeString(directory.resolve("certificate.pem"), Pem.of(certificate.certificate()));
        Files.writeString(directory.resolve("key.pem"), Pem.of(certificate.key()));
        try {
            dovecot.start(
                    """
                protocols = imap
                listen = 127.0.0.1
                ssl = required
                ssl_cert = <%1$s/certificate.pem
                ssl_key = <%1$s/key.pem
                mail_location = %6$s
                passdb {
                  driver = static
                  args = password=%4$s
                }
                userdb {
                  driver = static
                  args = uid=%2$s gid=%3$s home=%1$s/home/%%u
                }
                namespace inbox {
                  inbox = yes
                  separator = /
                }
                service imap-login {
                  chroot =
                  inet_listener imap {
                    port = 0
                  }
                  inet_listener imaps {
                    port = %5$d
                    ssl = yes
                  }
                }
                """.formatted(directory, dovecot.user, dovecot.group, password, port, mailLocation), address());
        } catch (IllegalStateException e) {
            dovecot.close();
            throw e;
        }
    }

    /// @param mailLocation Dovecot's word for where mail is, as `maildir:~/Maildir`
    static DovecotServer start(String password, String mailLocation) throws Exception {
        return new DovecotServer(password, mailLocation);
    }

    int port() {
        return port;
    }

    private InetSocketAddress address() {
        return new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port);
    }

    /// Gives it mail that somebody else has put into the homes.
    void takeOverHomes() throws IOException, InterruptedException {
        dovecot.takeOver(dovecot.directory.resolve("home"));
    }

    Path home(String user) {
        return dovecot.directory.resolve("home").resolve(user);
    }

    /// An IMAP client that has logged in.
    WireClient imap(String user, String password) throws IOException {
        WireClient client = WireClient.implicitTls(address(), certificate.trust());
        client.readUntil("* OK [CAPABILITY");
        client.command("l LOGIN " + user + " " + password, "l OK");
        return client;
    }

    String log() {
        return dovecot.log();
    }

    /// Ends the server; the mail stays until [#close].
    void stop() {
        dovecot.stop();
    }

    @Override
    public void close() throws IOException {
        dovecot.close();
    }
}
