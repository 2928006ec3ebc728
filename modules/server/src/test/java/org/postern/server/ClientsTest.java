package org.postern.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.postern.server.ServerFixture.ALICE;
import static org.postern.server.ServerFixture.BOB;
import static org.postern.server.ServerFixture.PASSWORD;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.postern.server.Configuration.Service;
import org.postern.server.ProgramRunner.Result;
import org.postern.testkit.MailCorpus;
import org.postern.testkit.Programs;
import org.postern.testkit.Requirement;
import org.postern.testkit.WireClient;

/// Programs that people use, against the whole server: they verify its certificate, and refuse to go on
/// without TLS.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ClientsTest {
    private Path directory;
    private ServerFixture fixture;
    private ProgramRunner programs;

    @BeforeAll
    void start(@TempDir Path ofClass) {
        directory = ofClass;
        fixture = new ServerFixture(directory);
        programs = new ProgramRunner(directory);
    }

    @AfterAll
    void stop() {
        fixture.close();
    }

    private Result run(String... command) throws IOException, InterruptedException {
        return programs.run("", command);
    }

    private String mail(String subject) {
        return "From: <" + ALICE + ">\r\nTo: <" + BOB + ">\r\nSubject: " + subject + "\r\n\r\nSent by a program.\r\n";
    }

    private void assertArrived(String subject) throws IOException {
        try (WireClient imap = fixture.imap(BOB)) {
            imap.command("s SELECT INBOX", "s OK");
            List<String> found = imap.command("f SEARCH SUBJECT \"" + subject + "\"", "f OK");
            assertThat(found.getFirst()).matches("\\* SEARCH \\d+");
        }
    }

    @Test
    @Requirement({"R8314-2", "R8314-4", "SEED-1"})
    void curlReadsAndSendsOnEveryPort() throws Exception {
        Programs.require("curl");
        for (Service service : Service.values()) {
            if (service.kind == Service.Kind.POP3 || service.kind == Service.Kind.LMTP) {
                continue; // sends nothing: see below
            }
            boolean implicit = service.serviceName().endsWith("s");
            String subject = "curl by port " + fixture.port(service);
            List<String> command = new ArrayList<>(List.of(
                    "curl",
                    "--silent",
                    "--show-error",
                    "--ssl-reqd",
                    "--cacert",
                    fixture.authority.toString(),
                    "--user",
                    ALICE + ":" + PASSWORD));
            Path file = Files.writeString(directory.resolve("curl.eml"), mail(subject));
            if (service.kind == Service.Kind.SUBMISSION) {
                command.addAll(List.of("--mail-from", ALICE, "--mail-rcpt", BOB, "--upload-file", file.toString()));
                command.add((implicit ? "smtps" : "smtp") + "://localhost:" + fixture.port(service));
            } else {
                command.addAll(List.of("--upload-file", file.toString()));
                command.add((implicit ? "imaps" : "imap") + "://localhost:" + fixture.port(service) + "/Archive");
            }
            Result sent = programs.run("", Map.of(), command);
            assertThat(sent).as(subject).isEqualTo(new Result(0, ""));
            if (service.kind == Service.Kind.SUBMISSION) {
                assertArrived(subject);
            } else {
                Result read = run(
                        "curl",
                        "--silent",
                        "--show-error",
                        "--ssl-reqd",
                        "--cacert",
                        fixture.authority.toString(),
                        "--user",
                        ALICE + ":" + PASSWORD,
                        (implicit ? "imaps" : "imap") + "://localhost:" + fixture.port(service)
                                + "/Archive;MAILINDEX=*");
                assertThat(read.output()).isEqualTo(mail(subject));
            }
        }
    }

    /// An account of its own, with two messages: POP3 numbers what is in INBOX.
    private String pop3Account(String name) throws IOException {
        String address = name + "@example.test";
        fixture.addAccount(address, PASSWORD.getBytes(ISO_8859_1));
        try (WireClient imap = fixture.imap(address)) {
            for (String subject : List.of("first", "second")) {
                String message = mail(subject) + ".dot\r\n.\r\n";
                imap.send("a APPEND INBOX {" + message.length() + "+}\r\n" + message);
                imap.command("", "a OK");
            }
        }
        return address;
    }

    @Test
    @Requirement({"R8314-2", "R8314-4", "ST-12"})
    void curlReadsAndRemovesByPop3() throws Exception {
        Programs.require("curl");
        String address = pop3Account("carol");
        int left = 2;
        for (Service service : List.of(Service.POP3S, Service.POP3)) {
            String scheme = service == Service.POP3S ? "pop3s" : "pop3";
            String url = scheme + "://localhost:" + fixture.port(service) + "/";
            List<String> command = List.of(
                    "curl",
                    "--silent",
                    "--show-error",
                    "--ssl-reqd",
                    "--cacert",
                    fixture.authority.toString(),
                    "--user",
                    address + ":" + PASSWORD);
            String message = mail(left == 2 ? "first" : "second") + ".dot\r\n.\r\n";
            Result listed = programs.run("", Map.of(), with(command, url));
            assertThat(listed.code()).as(listed.output()).isZero();
            assertThat(listed.output()).startsWith("1 ").hasLineCount(left);
            assertThat(programs.run("", Map.of(), with(command, url + "1"))).isEqualTo(new Result(0, message));
            assertThat(programs.run("", Map.of(), with(command, "--request", "DELE", "--head", url + "1"))
                            .code())
                    .isZero();
            left--;
        }
        Result empty = run(
                "curl",
                "--silent",
                "--user",
                address + ":" + PASSWORD,
                "pop3://localhost:" + fixture.port(Service.POP3) + "/");
        assertThat(empty.code()).as("without TLS there is no login").isNotZero();
    }

    private static List<String> with(List<String> command, String... more) {
        List<String> whole = new ArrayList<>(command);
        whole.addAll(List.of(more));
        return whole;
    }

    @Test
    @Requirement({"R8314-2", "R8314-4", "RFC1939-5"})
    void pythonsPoplib() throws Exception {
        Programs.require("python3");
        String address = pop3Account("dave");
        Path script = Files.writeString(directory.resolve("pop3.py"), """
                import poplib, ssl, sys
                ca, pop3s, pop3, user, password = sys.argv[1:]
                trust = ssl.create_default_context(cafile=ca)

                def connect(port, implicit):
                    if implicit:
                        client = poplib.POP3_SSL("localhost", int(port), context=trust)
                    else:
                        client = poplib.POP3("localhost", int(port))
                        assert "USER" not in client.capa()
                        try:
                            client.user(user)
                            raise SystemExit("USER before TLS")
                        except poplib.error_proto:
                            pass
                        client.stls(context=trust)
                    assert "PLAIN" in client.capa()["SASL"]
                    client.utf8()
                    while True:
                        client.user(user)
                        try:
                            client.pass_(password)
                            return client
                        except poplib.error_proto as refused:
                            # the server may not have seen yet that the last session is gone
                            if b"[IN-USE]" not in refused.args[0]:
                                raise

                known = None
                for port, implicit in ((pop3s, True), (pop3, False)):
                    client = connect(port, implicit)
                    count, octets = client.stat()
                    assert count == 2, count
                    sizes = [int(line.split()[1]) for line in client.list()[1]]
                    assert sum(sizes) == octets
                    ids = client.uidl()[1]
                    assert known in (None, ids)
                    known = ids
                    for number in (1, 2):
                        _, lines, _ = client.retr(number)
                        assert sum(len(line) + 2 for line in lines) == sizes[number - 1]
                        assert lines[-2:] == [b".dot", b"."], lines
                        _, top, _ = client.top(number, 1)
                        assert top == lines[:len(top)] and top[-2] == b"", top
                    client.dele(1)
                    if implicit:
                        client.close()          # without QUIT: nothing is removed
                    else:
                        client.rset()
                        client.dele(2)
                        client.quit()
                client = connect(pop3s, True)
                assert client.uidl()[1] == known[:1]
                client.quit()
                print("done")
                """);
        Result result = run(
                "python3",
                script.toString(),
                fixture.authority.toString(),
                Integer.toString(fixture.port(Service.POP3S)),
                Integer.toString(fixture.port(Service.POP3)),
                address,
                PASSWORD);
        assertThat(result).isEqualTo(new Result(0, "done\n"));
    }

    @Test
    void curlThatTrustsNobodyIsNotServed() throws Exception {
        Programs.require("curl");
        Result refused = run(
                "curl",
                "--silent",
                "--show-error",
                "--user",
                ALICE + ":" + PASSWORD,
                "imaps://localhost:" + fixture.port(Service.IMAPS) + "/INBOX");
        assertThat(refused.code()).isEqualTo(60); // CURLE_PEER_FAILED_VERIFICATION
    }

    @Test
    void pythonsLibraries() throws Exception {
        Programs.require("python3");
        Path script = Files.writeString(directory.resolve("clients.py"), """
                import imaplib, smtplib, ssl, sys, email.message
                ca, imaps, imap, submissions, submission, alice, bob, password = sys.argv[1:]
                trust = ssl.create_default_context(cafile=ca)

                for port, implicit in ((submissions, True), (submission, False)):
                    message = email.message.EmailMessage()
                    message["From"], message["To"] = alice, bob
                    message["Subject"] = "smtplib on " + port
                    message.set_content("Grüße\\n.leading dot\\n")
                    if implicit:
                        client = smtplib.SMTP_SSL("localhost", int(port), context=trust)
                    else:
                        client = smtplib.SMTP("localhost", int(port))
                        client.starttls(context=trust)
                    client.login(alice, password)
                    assert client.send_message(message) == {}
                    try:
                        client.sendmail(alice, ["somebody@elsewhere.test"], "From: %s\\r\\n\\r\\nx" % alice)
                        raise SystemExit("a recipient elsewhere was accepted")
                    except smtplib.SMTPRecipientsRefused as refused:
                        assert refused.recipients["somebody@elsewhere.test"][0] == 550
                    client.quit()

                for port, implicit in ((imaps, True), (imap, False)):
                    if implicit:
                        client = imaplib.IMAP4_SSL("localhost", int(port), ssl_context=trust)
                    else:
                        client = imaplib.IMAP4("localhost", int(port))
                        client.starttls(ssl_context=trust)
                    client.login(bob, password)
                    status, _ = client.select("INBOX")
                    assert status == "OK", status
                    for sent in (submissions, submission):
                        status, (found,) = client.search(None, "SUBJECT", '"smtplib on %s"' % sent)
                        assert len(found.split()) == 1, found
                        status, data = client.fetch(found, "(BODY.PEEK[])")
                        message = email.message_from_bytes(data[0][1], policy=email.policy.default)
                        text = message.get_content().replace("\\r\\n", "\\n")
                        assert text == "Grüße\\n.leading dot\\n", ascii(text)
                    status, _ = client.create("imaplib/" + port)
                    assert status == "OK", status
                    status, _ = client.append("imaplib/" + port, "(\\\\Seen)", None, b"Subject: appended\\r\\n\\r\\nx\\r\\n")
                    assert status == "OK", status
                    status, _ = client.select("imaplib/" + port)
                    status, (found,) = client.uid("SEARCH", None, "SEEN")
                    assert found == b"1", found
                    status, _ = client.uid("STORE", "1", "+FLAGS", "(\\\\Deleted)")
                    status, gone = client.expunge()
                    assert gone == [b"1"], gone
                    client.logout()
                print("done")
                """);
        Result result = run(
                "python3",
                script.toString(),
                fixture.authority.toString(),
                Integer.toString(fixture.port(Service.IMAPS)),
                Integer.toString(fixture.port(Service.IMAP)),
                Integer.toString(fixture.port(Service.SUBMISSIONS)),
                Integer.toString(fixture.port(Service.SUBMISSION)),
                ALICE,
                BOB,
                PASSWORD);
        assertThat(result).isEqualTo(new Result(0, "done\n"));
    }

    @Test
    @Requirement("N-1")
    void swaks() throws Exception {
        Programs.require("swaks");
        for (Service service : List.of(Service.SUBMISSIONS, Service.SUBMISSION)) {
            for (String mechanism : List.of("PLAIN", "LOGIN")) {
                String subject = "swaks " + mechanism + " by port " + fixture.port(service);
                Result sent = run(
                        "swaks",
                        "--server",
                        "localhost",
                        "--port",
                        Integer.toString(fixture.port(service)),
                        service == Service.SUBMISSIONS ? "--tls-on-connect" : "--tls",
                        "--tls-verify",
                        "--tls-ca-path",
                        fixture.authority.toString(),
                        "--auth",
                        mechanism,
                        "--auth-user",
                        ALICE,
                        "--auth-password",
                        PASSWORD,
                        "--from",
                        ALICE,
                        "--to",
                        BOB,
                        "--header",
                        "Subject: " + subject,
                        "--pipeline");
                assertThat(sent.code()).as(sent.output()).isZero();
                assertThat(sent.output())
                        .contains("250 2.0.0")
                        .as("the others that it knows are not offered")
                        .doesNotContainPattern("250.AUTH .* (CRAM-|DIGEST-|NTLM|SPA|MSN)");
                assertArrived(subject);
            }
        }
        Result refused = run(
                "swaks",
                "--server",
                "localhost",
                "--port",
                Integer.toString(fixture.port(Service.SUBMISSION)),
                "--auth",
                "PLAIN",
                "--auth-user",
                ALICE,
                "--auth-password",
                PASSWORD,
                "--from",
                ALICE,
                "--to",
                BOB);
        assertThat(refused.code())
                .as("without TLS there is no AUTH: %s", refused.output())
                .isEqualTo(28);
    }

    @Test
    @Requirement("RFC7677-3")
    void gsaslProvesItsPasswordAndTheServersToo() throws Exception {
        Programs.require("gsasl");
        for (Service service : List.of(Service.IMAP, Service.SUBMISSION)) {
            Result accepted = gsasl(service, "SCRAM-SHA-256", ALICE, PASSWORD);
            assertThat(accepted.code()).as(accepted.output()).isZero();
            assertThat(accepted.output()).contains("Client authentication finished (server trusted)");
            Result wrong = gsasl(service, "SCRAM-SHA-256", ALICE, "wrong");
            Result unknown = gsasl(service, "SCRAM-SHA-256", "nobody@example.test", PASSWORD);
            assertThat(wrong.code()).isNotZero();
            assertThat(lastReply(wrong)).isEqualTo(lastReply(unknown)).contains("Login failed");
            for (String mechanism : List.of("PLAIN", "LOGIN")) {
                Result older = gsasl(service, mechanism, ALICE, PASSWORD);
                assertThat(older.code()).as(older.output()).isZero();
            }
        }
    }

    private Result gsasl(Service service, String mechanism, String user, String password) throws Exception {
        return run(
                "gsasl",
                service == Service.IMAP ? "--imap" : "--smtp",
                "--starttls",
                "--x509-ca-file=" + fixture.authority,
                "--connect=localhost:" + fixture.port(service),
                "--mechanism=" + mechanism,
                "--no-cb",
                "--authentication-id=" + user,
                "--authorization-id=" + user,
                "--password=" + password);
    }

    private static String lastReply(Result result) {
        return result.output()
                .lines()
                .filter(line -> line.contains("Login failed"))
                .findFirst()
                .orElse("");
    }

    // ---- mbsync

    @Test
    void mbsyncKeepsBothSidesIdentical() throws Exception {
        Programs.require("mbsync");
        Path near = Files.createDirectory(directory.resolve("near"));
        Path far = Files.createDirectory(directory.resolve("far"));
        // Three hundred messages, the far side's first: nested folders, names beyond ASCII, one message of 20 MiB.
        List<String> folders = List.of("INBOX", "Work", "Work/2026", "Work/2026/Räume", "日本語");
        MailCorpus corpus = new MailCorpus(20_260_101);
        Map<String, List<byte[]>> expected = new TreeMap<>();
        for (int index = 0; index < 300; index++) {
            String folder = folders.get(index % folders.size());
            byte[] message = index == 150
                    ? corpus.ofSize(20 * 1024 * 1024).octets()
                    : index == 151
                            ? "Subject: no final newline\r\nX-Beyond: \u00e4\u00f6\r\n\r\nthe end".getBytes(ISO_8859_1)
                            : corpus.next().octets();
            expected.computeIfAbsent(folder, name -> new ArrayList<>()).add(message);
        }
        try (WireClient imap = fixture.imap(ALICE)) {
            for (String folder : folders.subList(1, folders.size())) {
                imap.command("c CREATE \"" + utf7(folder) + "\"", "c OK");
            }
            for (Map.Entry<String, List<byte[]>> folder : expected.entrySet()) {
                for (byte[] message : folder.getValue()) {
                    imap.send("a APPEND \"" + utf7(folder.getKey()) + "\" {" + message.length + "+}\r\n");
                    imap.send(message);
                    imap.command("", "a OK");
                }
            }
        }

        sync(near);
        assertThat(maildir(near)).as("what mbsync fetched").isEqualTo(digests(expected));

        // the near side's own: one message into a folder, and a folder that the server does not know
        Path fresh = Files.createDirectories(near.resolve("Maildir/New &- Old/cur"));
        Files.createDirectories(fresh.resolveSibling("new"));
        Files.createDirectories(fresh.resolveSibling("tmp"));
        Files.writeString(fresh.resolve("1.1.host:2,S"), "Subject: from the near side\n\nx\n");
        sync(near);
        sync(far);
        assertThat(maildir(far)).as("what another machine sees").isEqualTo(maildir(near));
        assertThat(maildir(far)).hasSize(folders.size() + 1);
    }

    private void sync(Path home) throws Exception {
        Path store = home.resolve("Maildir");
        Files.createDirectories(store);
        Path file = Files.writeString(home.resolve("mbsyncrc"), """
                IMAPAccount postern
                Host localhost
                Port %d
                User %s
                Pass %s
                SSLType IMAPS
                CertificateFile %s

                IMAPStore far
                Account postern

                MaildirStore near
                Path %s/
                Inbox %s/INBOX
                SubFolders Verbatim

                Channel both
                Far :far:
                Near :near:
                Patterns *
                Create Both
                Expunge Both
                SyncState *
                """.formatted(
                        fixture.port(Service.IMAPS), ALICE, PASSWORD, fixture.authority, store, store));
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        Result result = new ProgramRunner(home).run("", Map.of(), List.of("mbsync", "-c", file.toString(), "-a"));
        assertThat(result.code()).as(result.output()).isZero();
    }

    /// Folder by folder what is in it, each message reduced to its text with LF line ends: Maildir keeps
    /// no CR.
    private static Map<String, List<Integer>> maildir(Path home) throws IOException {
        Map<String, List<Integer>> folders = new TreeMap<>();
        Path root = home.resolve("Maildir");
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path kind = file.getParent().getFileName();
                if (kind.toString().equals("cur") || kind.toString().equals("new")) {
                    String folder =
                            root.relativize(file.getParent().getParent()).toString();
                    folders.computeIfAbsent(folder, name -> new ArrayList<>()).add(digest(Files.readAllBytes(file)));
                }
            }
        }
        // those that every account has, and that are empty, do not count
        folders.values().forEach(list -> list.sort(null));
        return folders;
    }

    private static Map<String, List<Integer>> digests(Map<String, List<byte[]>> folders) {
        Map<String, List<Integer>> digests = new TreeMap<>();
        folders.forEach((name, messages) -> digests.put(
                utf7(name), messages.stream().map(ClientsTest::digest).sorted().toList()));
        return digests;
    }

    /// Without X-TUID, which mbsync adds to what it uploads.
    private static int digest(byte[] message) {
        String text = new String(message, ISO_8859_1).replace("\r\n", "\n").replaceFirst("X-TUID: .*\n", "");
        return Arrays.hashCode(text.getBytes(ISO_8859_1));
    }

    private static String utf7(String name) {
        return name.replace("Räume", "R&AOQ-ume").replace("日本語", "&ZeVnLIqe-");
    }

    // ---- IDLE

    @Test
    void mailWakesAnIdlingClient() throws Exception {
        int rounds = 20;
        long[] micros = new long[rounds];
        try (WireClient bob = fixture.imap(BOB);
                WireClient alice = fixture.submission(ALICE)) {
            bob.command("s SELECT INBOX", "s OK");
            bob.command("i IDLE", "+ ");
            for (int round = 0; round < rounds; round++) {
                alice.command("MAIL FROM:<" + ALICE + ">", "250 ");
                alice.command("RCPT TO:<" + BOB + ">", "250 ");
                alice.command("DATA", "354 ");
                alice.send(mail("wake up"));
                long sent = System.nanoTime();
                alice.send(".\r\n");
                bob.readUntil("* "); // EXISTS; RECENT follows
                micros[round] = (System.nanoTime() - sent) / 1_000;
                bob.readUntil("* ");
                alice.readUntil("250 ");
            }
        }
        Arrays.sort(micros);
        // every timer on the way is at 30 minutes; that it arrives at all within the client's patience is the test
        System.out.printf(
                "IDLE: from the last octet of DATA to the client's EXISTS: median %d µs, longest %d µs of %d%n",
                micros[rounds / 2], micros[rounds - 1], rounds);
        assertThat(Duration.ofNanos(micros[0] * 1_000)).isLessThan(Duration.ofMinutes(1));
    }
}
