package org.postern.submission;

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
@Requirement({"N-1", "R8314-8", "R8314-9", "R8314-17", "ST-4", "ST-7", "ST-11", "ST-13", "ST-19", "ST-24"})
class SubmissionTranscriptsTest {
    private static final Path TRANSCRIPTS =
            Path.of(System.getProperty("postern.root", "../.."), "modules/submission/src/test/resources/transcripts");

    static List<Transcript> all() throws IOException {
        List<Transcript> transcripts = new ArrayList<>(Transcript.all(TRANSCRIPTS));
        transcripts.addAll(Transcript.all(TRANSCRIPTS.resolve("no-certificate")));
        assertThat(transcripts).hasSizeGreaterThan(5);
        return transcripts;
    }

    static Stream<Arguments> bothWays() throws IOException {
        return all().stream()
                .flatMap(transcript -> Stream.of(Arguments.of(transcript, false), Arguments.of(transcript, true)));
    }

    @ParameterizedTest(name = "{0}, octet by octet: {1}")
    @MethodSource("bothWays")
    void transcript(Transcript transcript, boolean octetByOctet, @TempDir Path directory) throws IOException {
        try (TestStack stack = submission(directory)) {
            if (transcript.file().getParent().endsWith("no-certificate")) {
                stack.withoutCertificate();
            }
            stack.transcripts(octetByOctet).run(transcript);
        }
    }

    static TestStack submission(Path directory) throws IOException {
        return TestStack.start(
                directory,
                (store, authenticator, mechanisms) -> new SubmissionProtocol(
                        authenticator, mechanisms, store, SubmissionSettings.of("mail.example.test")));
    }
}
