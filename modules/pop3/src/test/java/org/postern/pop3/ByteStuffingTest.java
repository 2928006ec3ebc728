package org.postern.pop3;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What is sent for a message, against a second, plain statement of the same rules.
class ByteStuffingTest {
    @ParameterizedTest
    @CsvSource(textBlock = """
            '', '', 0
            'a', 'a|', 3
            'a|', 'a|', 3
            '.', '..|', 3
            '.|.|', '..|..|', 6
            'a%b', 'a|b|', 6
            '%.%', '|..|', 5
            'a<b', 'a<b|', 5
            'a<', 'a<|', 4
            '<.|', '<.|', 4
            '|', '|', 2
            """)
    void whole(String message, String expected, long size) throws IOException {
        var out = new ByteArrayOutputStream();
        var lines = new ByteStuffing(out::write, ByteStuffing.WHOLE);
        byte[] octets = decode(message);
        lines.write(octets, 0, octets.length);
        lines.finish();
        assertThat(out.toString(ISO_8859_1)).isEqualTo(new String(decode(expected), ISO_8859_1));
        assertThat(lines.size()).isEqualTo(size);
    }

    /// | is CRLF, % is LF, < is CR
    private static byte[] decode(String text) {
        return text.replace("|", "\r\n").replace('%', '\n').replace('<', '\r').getBytes(ISO_8859_1);
    }

    @Test
    void anyOctetsInAnyPieces() throws IOException {
        var random = new Random(1939);
        for (int round = 0; round < 20_000; round++) {
            StringBuilder text = new StringBuilder();
            for (int left = random.nextInt(30); left > 0; left--) {
                text.append(List.of("\r\n", "\n", "\r", ".", "a", "b").get(random.nextInt(6)));
            }
            byte[] message = text.toString().getBytes(ISO_8859_1);
            long bodyLines = random.nextBoolean() ? ByteStuffing.WHOLE : random.nextInt(4);
            var out = new ByteArrayOutputStream();
            var lines = new ByteStuffing(out::write, bodyLines);
            for (int from = 0; from < message.length; ) {
                int to = Math.min(message.length, from + 1 + random.nextInt(5));
                lines.write(message, from, to);
                from = to;
            }
            lines.finish();
            String sent = out.toString(ISO_8859_1);
            assertThat(sent).as("%s", Arrays.toString(message)).isEqualTo(plainly(text.toString(), bodyLines));
            assertThat(sent).doesNotContain("\r\n.\r\n").doesNotStartWith(".\r\n");
            assertThat(lines.size())
                    .isEqualTo(sent.replaceAll("(^|\\n)\\.", "$1").length());
        }
    }

    private static String plainly(String message, long bodyLines) {
        if (message.isEmpty()) {
            return "";
        }
        String lines = message.replaceAll("(?<!\r)\n", "\r\n");
        if (!lines.endsWith("\r\n")) {
            lines += "\r\n";
        }
        StringBuilder sent = new StringBuilder();
        boolean inBody = false;
        long left = bodyLines;
        for (String line : lines.substring(0, lines.length() - 2).split("\r\n", -1)) {
            if (inBody && left-- == 0) {
                break;
            }
            sent.append(line.startsWith(".") ? "." : "").append(line).append("\r\n");
            inBody |= line.isEmpty();
        }
        return sent.toString();
    }
}
