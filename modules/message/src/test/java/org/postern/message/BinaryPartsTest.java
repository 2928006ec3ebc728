package org.postern.message;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.postern.message.BinaryParts.NotEncodable;
import org.postern.testkit.Requirement;

/// Binary parts become base64, and nothing else changes.
@Requirement("RFC3030-3")
@SuppressWarnings("StringConcatToTextBlock") // the lines end in CRLF
class BinaryPartsTest {
    private static String encoded(String message) throws IOException, NotEncodable {
        var out = new ByteArrayOutputStream();
        byte[] octets = message.getBytes(ISO_8859_1);
        BinaryParts.encode(() -> new ByteArrayInputStream(octets), out::write);
        return out.toString(ISO_8859_1);
    }

    private static Part outline(String message) throws IOException {
        return new StructureScanner(new ByteArrayInputStream(message.getBytes(ISO_8859_1)))
                .scan()
                .toPart();
    }

    private static String content(String message, Part leaf) throws IOException {
        byte[] body = message.getBytes(ISO_8859_1);
        var octets = new ByteArrayInputStream(body, (int) leaf.bodyOffset(), (int) leaf.bodyLength());
        return new String(
                TransferEncoding.decoded(leaf.transferEncoding(), octets).readAllBytes(), ISO_8859_1);
    }

    /// The same parts, with the same content, and none of them binary.
    static void requireSame(String before, Part was, String after, Part is) throws IOException {
        assertThat(is.type() + "/" + is.subtype()).isEqualTo(was.type() + "/" + was.subtype());
        assertThat(is.transferEncoding()).isNotEqualTo("BINARY");
        assertThat(is.children()).hasSameSizeAs(was.children());
        for (int index = 0; index < was.children().size(); index++) {
            requireSame(before, was.children().get(index), after, is.children().get(index));
        }
        if (was.children().isEmpty()) {
            assertThat(content(after, is)).isEqualTo(content(before, was));
        }
    }

    @Test
    void atAnyNesting() throws IOException, NotEncodable {
        var random = new Random(7);
        byte[] octets = new byte[1_000];
        random.nextBytes(octets);
        String binary = new String(octets, ISO_8859_1).replace("-", "+"); // no delimiter by chance
        String message = ("Subject: outer\nContent-Type: multipart/mixed; boundary=a\n"
                        + "Content-Transfer-Encoding: BINARY\n\npreamble\n"
                        + "--a\nContent-Type: text/plain\n\nplain\n"
                        + "--a\nContent-Type: image/png\nContent-Transfer-Encoding:\n binary\nX-Other: stays\n\n{0}\n"
                        + "--a\nContent-Type: message/rfc822\nContent-Transfer-Encoding: binary\n\n"
                        + "Subject: inner\nContent-Type: multipart/mixed; boundary=ab\n\n"
                        + "--ab\nContent-Transfer-Encoding: binary\n\n{0}\n"
                        + "--ab\nContent-Transfer-Encoding: binary\n\n\n"
                        + "--ab--\nepilogue of b\n"
                        + "--a\nContent-Type: application/x\ncontent-transfer-encoding: Binary (so it is)\n\n{0}\n"
                        + "--a--\nepilogue\n")
                .replace("\n", "\r\n")
                .replace("{0}", binary);
        String result = encoded(message);
        requireSame(message, outline(message), result, outline(result));
        assertThat(result)
                .contains("preamble", "plain", "X-Other: stays", "epilogue of b", "epilogue\r\n")
                .startsWith("Subject: outer\r\nContent-Type: multipart/mixed; boundary=a\r\n"
                        + "Content-Transfer-Encoding: 8bit\r\n\r\npreamble\r\n--a\r\n");
        assertThat(result.replace("\r\n", "")).doesNotContain("\r", "\n", "\0");
        assertThat(result.lines()).allMatch(line -> line.length() <= 76);
        assertThat(encoded(result)).isEqualTo(result);
    }

    @Test
    void onePartAlone() throws IOException, NotEncodable {
        assertThat(encoded("Content-Transfer-Encoding: binary\r\n\r\n\0\r\n.\n"))
                .isEqualTo("Content-Transfer-Encoding: base64\r\n\r\nAA0KLgo=");
        assertThat(encoded("Content-Transfer-Encoding: binary\r\n\r\n"))
                .isEqualTo("Content-Transfer-Encoding: base64\r\n\r\n");
        String clean = "Subject: x\r\n\r\nlines\r\nonly\r\n";
        assertThat(encoded(clean)).isEqualTo(clean);
    }

    @Test
    void whatCannotBeKeptIsRefused() {
        for (String message : new String[] {
            "Subject: a\0b\r\n\r\nx",
            "Subject: x\r\n\r\na\nb\r\n",
            "Subject: x\r\n\r\na\rb\r\n",
            "Subject: x\r\n\r\na\r",
            "Content-Transfer-Encoding: binary\nSubject: x\r\n\r\nx",
            "Content-Transfer-Encoding: 8bit\r\n\r\na\0b",
            // a delimiter behind an LF alone is none (RFC 2046 §5.1.1), but many would read it as one
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: binary\r\n\r\nx\n--b--\r\n",
            "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: binary\r\n\r\nx\r\n--b--\r\n",
        }) {
            assertThatThrownBy(() -> encoded(message)).as(message).isInstanceOf(NotEncodable.class);
        }
    }

    /// Whatever octets come: the same message in lines, or none.
    static void check(byte[] octets) throws IOException {
        String message = new String(octets, ISO_8859_1);
        String result;
        try {
            result = encoded(message);
        } catch (NotEncodable refused) {
            return;
        }
        assertThat(result.replace("\r\n", "")).doesNotContain("\r", "\n", "\0");
        requireSame(message, outline(message), result, outline(result));
    }

    /// Delimiters, line ends and labels in any order: the seeds of the fuzzer, run in every build.
    @Test
    void randomMixes() throws IOException {
        String[] pieces = {
            "--b",
            "--b--",
            "\r\n",
            "\r\n",
            "\n",
            "\r",
            "\0",
            "x",
            "\r\n\r\n",
            "Content-Transfer-Encoding: binary\r\n",
            "Content-Type: multipart/mixed; boundary=b\r\n",
            "Content-Type: message/rfc822\r\n",
            "\r\n--b\r\n",
        };
        var random = new Random(11);
        for (int count = 0; count < 3_000; count++) {
            StringBuilder message = new StringBuilder("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n");
            for (int piece = random.nextInt(14); piece >= 0; piece--) {
                message.append(pieces[random.nextInt(pieces.length)]);
            }
            check(message.toString().getBytes(ISO_8859_1));
        }
    }
}
