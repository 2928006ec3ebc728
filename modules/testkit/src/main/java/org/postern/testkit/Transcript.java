package org.postern.testkit;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A conversation as a file: what clients send and what the server must answer, line by line.
///
/// ```
/// # a comment
/// open bob starttls        a connection named bob; the unnamed one opens by itself, on the implicit TLS port
/// C: a1 NOOP               the client sends this line, and CRLF
/// S: a1 OK {{*}}           the next line of the server is this
/// C bob: b1 NOOP           the same on the connection named bob
/// never bob: EXPUNGE       from here on no line of the server on this connection holds this text
/// tls bob                  the client begins TLS on the connection
/// end                      the server closes the connection and says nothing more
/// close bob                the client closes it
/// ```
///
/// In a line of the server `{{*}}` stands for anything, `{{name=regex}}` matches and remembers, and `{{name}}` is
/// what was remembered, on either side. `\xNN` is an octet. A line of the client that ends in `<<WORD` is followed
/// by the lines of an IMAP literal up to WORD alone: its octets are counted, and sent once the server invites
/// them; after `<<+WORD` at once. `C-: text` sends without CRLF. Every connection ends with `end` or `close`, so
/// that nothing that the server says is left unread.
public record Transcript(Path file, List<Step> steps) {
    public sealed interface Step {
        int line();

        String connection();
    }

    public record Open(int line, String connection, boolean startTls) implements Step {}

    /// One line, or a part of one, with the literal that ends it.
    public record Send(
            int line,
            String connection,
            String text,
            boolean crlf,
            @Nullable Literal literal) implements Step {}

    public record Literal(List<String> lines, boolean invited) {}

    public record Expect(int line, String connection, String pattern) implements Step {}

    public record Never(int line, String connection, String text) implements Step {}

    public record BeginTls(int line, String connection) implements Step {}

    public record End(int line, String connection) implements Step {}

    public record Close(int line, String connection) implements Step {}

    private static final Pattern STEP = Pattern.compile(
            "(C-?|S|never)( [a-z]+)?: ?(.*)|(open|tls|end|close)( (?!implicit|starttls)[a-z]+)?( implicit| starttls)?");
    private static final Pattern LITERAL = Pattern.compile("(.*)<<(\\+?)([A-Z]+)");

    /// All files `*.txt` of a directory, in the order of their names.
    public static List<Transcript> all(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            List<Path> sorted = files.filter(file -> file.toString().endsWith(".txt"))
                    .sorted()
                    .toList();
            List<Transcript> transcripts = new ArrayList<>();
            for (Path file : sorted) {
                transcripts.add(read(file));
            }
            return transcripts;
        }
    }

    public static Transcript read(Path file) throws IOException {
        List<String> lines = Files.readAllLines(file, StandardCharsets.UTF_8);
        List<Step> steps = new ArrayList<>();
        for (int index = 0; index < lines.size(); index++) {
            String line = lines.get(index);
            if (line.isBlank() || line.startsWith("#")) {
                continue;
            }
            Matcher step = STEP.matcher(line);
            if (!step.matches()) {
                throw new IllegalArgumentException(file + ":" + (index + 1) + ": no step: " + line);
            }
            int number = index + 1;
            String connection =
                    name(step.group(2) == null ? step.group(5) : step.group(2)).strip();
            String text = name(step.group(3));
            switch (step.group(1) == null ? step.group(4) : step.group(1)) {
                case "C", "C-" -> {
                    Matcher literal = LITERAL.matcher(text);
                    boolean crlf = !step.group(1).equals("C-");
                    if (literal.matches()) {
                        List<String> content = new ArrayList<>();
                        while (!lines.get(++index).equals(literal.group(3))) {
                            content.add(lines.get(index));
                        }
                        steps.add(new Send(
                                number,
                                connection,
                                literal.group(1),
                                crlf,
                                new Literal(content, literal.group(2).isEmpty())));
                    } else {
                        steps.add(new Send(number, connection, text, crlf, null));
                    }
                }
                case "S" -> steps.add(new Expect(number, connection, text));
                case "never" -> steps.add(new Never(number, connection, text));
                case "open" -> steps.add(new Open(number, connection, " starttls".equals(step.group(6))));
                case "tls" -> steps.add(new BeginTls(number, connection));
                case "end" -> steps.add(new End(number, connection));
                default -> steps.add(new Close(number, connection));
            }
        }
        return new Transcript(file, List.copyOf(steps));
    }

    private static String name(@Nullable String text) {
        return text == null ? "" : text;
    }

    @Override
    public String toString() {
        return file.getFileName().toString();
    }
}
