package org.postern.smtp;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.postern.testkit.Transcript;

/// Every command type has a transcript that shows it obeyed, refused, malformed, and in the wrong state:
/// read off the transcripts of submission, so that a new command without them fails here.
class SmtpCommandCoverageTest {
    private enum Answer {
        OK,
        REFUSED,
        MALFORMED,
        WRONG_STATE
    }

    /// What cannot happen, and why.
    private static final Map<Class<?>, Set<Answer>> IMPOSSIBLE = Map.of(
            // always allowed, nothing to refuse
            SmtpCommand.Ehlo.class, EnumSet.of(Answer.REFUSED, Answer.WRONG_STATE),
            SmtpCommand.Noop.class, EnumSet.of(Answer.REFUSED, Answer.MALFORMED, Answer.WRONG_STATE),
            SmtpCommand.Quit.class, EnumSet.of(Answer.REFUSED, Answer.WRONG_STATE),
            // wrong before TLS only, then nothing to refuse
            SmtpCommand.Helo.class, EnumSet.of(Answer.REFUSED),
            SmtpCommand.Rset.class, EnumSet.of(Answer.REFUSED),
            SmtpCommand.Vrfy.class, EnumSet.of(Answer.REFUSED),
            SmtpCommand.Help.class, EnumSet.of(Answer.REFUSED, Answer.MALFORMED));

    @Test
    void everyCommandIsShownInEveryAnswer() throws IOException {
        Path directory = Path.of(
                System.getProperty("postern.root", "../.."), "modules/submission/src/test/resources/transcripts");
        List<Transcript> transcripts = new ArrayList<>(Transcript.all(directory));
        transcripts.addAll(Transcript.all(directory.resolve("no-certificate")));
        Map<String, Class<?>> types = new HashMap<>();
        Map<String, EnumSet<Answer>> byVerb = new HashMap<>();
        for (Transcript transcript : transcripts) {
            Map<String, String> asked = new HashMap<>(); // connection to the verb that is answered next
            for (Transcript.Step step : transcript.steps()) {
                if (step instanceof Transcript.Send send) {
                    String verb = verb(send.text());
                    asked.put(send.connection(), verb);
                    SmtpCommand command = parsed(send.text());
                    if (command != null) {
                        types.put(verb, command.getClass());
                    }
                } else if (step instanceof Transcript.Expect expect && asked.containsKey(expect.connection())) {
                    String verb = asked.remove(expect.connection()); // the first line of the answer
                    byVerb.computeIfAbsent(verb, none -> EnumSet.noneOf(Answer.class))
                            .add(answer(expect.pattern().substring(0, 3)));
                }
            }
        }
        Map<String, EnumSet<Answer>> missing = new TreeMap<>();
        for (Class<?> type : SmtpCommand.class.getPermittedSubclasses()) {
            EnumSet<Answer> left = EnumSet.allOf(Answer.class);
            left.removeAll(IMPOSSIBLE.getOrDefault(type, Set.of()));
            byVerb.forEach((verb, answers) -> {
                if (type.equals(types.get(verb))) {
                    left.removeAll(answers);
                }
            });
            if (!left.isEmpty()) {
                missing.put(type.getSimpleName(), left);
            }
        }
        assertThat(missing).isEmpty();
        assertThat(Arrays.asList(SmtpCommand.class.getPermittedSubclasses())).containsAll(IMPOSSIBLE.keySet());
    }

    private static String verb(String line) {
        return line.replaceAll("[ \\\\].*", "").toUpperCase(Locale.ROOT);
    }

    private static Answer answer(String code) {
        return switch (code) {
            case "500", "501", "555" -> Answer.MALFORMED;
            case "503", "530", "538" -> Answer.WRONG_STATE;
            default -> code.charAt(0) < '4' ? Answer.OK : Answer.REFUSED;
        };
    }

    /// Null if it is none, or malformed.
    private static SmtpCommand parsed(String line) {
        try {
            return new SmtpCommandReader(SmtpDialect.SMTP, () -> true).read(line.getBytes(ISO_8859_1));
        } catch (SmtpRefusal malformed) {
            return null;
        }
    }
}
