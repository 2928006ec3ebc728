package org.postern.pop3;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.postern.testkit.Transcript;

/// Every command type has a transcript that shows it answered with +OK, with -ERR, and in the wrong
/// state: read off the transcripts themselves, so that a new command without them fails here.
class CommandCoverageTest {
    private enum Answer {
        OK,
        ERR,
        WRONG_STATE
    }

    /// Allowed in every state.
    private static final Set<Class<? extends Command>> NEVER_IN_THE_WRONG_STATE =
            Set.of(Command.Capa.class, Command.Quit.class);

    /// What waits for its answer on one connection.
    private static final class Dialogue {
        private final Deque<String> verbs = new ArrayDeque<>();
        private boolean challenged;
    }

    @Test
    void everyCommandIsShownInEveryAnswer() throws IOException {
        Map<String, Class<? extends Command>> types = new HashMap<>();
        Map<String, EnumSet<Answer>> byVerb = new HashMap<>();
        for (Transcript transcript : Pop3TranscriptsTest.all()) {
            Map<String, Dialogue> dialogues = new HashMap<>();
            for (Transcript.Step step : transcript.steps()) {
                Dialogue dialogue = dialogues.computeIfAbsent(step.connection(), name -> new Dialogue());
                switch (step) {
                    case Transcript.Send _ when dialogue.challenged -> dialogue.challenged = false; // no command
                    case Transcript.Send send -> {
                        String verb = send.text().split(" ", 2)[0].toUpperCase(Locale.ROOT);
                        dialogue.verbs.add(verb);
                        Command command = parsed(send.text());
                        if (command != null) {
                            types.put(verb, command.getClass());
                        }
                    }
                    case Transcript.Expect expect when expect.pattern().startsWith("+ ") -> dialogue.challenged = true;
                    case Transcript.Expect expect -> {
                        String line = expect.pattern();
                        if (!dialogue.verbs.isEmpty() && (line.startsWith("+OK") || line.startsWith("-ERR"))) {
                            byVerb.computeIfAbsent(dialogue.verbs.remove(), none -> EnumSet.noneOf(Answer.class))
                                    .add(answer(line));
                        }
                    }
                    default -> {}
                }
            }
        }
        Map<String, EnumSet<Answer>> missing = new TreeMap<>();
        commandTypes(Command.class).forEach(type -> {
            EnumSet<Answer> left = EnumSet.allOf(Answer.class);
            types.forEach((verb, known) -> {
                if (known == type) {
                    left.removeAll(byVerb.getOrDefault(verb, EnumSet.noneOf(Answer.class)));
                }
            });
            if (NEVER_IN_THE_WRONG_STATE.contains(type)) {
                assertThat(left.remove(Answer.WRONG_STATE)).as("%s", type).isTrue();
            }
            if (!left.isEmpty()) {
                missing.put(type.getSimpleName(), left);
            }
        });
        assertThat(missing).isEmpty();
    }

    private static Answer answer(String line) {
        if (line.startsWith("+OK")) {
            return Answer.OK;
        }
        return line.endsWith(" first") || line.startsWith("-ERR Already ") ? Answer.WRONG_STATE : Answer.ERR;
    }

    @SuppressWarnings("unchecked") // the permitted subclasses of a sealed interface implement it
    private static Stream<Class<? extends Command>> commandTypes(Class<?> type) {
        return type.isSealed()
                ? Arrays.stream(type.getPermittedSubclasses()).flatMap(CommandCoverageTest::commandTypes)
                : Stream.of((Class<? extends Command>) type);
    }

    /// Null if it is none, or malformed.
    private static Command parsed(String line) {
        try {
            return new CommandReader(() -> true).read(line.getBytes(UTF_8));
        } catch (BadCommand malformed) {
            return null;
        }
    }
}
