package org.postern.imap;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.postern.testkit.Transcript;

/// Every command type has a transcript that shows it answered with OK, NO, BAD, and in the wrong state: read off the
/// transcripts themselves, so that a new command without them fails here.
class CommandCoverageTest {
    private enum Answer {
        OK,
        NO,
        BAD,
        WRONG_STATE
    }

    /// What cannot happen, and why.
    private static final Map<Class<? extends Command>, Set<Answer>> IMPOSSIBLE = new HashMap<>();

    static {
        // allowed in every state, nothing to refuse
        for (Class<? extends Command> any :
                Set.of(Command.Capability.class, Command.Noop.class, Command.Logout.class, Command.Id.class)) {
            IMPOSSIBLE.put(any, EnumSet.of(Answer.NO, Answer.WRONG_STATE));
        }
        // nothing to refuse: they act on nothing that could be missing
        for (Class<? extends Command> always : Set.of(
                Command.ListMailboxes.class, // no match is an empty list
                Command.ListSubscribed.class,
                Command.Namespace.class,
                Command.Enable.class, // unknown capabilities are ignored (RFC 5161 §3.1)
                Command.Idle.class,
                Command.Check.class,
                Command.Close.class, // read-only: without expunging (RFC 3501 §6.4.2)
                Command.Unselect.class)) {
            IMPOSSIBLE.put(always, EnumSet.of(Answer.NO));
        }
    }

    @Test
    void everyCommandIsShownInEveryAnswer() throws IOException {
        Map<String, Class<? extends Command>> types = new HashMap<>();
        Map<String, EnumSet<Answer>> byVerb = new HashMap<>();
        for (Transcript transcript : ImapTranscriptsTest.all()) {
            Map<String, String> verbs = new HashMap<>(); // tag to verb
            for (Transcript.Step step : transcript.steps()) {
                if (step instanceof Transcript.Send send) {
                    String[] words = send.text().split(" ", 4);
                    if (words.length > 1) {
                        String verb = words[1].toUpperCase(Locale.ROOT);
                        if (verb.equals("UID") && words.length > 2) {
                            verb += " " + words[2].toUpperCase(Locale.ROOT);
                        }
                        verbs.put(words[0], verb);
                        Command command = parsed(send);
                        if (command != null) {
                            types.put(verb, command.getClass());
                        }
                    }
                } else if (step instanceof Transcript.Expect expect) {
                    String[] words = expect.pattern().split(" ", 3);
                    String verb = verbs.get(words[0]);
                    if (verb != null && words.length > 1) {
                        EnumSet<Answer> answers = byVerb.computeIfAbsent(verb, none -> EnumSet.noneOf(Answer.class));
                        answers.add(answer(words[1], words.length > 2 ? words[2] : ""));
                    }
                }
            }
        }
        Map<String, EnumSet<Answer>> shown = new TreeMap<>();
        commandTypes(Command.class).forEach(type -> shown.put(type.getSimpleName(), EnumSet.noneOf(Answer.class)));
        byVerb.forEach((verb, answers) -> {
            Class<? extends Command> type = types.get(verb);
            if (type != null) {
                shown.get(type.getSimpleName()).addAll(answers);
            }
        });
        Map<String, EnumSet<Answer>> missing = new TreeMap<>();
        Map<String, Set<Answer>> impossibleButShown = new TreeMap<>();
        commandTypes(Command.class).forEach(type -> {
            EnumSet<Answer> left = EnumSet.allOf(Answer.class);
            Set<Answer> impossible = IMPOSSIBLE.getOrDefault(type, Set.of());
            EnumSet<Answer> seen = shown.get(type.getSimpleName());
            left.removeAll(seen);
            left.removeAll(impossible);
            if (!left.isEmpty()) {
                missing.put(type.getSimpleName(), left);
            }
            if (impossible.stream().anyMatch(seen::contains)) {
                impossibleButShown.put(type.getSimpleName(), seen);
            }
        });
        assertThat(missing).isEmpty();
        assertThat(impossibleButShown).isEmpty();
    }

    private static Answer answer(String status, String text) {
        return switch (status) {
            case "OK" -> Answer.OK;
            case "NO" -> Answer.NO;
            case "BAD" ->
                text.endsWith(" first") || text.startsWith("Already logged in") ? Answer.WRONG_STATE : Answer.BAD;
            default -> throw new IllegalArgumentException("no tagged response: " + status);
        };
    }

    @SuppressWarnings("unchecked") // the permitted subclasses of a sealed interface implement it
    private static Stream<Class<? extends Command>> commandTypes(Class<?> type) {
        return type.isSealed()
                ? Arrays.stream(type.getPermittedSubclasses()).flatMap(CommandCoverageTest::commandTypes)
                : Stream.of((Class<? extends Command>) type);
    }

    /// Null if it is none, or malformed.
    private static Command parsed(Transcript.Send send) {
        String literal = send.literal() == null ? "" : "{1+}\r\nx";
        var octets = new ByteArrayInputStream((send.text() + literal + "\r\n").getBytes(ISO_8859_1));
        var wire = new WireReader(
                new WireReader.Source() {
                    @Override
                    public int read() throws IOException {
                        int octet = octets.read();
                        if (octet < 0) {
                            throw new EOFException();
                        }
                        return octet;
                    }

                    @Override
                    public int read(byte[] into, int offset, int length) throws IOException {
                        int count = octets.read(into, offset, length);
                        if (count < 0) {
                            throw new EOFException();
                        }
                        return count;
                    }

                    @Override
                    public void requestLiteral() {}
                },
                new WireReader.Limits(8192, 1_000_000, 1_000_000, 1_000_000, 10_000_000));
        var reader = new CommandReader(wire, () -> true);
        try {
            reader.readTag();
            return reader.readCommand();
        } catch (BadCommand | CommandRefused | IOException malformed) {
            return null;
        }
    }
}
