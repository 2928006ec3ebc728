package org.postern.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.postern.server.Configuration.Service;
import org.postern.testkit.Programs;
import org.postern.testkit.Requirement;
import org.postern.testkit.WireClient;
import org.postern.tls.TlsEngine;

/// Logins by certificate, with openssl, curl and gsasl as clients and openssl as the authority; under both engines.
@ParameterizedClass
@EnumSource(TlsEngine.class)
class ClientCertificateTest {
    private static final String LOGOUT = "z LOGOUT\n";
    private static final String NO_REQUEST = "No client certificate CA names sent";
    private static final String EXTENSIONS = """
            [ca]
            default_ca = staff
            [staff]
            database = index.txt
            serial = serial
            new_certs_dir = .
            certificate = staff.pem
            private_key = staff-key.pem
            default_md = sha256
            default_crl_days = 30
            policy = any
            [any]
            commonName = optional
            """;

    @Parameter
    private TlsEngine engine;

    @TempDir
    Path directory;

    /// What is always configured.
    private String usual;

    private ProgramRunner programs;
    private ConfiguredServer server;

    @BeforeEach
    void start() throws Exception {
        Programs.require("openssl");
        programs = new ProgramRunner(directory);
        openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=Staff"
                + " -keyout staff-key.pem -out staff.pem");
        Files.writeString(directory.resolve("ca.cnf"), EXTENSIONS);
        Files.writeString(directory.resolve("index.txt"), "");
        Files.writeString(directory.resolve("serial"), "01\n");
        usual = "tls { own-authority.hosts = [localhost], engine = "
                + engine.name().toLowerCase(Locale.ROOT) + " }\n";
        server = new ConfiguredServer(directory, usual);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private String openssl(String arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("openssl"));
        command.addAll(List.of(arguments.split(" ")));
        return programs.run("", Map.of(), command).output();
    }

    /// By the authority `staff`, for an address.
    private Path issued(String name, String address, String purpose) throws Exception {
        Files.writeString(
                directory.resolve(name + ".ext"),
                "subjectAltName=email:" + address + "\nextendedKeyUsage=" + purpose + "\n");
        openssl("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=" + name + " -keyout " + name
                + "-key.pem -out " + name + ".csr");
        openssl("x509 -req -in " + name + ".csr -CA staff.pem -CAkey staff-key.pem -CAcreateserial -days 10 -extfile "
                + name + ".ext -out " + name + ".pem");
        assertThat(directory.resolve(name + ".pem")).isNotEmptyFile();
        return directory.resolve(name + ".pem");
    }

    private String trustStaff(String more) {
        return "tls.client-authorities = [{ file = \"" + directory.resolve("staff.pem")
                + "\", domains = [\"example.test\"] " + more + "}]\n";
    }

    /// What openssl s_client shows of a session in which these lines are sent, each after an answer.
    private String session(Service service, String lines, String options) throws Exception {
        List<String> command = new ArrayList<>(
                List.of("openssl", "s_client", "-connect", "127.0.0.1:" + server.port(service), "-crlf"));
        command.add("-ign_eof");
        if (!options.isEmpty()) {
            command.addAll(List.of(options.split(" ")));
        }
        return programs.run(lines, Map.of(), command).output();
    }

    private static String certificate(String name) {
        return "-cert " + name + ".pem -key " + name + "-key.pem";
    }

    @Test
    @Requirement({"R8314-3", "R8314-39", "R8314-40", "R8314-41", "R8314-66", "TLS-9", "TLS-10"})
    void nobodyIsAskedUntilACertificateCouldBeSomebodys() throws Exception {
        issued("alice", ServerFixture.ALICE, "clientAuth");
        String before = session(Service.IMAPS, "c CAPABILITY\n" + LOGOUT, certificate("alice"));
        assertThat(before).contains(NO_REQUEST, "* BYE").doesNotContain("AUTH=EXTERNAL", "Requested Signature");
        server.configure(usual + trustStaff(""));
        server.done("reload");
        String asked = session(Service.IMAPS, "c CAPABILITY\n" + LOGOUT, certificate("alice"));
        assertThat(asked).contains("Acceptable client certificate CA names", "CN = Staff", "AUTH=EXTERNAL");
        assertThat(session(Service.IMAPS, "c CAPABILITY\n" + LOGOUT, "")).doesNotContain("AUTH=EXTERNAL");
        assertThat(session(Service.IMAPS, "a AUTHENTICATE EXTERNAL =\n" + LOGOUT, ""))
                .contains("a NO [CANNOT]");
        assertThat(session(Service.IMAPS, "a AUTHENTICATE EXTERNAL =\n" + LOGOUT, certificate("alice")))
                .contains("a OK [CAPABILITY");
        // as whom: itself, and nobody else
        String alice = Base64.getEncoder().encodeToString(ServerFixture.ALICE.getBytes(UTF_8));
        String bob = Base64.getEncoder().encodeToString(ServerFixture.BOB.getBytes(UTF_8));
        assertThat(session(
                        Service.IMAPS,
                        "a AUTHENTICATE EXTERNAL " + bob + "\nb AUTHENTICATE EXTERNAL " + alice + "\n" + LOGOUT,
                        certificate("alice")))
                .contains("a NO [AUTHENTICATIONFAILED]", "b OK [CAPABILITY");
        // R8314-3: a certificate alone is no login
        assertThat(session(Service.POP3S, "STAT\nAUTH EXTERNAL =\nSTAT\nQUIT\n", certificate("alice")))
                .containsPattern("(?s)-ERR.*\\+OK.*\\+OK 0 0");
        assertThat(session(Service.SUBMISSIONS, "EHLO c.test\nAUTH EXTERNAL =\nQUIT\n", certificate("alice")))
                .contains("AUTH EXTERNAL ", "235 ");
        // in TLS 1.2 everybody on the way would see who it is
        assertThat(session(Service.IMAPS, "c CAPABILITY\n" + LOGOUT, certificate("alice") + " -tls1_2"))
                .contains(NO_REQUEST, "AUTH=PLAIN")
                .doesNotContain("AUTH=EXTERNAL", "Requested Signature");
        // what is not the authority's to say
        for (String[] other : new String[][] {
            {"foreign", "alice@elsewhere.test", "clientAuth"},
            {"nobody", "nobody@example.test", "clientAuth"},
            {"server", ServerFixture.ALICE, "serverAuth"}
        }) {
            issued(other[0], other[1], other[2]);
            assertThat(session(Service.IMAPS, "c CAPABILITY\n" + LOGOUT, certificate(other[0])))
                    .as(other[0])
                    .contains("AUTH=PLAIN")
                    .doesNotContain("AUTH=EXTERNAL");
        }
    }

    @Test
    @Requirement({"R8314-41", "TLS-4"})
    void rightsAreLookedAtAgainWhenATlsSessionIsResumed() throws Exception {
        server.close();
        usual += "tls.client-certificates-from = 1.2\n";
        server = new ConfiguredServer(directory, usual);
        issued("alice", ServerFixture.ALICE, "clientAuth");
        server.configure(usual + trustStaff(""));
        server.done("reload");
        for (String version : List.of("-tls1_3", "-tls1_2")) {
            String saved = version + " -sess_out " + directory.resolve("session") + " " + certificate("alice");
            assertThat(session(Service.IMAPS, "a AUTHENTICATE EXTERNAL =\n" + LOGOUT, saved))
                    .contains("a OK");
            String resumed = version + " -sess_in " + directory.resolve("session");
            assertThat(session(Service.IMAPS, "a AUTHENTICATE EXTERNAL =\n" + LOGOUT, resumed))
                    .contains("Reused, TLSv1", "a OK");
            server.done("account", "disable", ServerFixture.ALICE);
            assertThat(session(Service.IMAPS, "a AUTHENTICATE EXTERNAL =\n" + LOGOUT, resumed))
                    .contains("Reused, TLSv1", "a NO")
                    .doesNotContain("a OK");
            server.done("account", "enable", ServerFixture.ALICE);
        }
        server.configure(usual);
        server.done("reload");
        assertThat(session(
                        Service.IMAPS,
                        "a AUTHENTICATE EXTERNAL =\n" + LOGOUT,
                        "-tls1_2 -sess_in " + directory.resolve("session")))
                .contains("a NO");
    }

    @Test
    @Requirement("TLS-9")
    void aRevokedCertificateIsNobodys() throws Exception {
        issued("alice", ServerFixture.ALICE, "clientAuth");
        issued("bob", ServerFixture.BOB, "clientAuth");
        openssl("ca -config ca.cnf -gencrl -out staff.crl");
        server.configure(usual + trustStaff(", revocation-lists = [\"" + directory.resolve("staff.crl") + "\"] "));
        server.done("reload");
        assertThat(session(Service.IMAPS, "c CAPABILITY\n" + LOGOUT, certificate("alice")))
                .contains("AUTH=EXTERNAL");
        assertThat(openssl("ca -config ca.cnf -revoke alice.pem")).contains("Revoking Certificate");
        openssl("ca -config ca.cnf -gencrl -out staff.crl");
        assertThat(session(Service.IMAPS, "c CAPABILITY\n" + LOGOUT, certificate("alice")))
                .contains("AUTH=PLAIN")
                .doesNotContain("AUTH=EXTERNAL");
        assertThat(session(Service.IMAPS, "c CAPABILITY\n" + LOGOUT, certificate("bob")))
                .contains("AUTH=EXTERNAL");
        // a list that cannot be read makes nobody good
        Files.writeString(directory.resolve("staff.crl"), "none");
        assertThat(session(Service.IMAPS, "c CAPABILITY\n" + LOGOUT, certificate("bob")))
                .doesNotContain("AUTH=EXTERNAL");
        server.configure(usual + trustStaff(", revocation-lists = [\"/nowhere.crl\"] "));
        assertThat(server.run("reload").err()).contains("/nowhere.crl cannot be read");
        server.configure(usual + "tls.client-authorities = [{ file = \"staff.pem\" }]");
        assertThat(server.run("reload").err())
                .contains("an entry of tls.client-authorities has the keys file and domains");
    }

    @Test
    @Requirement({"R8314-5", "R8314-40", "ST-14"})
    void aRegisteredKeyLogsInAndItsRemovalEndsSessions() throws Exception {
        openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=laptop"
                + " -keyout laptop-key.pem -out laptop.pem");
        String pem = directory.resolve("laptop.pem").toString();
        assertThat(server.done("client-key", "add", ServerFixture.ALICE, "laptop", pem))
                .contains("laptop ");
        assertThat(server.run("client-key", "add", ServerFixture.ALICE, "other", pem)
                        .err())
                .contains("has this client key already, as laptop");
        assertThat(session(Service.IMAPS, "a AUTHENTICATE EXTERNAL =\n" + LOGOUT, certificate("laptop")))
                .contains("* OK [CAPABILITY", "a OK");
        server.configure(usual + "imap.preauth = true");
        server.done("reload");
        assertThat(session(Service.IMAPS, "s SELECT INBOX\n" + LOGOUT, certificate("laptop")))
                .contains("* PREAUTH [CAPABILITY", "s OK");
        assertThat(session(Service.IMAPS, LOGOUT, "")).contains("* OK [CAPABILITY");
        // after STARTTLS there is no greeting, and before it nobody is known
        try (WireClient client = WireClient.plain(server.address(Service.IMAP))) {
            assertThat(client.readLine()).startsWith("* OK [CAPABILITY ").contains("LOGINDISABLED");
        }
        assertThat(session(
                        Service.IMAP,
                        "a AUTHENTICATE EXTERNAL =\n" + LOGOUT,
                        "-starttls imap " + certificate("laptop")))
                .contains("a OK");
        assertThat(server.run("client-key", "list", ServerFixture.ALICE, "--json")
                        .json()
                        .get("clientKeys"))
                .hasSize(1);
        // of two accounts the client has to say which
        server.done("client-key", "add", ServerFixture.BOB, "laptop", pem);
        assertThat(session(Service.IMAPS, "a AUTHENTICATE EXTERNAL =\n" + LOGOUT, certificate("laptop")))
                .contains("* OK [CAPABILITY", "a NO [AUTHENTICATIONFAILED]");
        server.done("client-key", "remove", ServerFixture.BOB, "laptop");
        server.done("client-key", "remove", ServerFixture.ALICE, "laptop");
        assertThat(session(Service.IMAPS, "a AUTHENTICATE EXTERNAL =\n" + LOGOUT, certificate("laptop")))
                .contains(NO_REQUEST, "a NO [CANNOT]");
        assertThat(server.run("client-key", "remove", ServerFixture.ALICE, "laptop")
                        .err())
                .contains("the account has no client key laptop");
    }

    @Test
    @Requirement({"R8314-39", "R8314-41"})
    void curlLogsInByCertificate() throws Exception {
        Programs.require("curl");
        issued("alice", ServerFixture.ALICE, "clientAuth");
        server.configure(usual + trustStaff(""));
        server.done("reload");
        String[] urls = {
            "imaps://localhost:" + server.port(Service.IMAPS) + "/INBOX",
            "pop3s://localhost:" + server.port(Service.POP3S) + "/"
        };
        for (String url : urls) {
            ProgramRunner.Result result = programs.run(
                    "",
                    "curl",
                    "--silent",
                    "--show-error",
                    "--insecure",
                    "--cert",
                    "alice.pem",
                    "--key",
                    "alice-key.pem",
                    "--login-options",
                    "AUTH=EXTERNAL",
                    "--user",
                    ServerFixture.ALICE + ":",
                    url);
            assertThat(result.code()).as(url + result.output()).isZero();
        }
        ProgramRunner.Result sent = programs.run(
                "From: " + ServerFixture.ALICE + "\r\nSubject: by certificate\r\n\r\nbody\r\n",
                "curl",
                "--silent",
                "--show-error",
                "--insecure",
                "--cert",
                "alice.pem",
                "--key",
                "alice-key.pem",
                "--login-options",
                "AUTH=EXTERNAL",
                "--user",
                ServerFixture.ALICE + ":",
                "--mail-from",
                ServerFixture.ALICE,
                "--mail-rcpt",
                ServerFixture.BOB,
                "--upload-file",
                "-",
                "smtps://localhost:" + server.port(Service.SUBMISSIONS));
        assertThat(sent.code()).as(sent.output()).isZero();
    }

    @Test
    @Requirement("R8314-41")
    void gsaslLogsInByCertificate() throws Exception {
        Programs.require("gsasl");
        issued("alice", ServerFixture.ALICE, "clientAuth");
        server.configure(usual + trustStaff(""));
        server.done("reload");
        for (Service service : List.of(Service.IMAP, Service.SUBMISSION)) {
            ProgramRunner.Result result = programs.run(
                    "",
                    "gsasl",
                    service == Service.IMAP ? "--imap" : "--smtp",
                    "--starttls",
                    "--x509-ca-file=" + server.data().resolve("tls/ca.pem"),
                    "--x509-cert-file=alice.pem",
                    "--x509-key-file=alice-key.pem",
                    "--connect=localhost:" + server.port(service),
                    "--mechanism=EXTERNAL",
                    "--authorization-id=" + ServerFixture.ALICE);
            assertThat(result.output()).contains("Client authentication finished");
            assertThat(result.code()).as(result.output()).isZero();
        }
    }

    @Test
    void channelBindingNeedNotBeOffered() throws IOException {
        Path other = Files.createDirectory(directory.resolve("other"));
        try (ConfiguredServer unbound = new ConfiguredServer(other, usual + "auth.channel-binding = off");
                var client = WireClient.implicitTls(
                        unbound.address(Service.IMAPS),
                        ServerFixture.trust(unbound.data().resolve("tls/ca.pem")))) {
            assertThat(client.readLine()).contains("AUTH=SCRAM-SHA-256 ").doesNotContain("PLUS");
        }
    }
}
