package org.postern.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

/// Dovecot as Debian has it, in its high-performance mode: one login process that serves all connections. (With more,
/// each would have ticket keys of its own.)
final class DovecotUnderTest implements ServerUnderTest {
    private static final Path PROGRAM = Path.of("/usr/sbin/dovecot"); // where Debian has it

    private final int port;
    private final Process process;

    DovecotUnderTest(Path directory, ServerKey key) throws IOException, InterruptedException {
        port = ImapClient.freePort();
        boolean root = System.getProperty("user.name").equals("root");
        String user = root ? "nobody" : System.getProperty("user.name");
        String group = root ? "nogroup" : Programs.run("id", "-gn").strip();
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path certificate = Files.copy(key.certificate(), directory.resolve("certificate.pem"));
        Path own = Files.copy(key.key(), directory.resolve("key.pem"));
        Path configuration = Files.writeString(directory.resolve("dovecot.conf"), """
                base_dir = %1$s/run
                state_dir = %1$s/state
                log_path = %1$s/log
                default_internal_user = %2$s
                default_internal_group = %3$s
                default_login_user = %2$s
                default_client_limit = 4000
                default_process_limit = 4000
                first_valid_uid = 1
                first_valid_gid = 1
                protocols = imap
                listen = 127.0.0.1
                ssl = required
                ssl_cert = <%4$s
                ssl_key = <%5$s
                ssl_min_protocol = TLSv1.2
                mail_location = maildir:~/Maildir
                mail_max_userip_connections = 4000
                passdb {
                  driver = static
                  args = password=%6$s
                }
                userdb {
                  driver = static
                  args = uid=%2$s gid=%3$s home=%1$s/home/%%u
                }
                service anvil {
                  chroot =
                }
                service stats {
                  chroot =
                }
                service imap-login {
                  chroot =
                  service_count = 0
                  process_limit = 1
                  client_limit = 4000
                  inet_listener imap {
                    port = 0
                  }
                  inet_listener imaps {
                    port = %7$d
                    ssl = yes
                  }
                }
                """.formatted(
                        directory, user, group, certificate, own, PASSWORD, port));
        List<String> command = new ArrayList<>();
        if (root) {
            Programs.run("chown", "-R", user + ":" + group, directory.toString());
            command.addAll(List.of("setpriv", "--reuid=" + user, "--regid=" + group, "--clear-groups"));
        }
        command.addAll(List.of(PROGRAM.toString(), "-F", "-c", configuration.toString()));
        process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("output").toFile())
                .start();
        try {
            ImapClient.await(port, process::isAlive);
        } catch (IOException failed) {
            throw new IOException(
                    "Dovecot does not start: " + Files.readString(directory.resolve("output"), UTF_8), failed);
        }
    }

    static boolean installed() {
        return Files.isExecutable(PROGRAM);
    }

    @Override
    public String name() {
        return "Dovecot";
    }

    @Override
    public int port() {
        return port;
    }

    @Override
    public ProcessTree processes() {
        return new ProcessTree(process.toHandle());
    }

    @Override
    public void close() {
        processes().stop();
    }
}
