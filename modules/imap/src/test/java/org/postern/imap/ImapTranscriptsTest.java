package org.postern.imap;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.postern.stack.TestStack;
import org.postern.testkit.Requirement;
import org.postern.testkit.Transcript;

/// Runs every transcript against the real thing: TLS, session layer, store; as it stands, and octet by octet.
@Requirement({
    "SEED-1",
    "R8314-17",
    "ST-4",
    "ST-6",
    "ST-7",
    "ST-8",
    "ST-10",
    "ST-13",
    "ST-17",
    "ST-24",
    "ST-26",
})
class ImapTranscriptsTest {
    static final Path TRANSCRIPTS =
            Path.of(System.getProperty("postern.root", "../.."), "modules/imap/src/test/resources/transcripts");

    private static final ImapSettings STRICT = new ImapSettings(
            ImapSettings.DEFAULT.messageOctets(),
            ImapSettings.DEFAULT.lineOctets(),
            ImapSettings.DEFAULT.literalBeforeLogin(),
            ImapSettings.DEFAULT.failedLogins(),
            ImapSettings.Literals.MINUS,
            ImapSettings.EightBitHeaders.REFUSE);

    static List<Transcript> all() throws IOException {
        List<Transcript> transcripts = new ArrayList<>(Transcript.all(TRANSCRIPTS));
        transcripts.addAll(Transcript.all(TRANSCRIPTS.resolve("no-certificate")));
        transcripts.addAll(Transcript.all(TRANSCRIPTS.resolve("strict")));
        assertThat(transcripts).hasSizeGreaterThan(10);
        return transcripts;
    }

    static Stream<Arguments> bothWays() throws IOException {
        return all().stream()
                .flatMap(transcript -> Stream.of(Arguments.of(transcript, false), Arguments.of(transcript, true)));
    }

    @ParameterizedTest(name = "{0}, octet by octet: {1}")
    @MethodSource("bothWays")
    void transcript(Transcript transcript, boolean octetByOctet, @TempDir Path directory) throws IOException {
        ImapSettings settings = transcript.file().getParent().endsWith("strict") ? STRICT : ImapSettings.DEFAULT;
        try (TestStack stack = imap(directory, settings)) {
            if (transcript.file().getParent().endsWith("no-certificate")) {
                stack.withoutCertificate();
            }
            stack.transcripts(octetByOctet).run(transcript);
        }
    }

    private static TestStack imap(Path directory, ImapSettings settings) throws IOException {
        return TestStack.start(
                directory,
                (store, authenticator, mechanisms) -> new ImapProtocol(authenticator, mechanisms, store, settings));
    }
}
