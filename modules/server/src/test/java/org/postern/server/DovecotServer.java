package org.postern.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.CertificateEncodingException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.postern.testkit.Programs;
import org.postern.testkit.TestCertificate;
import org.postern.testkit.WireClient;

/// Debian's Dovecot as an instance of its own: its own configuration, directories, port and certificate, and no
/// privilege. Every name is an account with the same password; its Maildir is below `home`.
final class DovecotServer implements AutoCloseable {
    private final Path directory;
    private final TestCertificate certificate = TestCertificate.forLocalhost();
    private final Process process;
    private final int port;
    final Path certificateFile;

    private DovecotServer(String password, String mailLocation) throws IOException, InterruptedException {
        Programs.require("dovecot");
        boolean root = System.getProperty("user.name").equals("root");
        // not in JUnit's directory: that is for our own user, and Dovecot refuses to serve mail as root
        directory = Files.createTempDirectory("postern-dovecot-");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        certificateFile = Files.writeString(directory.resolve("certificate.pem"), pem("CERTIFICATE", encoded()));
        Files.writeString(
                directory.resolve("key.pem"),
                pem("PRIVATE KEY", certificate.key().getEncoded()));
        String user = root ? "nobody" : System.getProperty("user.name");
        String group = root ? "nogroup" : output("id", "-gn").strip();
        port = freePort();
        Path configuration = Files.writeString(
                directory.resolve("dovecot.conf"), """
                base_dir = %1$s/run
                state_dir = %1$s/state
                log_path = %1$s/dovecot.log
                default_internal_user = %2$s
                default_internal_group = %3$s
                default_login_user = %2$s
                protocols = imap
                listen = 127.0.0.1
                ssl = required
                ssl_cert = <%1$s/certificate.pem
                ssl_key = <%1$s/key.pem
                first_valid_uid = 1
                first_valid_gid = 1
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
                service anvil {
                  chroot =
                }
                service stats {
                  chroot =
                }
                """.formatted(directory, user, group, password, port, mailLocation));
        List<String> command = new ArrayList<>();
        if (root) {
            output("chown", "-R", user + ":" + group, directory.toString());
            command.addAll(List.of("setpriv", "--reuid=" + user, "--regid=" + group, "--clear-groups"));
        }
        command.addAll(List.of("dovecot", "-F", "-c", configuration.toString()));
        process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(Files.createTempFile("postern-dovecot-", ".out").toFile())
                .start();
    }

    /// @param mailLocation Dovecot's word for where mail is, as `maildir:~/Maildir`
    static DovecotServer start(String password, String mailLocation) throws Exception {
        var dovecot = new DovecotServer(password, mailLocation);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (true) {
            try {
                WireClient.plain(dovecot.address()).close();
                return dovecot;
            } catch (IOException e) {
                if (!dovecot.process.isAlive() || System.nanoTime() > deadline) {
                    String log = dovecot.log();
                    dovecot.close();
                    throw new IllegalStateException("Dovecot does not start: " + log, e);
                }
                dovecot.process.waitFor(50, TimeUnit.MILLISECONDS); // until it ends, or a little
            }
        }
    }

    private static String output(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
            return socket.getLocalPort();
        }
    }

    private byte[] encoded() {
        try {
            return certificate.certificate().getEncoded();
        } catch (CertificateEncodingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String pem(String what, byte[] content) {
        return "-----BEGIN " + what + "-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content) + "\n-----END " + what
                + "-----\n";
    }

    int port() {
        return port;
    }

    private InetSocketAddress address() {
        return new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port);
    }

    Path home(String user) {
        return directory.resolve("home").resolve(user);
    }

    /// An IMAP client that has logged in.
    WireClient imap(String user, String password) throws IOException {
        WireClient client = WireClient.implicitTls(address(), certificate.trust());
        client.readUntil("* OK [CAPABILITY");
        client.command("l LOGIN " + user + " " + password, "l OK");
        return client;
    }

    String log() {
        try {
            return Files.readString(directory.resolve("dovecot.log"));
        } catch (IOException e) {
            return e.toString();
        }
    }

    /// Ends the server; the mail stays until [#close].
    void stop() {
        process.destroy();
        process.onExit().orTimeout(30, TimeUnit.SECONDS).join();
    }

    @Override
    public void close() throws IOException {
        stop();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
