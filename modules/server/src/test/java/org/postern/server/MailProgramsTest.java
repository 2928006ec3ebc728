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
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.postern.server.Configuration.Service;
import org.postern.testkit.Programs;
import org.postern.testkit.WireClient;

/// Further mail programs against the whole server, each with its configuration file, on implicit TLS and
/// on STARTTLS; they know the server's authority and verify its certificate.
class MailProgramsTest {
    @TempDir
    Path directory;

    private ServerFixture fixture;

    @BeforeEach
    void start() {
        fixture = new ServerFixture(directory);
    }

    @AfterEach
    void stop() {
        fixture.close();
    }

    private record Result(int code, String output) {}

    private Result run(String input, String... command) throws IOException, InterruptedException {
        List<String> bounded = new ArrayList<>(List.of("timeout", "120"));
        bounded.addAll(List.of(command));
        ProcessBuilder builder = new ProcessBuilder(bounded).redirectErrorStream(true);
        builder.directory(directory.toFile());
        builder.environment().put("HOME", directory.toString());
        Process process = builder.start();
        try (var stdin = process.getOutputStream()) {
            stdin.write(input.getBytes(ISO_8859_1));
        } catch (IOException e) {
            assertThat(process.isAlive()).as("it does not read its input").isFalse();
        }
        String output = new String(process.getInputStream().readAllBytes(), ISO_8859_1);
        return new Result(process.waitFor(), output);
    }

    /// Holds a password: some programs insist that nobody else may read it.
    private Path configuration(String name, String text) throws IOException {
        Path file = directory.resolve(name);
        Files.deleteIfExists(file);
        Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        return Files.writeString(file, text);
    }

    private static String mail(String subject) {
        return "From: <" + ALICE + ">\r\nTo: <" + BOB + ">\r\nSubject: " + subject
                + "\r\n\r\nThe body of it.\r\n.and a dot\r\n";
    }

    private void appendForBob(String... subjects) throws IOException {
        try (WireClient imap = fixture.imap(BOB)) {
            for (String subject : subjects) {
                String message = mail(subject);
                imap.send("a APPEND INBOX {" + message.length() + "+}\r\n" + message);
                imap.command("", "a OK");
            }
        }
    }

    private void assertArrived(String subject) throws IOException {
        try (WireClient imap = fixture.imap(BOB)) {
            imap.command("s SELECT INBOX", "s OK");
            assertThat(imap.command("f SEARCH SUBJECT \"" + subject + "\" BODY \".and a dot\"", "f OK")
                            .getFirst())
                    .matches("\\* SEARCH \\d+");
        }
    }

    @ParameterizedTest
    @CsvSource({"SUBMISSIONS, off, plain", "SUBMISSION, on, scram-sha-256", "SUBMISSION, on, login"})
    void msmtpSends(Service service, String startTls, String mechanism) throws Exception {
        Programs.require("msmtp");
        Path file = configuration("msmtprc", """
                defaults
                auth %s
                tls on
                tls_starttls %s
                tls_trust_file %s
                account default
                host localhost
                port %d
                from %s
                user %s
                password %s
                """.formatted(
                        mechanism, startTls, fixture.authority, fixture.port(service), ALICE, ALICE, PASSWORD));
        Result sent = run(mail("msmtp"), "msmtp", "-C", file.toString(), BOB);
        assertThat(sent).isEqualTo(new Result(0, ""));
        assertArrived("msmtp");
        Files.writeString(file, Files.readString(file).replaceFirst("tls_trust_file .*", "tls_trust_file system"));
        Result refused = run(mail("not sent"), "msmtp", "-C", file.toString(), BOB);
        assertThat(refused.code())
                .as("an authority that it does not know: %s", refused.output())
                .isNotZero();
    }

    @ParameterizedTest
    @CsvSource({"POP3S, off", "POP3, on"})
    void mpopReads(Service service, String startTls) throws Exception {
        Programs.require("mpop");
        appendForBob("one", "two");
        Path file = configuration("mpoprc", """
                account default
                host localhost
                port %d
                tls on
                tls_starttls %s
                tls_trust_file %s
                user %s
                password %s
                keep on
                delivery mbox %s
                uidls_file %s
                """.formatted(
                        fixture.port(service),
                        startTls,
                        fixture.authority,
                        BOB,
                        PASSWORD,
                        directory.resolve("mbox"),
                        directory.resolve("uidls")));
        for (int round = 0; round < 2; round++) { // the second time nothing is new
            Result read = run("", "mpop", "-C", file.toString());
            assertThat(read.code()).as(read.output()).isZero();
            assertThat(Files.readString(directory.resolve("mbox")))
                    .containsOnlyOnce("Subject: one")
                    .containsOnlyOnce("Subject: two")
                    .contains("\n.and a dot\n");
        }
        Files.writeString(file, Files.readString(file).replaceFirst("tls_trust_file .*", "tls_trust_file system"));
        assertThat(run("", "mpop", "-C", file.toString()).code()).isNotZero();
    }

    @ParameterizedTest
    @CsvSource({"IMAPS, IMAP, ssl", "IMAP, IMAP, sslproto TLS1.2+", "POP3S, POP3, ssl", "POP3, POP3, sslproto TLS1.2+"})
    void fetchmailReads(Service service, String protocol, String tls) throws Exception {
        Programs.require("fetchmail");
        appendForBob("one", "two");
        Path fetched = directory.resolve("fetched");
        Path file = configuration("fetchmailrc", """
                poll localhost protocol %s port %d %s
                  user "%s" password "%s" %s sslcertck sslcertfile %s keep
                  mda "cat >> %s"
                """.formatted(
                        protocol,
                        fixture.port(service),
                        protocol.equals("POP3") ? "uidl" : "",
                        BOB,
                        PASSWORD,
                        tls,
                        fixture.authority,
                        fetched));
        String[] command = {
            "fetchmail",
            "--nodetach",
            "--nosyslog",
            "-f",
            file.toString(),
            "-i",
            directory.resolve("ids").toString()
        };
        Result read = run("", command);
        assertThat(read.code()).as(read.output()).isZero();
        Result again = run("", command);
        assertThat(again.code()).as(again.output()).isEqualTo(1); // no new mail
        assertThat(Files.readString(fetched))
                .containsOnlyOnce("Subject: one")
                .containsOnlyOnce("Subject: two")
                .contains("\n.and a dot");
    }

    /// On implicit TLS only: after STARTTLS its own threads race now and then (OpenSSL "internal error").
    @Test
    void offlineimapSynchronizes() throws Exception {
        Programs.require("offlineimap");
        appendForBob("far");
        Path file = configuration("offlineimaprc", """
                [general]
                accounts = A
                metadata = %1$s/metadata
                [Account A]
                localrepository = Near
                remoterepository = Far
                [Repository Near]
                type = Maildir
                localfolders = %1$s/maildir
                [Repository Far]
                type = IMAP
                remotehost = localhost
                remoteport = %2$d
                remoteuser = %3$s
                remotepass = %4$s
                ssl = yes
                sslcacertfile = %5$s
                """.formatted(
                        directory, fixture.port(Service.IMAPS), BOB, PASSWORD, fixture.authority));
        synchronize(file);
        Path inbox = directory.resolve("maildir/INBOX");
        try (Stream<Path> fetched = Files.walk(inbox)) {
            assertThat(fetched.filter(Files::isRegularFile)).hasSize(1);
        }
        Files.writeString(inbox.resolve("new/1.near.host"), mail("near").replace("\r\n", "\n"));
        synchronize(file);
        assertArrived("near");
        synchronize(file);
        try (Stream<Path> fetched = Files.walk(inbox)) {
            assertThat(fetched.filter(Files::isRegularFile)).hasSize(2);
        }
    }

    private void synchronize(Path file) throws Exception {
        Result result = run("", "offlineimap", "-c", file.toString(), "-o", "-u", "quiet");
        assertThat(result.code()).as(result.output()).isZero();
    }

    @Test
    void neomuttSends() throws Exception {
        Programs.require("neomutt");
        Path file = configuration(
                "muttrc", """
                set ssl_ca_certificates_file=%1$s certificate_file=%1$s ssl_force_tls=yes
                set from=%2$s realname=Alice sendmail="" copy=no
                set smtp_url=smtps://%2$s@localhost:%3$d smtp_pass=%4$s
                """.formatted(fixture.authority, ALICE, fixture.port(Service.SUBMISSIONS), PASSWORD));
        Result sent = run(".and a dot\n", "neomutt", "-n", "-F", file.toString(), "-s", "neomutt", BOB);
        assertThat(sent.code()).as(sent.output()).isZero();
        assertArrived("neomutt");
    }
}
