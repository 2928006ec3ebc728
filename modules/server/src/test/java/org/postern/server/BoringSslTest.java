package org.postern.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.postern.server.ServerFixture.ALICE;
import static org.postern.server.ServerFixture.PASSWORD;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postern.server.Configuration.Service;
import org.postern.session.ListenerSettings.Security;
import org.postern.testkit.Programs;
import org.postern.testkit.Requirement;
import org.postern.testkit.WireClient;
import org.postern.tls.RetiredVersions;
import org.postern.tls.TlsEngine;
import org.postern.tls.TlsSettings;

/// The whole server with `tls.engine = boringssl` and `tls.retired-versions = explain`.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BoringSslTest {
    private ServerFixture fixture;
    private ProgramRunner programs;

    @BeforeAll
    void start(@TempDir Path directory) {
        fixture = new ServerFixture(directory, new TlsSettings(TlsEngine.BORINGSSL, RetiredVersions.EXPLAIN));
        programs = new ProgramRunner(directory);
    }

    @AfterAll
    void stop() {
        fixture.close();
    }

    @Test
    void mailIsSentAndRead() throws Exception {
        try (WireClient client = fixture.submission(ALICE)) {
            client.command("MAIL FROM:<" + ALICE + ">", "250 ");
            client.command("RCPT TO:<" + ALICE + ">", "250 ");
            client.command("DATA", "354 ");
            client.command("From: " + ALICE + "\r\nSubject: boring\r\n\r\ntext\r\n.", "250 ");
            client.command("QUIT", "221 ");
        }
        try (WireClient client = fixture.imap(ALICE)) {
            client.command("a SELECT INBOX", "a OK");
            assertThat(String.join(" ", client.command("b FETCH 1 BODY.PEEK[HEADER.FIELDS (RECEIVED)]", "b OK")))
                    .contains("tls TLS_AES_")
                    .contains("group x25519");
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Service.class,
            names = {"IMAPS", "IMAP", "POP3S", "POP3", "SUBMISSIONS", "SUBMISSION"})
    @Requirement({"R8314-37", "R8314-38", "ST-22"})
    void anOldClientHearsWhyAndSaysNothing(Service service) throws Exception {
        Programs.require("openssl");
        String word = switch (service.kind) {
            case IMAP -> "* BYE [PRIVACYREQUIRED] This server needs TLS 1.2 or later";
            case POP3 -> "-ERR [SYS/PERM] This server needs TLS 1.2 or later";
            case SUBMISSION, LMTP -> "554 5.7.0 mail.example.test This server needs TLS 1.2 or later";
        };
        String output = connect(service, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0");
        assertThat(output).contains("Protocol  : TLSv1.1", word).doesNotContain("LOGIN ", "AUTH=", "250-AUTH");
        assertThat(connect(service, "-tls1_2")).doesNotContain("needs TLS");
    }

    private String connect(Service service, String... more) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(
                List.of("openssl", "s_client", "-crlf", "-ign_eof", "-connect", "127.0.0.1:" + fixture.port(service)));
        if (service.security == Security.STARTTLS) {
            command.addAll(List.of(
                    "-starttls",
                    switch (service.kind) {
                        case IMAP -> "imap";
                        case POP3 -> "pop3";
                        case SUBMISSION, LMTP -> "smtp";
                    }));
        }
        command.addAll(List.of(more));
        String words = switch (service.kind) {
            case IMAP -> "a LOGIN " + ALICE + " " + PASSWORD + "\nb LOGOUT\n";
            case POP3 -> "USER " + ALICE + "\nPASS " + PASSWORD + "\nQUIT\n";
            case SUBMISSION, LMTP -> "EHLO client.test\nQUIT\n";
        };
        return programs.run(words, command.toArray(String[]::new)).output();
    }
}
