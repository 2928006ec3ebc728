package org.postern.server;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.postern.testkit.FreePorts;
import org.postern.testkit.TestAuthority;

/// A mail service provider of other people's software: Debian's Dovecot for IMAP and POP3 and Debian's Postfix for
/// submission, set up well and, on other ports, wrongly in one way each.
final class MailProvider implements AutoCloseable {
    /// Not where clients come from: Dovecot takes a client from its own address to be on the same machine, and
    /// offers it logins without TLS.
    static final InetAddress ADDRESS = InetAddress.ofLiteral("127.0.0.2");

    /// How a server is set up.
    enum SetUp {
        WELL,
        /// there is no STARTTLS
        STRIPPED,
        /// passwords are taken without TLS
        LOGIN_BEFORE_TLS,
        /// TLS 1.0 is still there
        OLD_TLS
    }

    /// Ports of a set-up.
    record Ports(int imaps, int imap, int pop3s, int pop3, int submissions, int submission) {
        static Ports free() throws IOException {
            List<Integer> ports = FreePorts.next(6);
            return new Ports(ports.get(0), ports.get(1), ports.get(2), ports.get(3), ports.get(4), ports.get(5));
        }
    }

    private final Map<SetUp, Ports> ports = new EnumMap<>(SetUp.class);
    private final List<Closeable> running = new ArrayList<>();

    /// @param certificate of every server, where a client asks for no name that is in `byName`
    /// @param byName certificates that Dovecot shows to clients that ask for a name
    MailProvider(Path directory, TestAuthority.Issued certificate, Map<String, TestAuthority.Issued> byName)
            throws Exception {
        try {
            for (SetUp setUp : SetUp.values()) {
                ports.put(setUp, Ports.free());
            }
            Path authentication = null;
            for (SetUp setUp : SetUp.values()) {
                DovecotProcess dovecot = new DovecotProcess();
                running.add(dovecot);
                dovecot.start(
                        dovecot(dovecot, setUp, certificate, byName),
                        new InetSocketAddress(ADDRESS, ports.get(setUp).imap()));
                if (setUp == SetUp.WELL) {
                    authentication = dovecot.directory.resolve("run/auth-client");
                }
            }
            running.add(postfix(directory, certificate, authentication));
        } catch (Exception | Error e) {
            close();
            throw e;
        }
    }

    Ports ports(SetUp setUp) {
        return ports.get(setUp);
    }

    private String dovecot(
            DovecotProcess dovecot,
            SetUp setUp,
            TestAuthority.Issued certificate,
            Map<String, TestAuthority.Issued> byName)
            throws IOException {
        Ports own = ports.get(setUp);
        Path files = dovecot.directory;
        Files.writeString(files.resolve("server.pem"), certificate.pem());
        StringBuilder names = new StringBuilder();
        for (Map.Entry<String, TestAuthority.Issued> entry : byName.entrySet()) {
            Path file = files.resolve(entry.getKey() + ".pem");
            Files.writeString(file, entry.getValue().pem());
            names.append("local_name ")
                    .append(entry.getKey())
                    .append(" {\n  ssl_cert = <")
                    .append(file)
                    .append("\n  ssl_key = <")
                    .append(file)
                    .append("\n}\n");
        }
        boolean stripped = setUp == SetUp.STRIPPED;
        String security = switch (setUp) {
            case WELL -> "ssl = required\nssl_min_protocol = TLSv1.2\n";
            case STRIPPED -> "ssl = no\ndisable_plaintext_auth = yes\n";
            case LOGIN_BEFORE_TLS -> "ssl = yes\ndisable_plaintext_auth = no\n";
            case OLD_TLS -> "ssl = required\nssl_min_protocol = TLSv1\nssl_cipher_list = ALL:@SECLEVEL=0\n";
        };
        return """
                protocols = imap pop3
                listen = %1$s
                ssl_cert = <%2$s/server.pem
                ssl_key = <%2$s/server.pem
                mail_location = maildir:~/Maildir
                passdb {
                  driver = static
                  args = password=%3$s
                }
                userdb {
                  driver = static
                  args = uid=%4$s gid=%5$s home=%2$s/home/%%u
                }
                service auth {
                  unix_listener auth-client {
                    mode = 0666
                  }
                }
                service imap-login {
                  chroot =
                  inet_listener imap {
                    port = %6$d
                  }
                  inet_listener imaps {
                    port = %7$d
                    ssl = yes
                  }
                }
                service pop3-login {
                  chroot =
                  inet_listener pop3 {
                    port = %8$d
                  }
                  inet_listener pop3s {
                    port = %9$d
                    ssl = yes
                  }
                }
                """.formatted(
                                ADDRESS.getHostAddress(),
                                files,
                                "nobody-logs-in",
                                dovecot.user,
                                dovecot.group,
                                own.imap(),
                                stripped ? 0 : own.imaps(),
                                own.pop3(),
                                stripped ? 0 : own.pop3s())
                + security
                + names;
    }

    private PostfixInstance postfix(Path directory, TestAuthority.Issued certificate, Path authentication)
            throws IOException {
        Path chain = Files.writeString(directory.resolve("postfix.pem"), certificate.pem());
        Map<String, String> main = new TreeMap<>();
        main.put("mydestination", "");
        main.put("smtpd_tls_chain_files", chain.toString());
        main.put("smtpd_tls_security_level", "encrypt");
        main.put("smtpd_tls_auth_only", "yes");
        main.put("smtpd_tls_mandatory_protocols", ">=TLSv1.2");
        main.put("smtpd_tls_protocols", ">=TLSv1.2"); // where TLS is not mandatory
        main.put("smtpd_sasl_auth_enable", "yes");
        main.put("smtpd_sasl_type", "dovecot");
        main.put("smtpd_sasl_path", authentication.toString());
        main.put("smtpd_relay_restrictions", "permit_sasl_authenticated,reject");
        StringBuilder services = new StringBuilder();
        ports.forEach((setUp, own) -> {
            String options = switch (setUp) {
                case WELL -> "";
                case STRIPPED -> " -o smtpd_tls_security_level=none";
                case LOGIN_BEFORE_TLS -> " -o smtpd_tls_security_level=may -o smtpd_tls_auth_only=no";
                case OLD_TLS ->
                    " -o smtpd_tls_mandatory_protocols=>=TLSv1 -o smtpd_tls_mandatory_ciphers=low"
                            + " -o tls_low_cipherlist=ALL:@SECLEVEL=0";
            };
            services.append(service(own.submission(), options));
            if (setUp != SetUp.STRIPPED) {
                services.append(service(own.submissions(), " -o smtpd_tls_wrappermode=yes" + options));
            }
        });
        return PostfixInstance.start(Files.createDirectory(directory.resolve("postfix")), main, services.toString());
    }

    private static String service(int port, String options) {
        return ADDRESS.getHostAddress() + ":" + port + " inet n - n - - smtpd" + options + "\n";
    }

    @Override
    public void close() throws IOException {
        for (Closeable each : running.reversed()) {
            each.close();
        }
    }
}
