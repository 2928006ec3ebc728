package org.postern.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.postern.server.ServerFixture.ALICE;
import static org.postern.server.ServerFixture.BOB;
import static org.postern.server.ServerFixture.PASSWORD;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.postern.server.Configuration.Service;
import org.postern.server.ProgramRunner.Result;
import org.postern.testkit.Pem;
import org.postern.testkit.Programs;
import org.postern.testkit.Requirement;
import org.postern.testkit.TestCertificate;
import org.postern.testkit.WireClient;

/// Clients of the JavaScript world, imapflow and nodemailer, against the whole server. They are installed by `npm ci`
/// in `src/test/node`, or in a copy of it that `POSTERN_NODE_CLIENTS` names.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class NodeClientsTest {
    private static final Path SCRIPTS = Path.of(
                    System.getProperty("postern.root", "../.."), "modules/server/src/test/node")
            .toAbsolutePath();

    private ServerFixture fixture;
    private ProgramRunner programs;

    @BeforeAll
    void start(@TempDir Path directory) {
        fixture = new ServerFixture(directory);
        programs = new ProgramRunner(directory);
    }

    @AfterAll
    void stop() {
        fixture.close();
    }

    private Result node(String script, Path authority, Service service, String... more) throws Exception {
        Programs.require("node");
        String installed = System.getenv().getOrDefault("POSTERN_NODE_CLIENTS", SCRIPTS.toString());
        Path modules = Programs.requireInstalled(Path.of(installed, "node_modules"), "npm ci in " + installed);
        List<String> command = new ArrayList<>(List.of(
                "node",
                SCRIPTS.resolve(script).toString(),
                authority.toString(),
                Integer.toString(fixture.port(service)),
                service.serviceName().endsWith("s") ? "implicit" : "starttls",
                ALICE,
                PASSWORD));
        command.addAll(List.of(more));
        return programs.run("", Map.of("NODE_PATH", modules.toString()), command);
    }

    @ParameterizedTest
    @CsvSource({"IMAPS", "IMAP"})
    @Requirement({"R8314-2", "R8314-4"})
    void imapflow(Service service) throws Exception {
        assertThat(node("imap.js", fixture.authority, service)).isEqualTo(new Result(0, "done\n"));
    }

    @ParameterizedTest
    @CsvSource({"SUBMISSIONS, implicit", "SUBMISSION, starttls"})
    @Requirement({"R8314-2", "R8314-4"})
    void nodemailer(Service service, String security) throws Exception {
        assertThat(node("submit.js", fixture.authority, service, BOB)).isEqualTo(new Result(0, "done\n"));
        try (WireClient imap = fixture.imap(BOB)) {
            imap.command("s SELECT INBOX", "s OK");
            String subject = "Überraschung für Jürgen 🎂 " + security;
            imap.send("f SEARCH CHARSET UTF-8 SUBJECT {" + subject.getBytes(UTF_8).length + "+}\r\n");
            imap.send(subject.getBytes(UTF_8));
            String found = imap.command("", "f OK").getFirst();
            assertThat(found).matches("\\* SEARCH \\d+");
            String number = found.substring("* SEARCH ".length());
            String structure = String.join("\n", imap.command("b FETCH " + number + " BODYSTRUCTURE", "b OK"));
            assertThat(structure).containsIgnoringCase("\"alternative\"").contains("zeros.png");
            List<String> attachment = imap.command("a FETCH " + number + " BODY.PEEK[2]", "a OK");
            String base64 = String.join("", attachment.subList(1, attachment.size() - 1));
            assertThat(Base64.getDecoder().decode(base64.replaceFirst("\\).*", "")))
                    .hasSize(300_000)
                    .containsOnly(7);
            assertThat(imap.command("g SEARCH SUBJECT \"half " + security + "\"", "g OK")
                            .getFirst())
                    .matches("\\* SEARCH \\d+");
            assertThat(imap.command("h SEARCH SUBJECT forged", "h OK").getFirst())
                    .isEqualTo("* SEARCH");
        }
    }

    @Test
    void anAuthorityThatTheyDoNotKnow() throws Exception {
        Path stranger = programs.directory().resolve("stranger.pem");
        Files.writeString(stranger, Pem.of(TestCertificate.forLocalhost().certificate()));
        for (Service service : List.of(Service.IMAPS, Service.IMAP, Service.SUBMISSIONS, Service.SUBMISSION)) {
            boolean reads = service.kind == Service.Kind.IMAP;
            Result refused = node(reads ? "imap.js" : "submit.js", stranger, service, BOB);
            assertThat(refused.code()).isEqualTo(1);
            assertThat(refused.output()).containsAnyOf("unable to verify", "self-signed certificate", "SELF_SIGNED");
        }
    }
}
