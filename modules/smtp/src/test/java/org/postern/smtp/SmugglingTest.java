package org.postern.smtp;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.postern.message.BinaryParts;
import org.postern.testkit.Requirement;

/// Every mix of the octets that smuggling is made of, by DATA and by BDAT, cut at every border: a message
/// is taken octet for octet as it was sent, or refused; and its end is where CRLF "." CRLF, or the
/// announced size, says.
@Requirement("RFC5321-2.3.8")
class SmugglingTest {
    private static final byte[] OCTETS = "\r\n.\0a".getBytes(ISO_8859_1);
    private static final int LENGTH = 6;

    private static List<byte[]> mixes() {
        List<byte[]> mixes = new ArrayList<>();
        int count = (int) Math.pow(OCTETS.length, LENGTH);
        for (int number = 0; number < count; number++) {
            byte[] mix = new byte[LENGTH];
            for (int at = 0, rest = number; at < LENGTH; at++, rest /= OCTETS.length) {
                mix[at] = OCTETS[rest % OCTETS.length];
            }
            mixes.add(mix);
        }
        return mixes;
    }

    /// What RFC 5321 §2.3.8 lets through: no NUL, no CR or LF by itself.
    private static boolean isClean(String text) {
        return text.replace("\r\n", "").chars().noneMatch(octet -> octet == '\r' || octet == '\n' || octet == 0);
    }

    private static boolean isAccepted(IncomingMessage message) {
        try {
            message.requireAccepted();
            return true;
        } catch (SmtpRefusal refused) {
            return false;
        }
    }

    @Test
    void data() {
        for (byte[] mix : mixes()) {
            byte[] wire = (new String(mix, ISO_8859_1) + "\r\n.\r\nRSET\r\n").getBytes(ISO_8859_1);
            String text = new String(wire, ISO_8859_1);
            int end = text.startsWith(".\r\n") ? 0 : text.indexOf("\r\n.\r\n") + 2;
            String sent = text.substring(0, end);
            // RFC 5321 §4.5.2: the first dot of a line goes
            String meant = ("\r\n" + sent).replace("\r\n.", "\r\n").substring(2);
            for (int cut = 0; cut <= end + 3; cut++) {
                var received = new ByteArrayOutputStream();
                var message = new IncomingMessage(received::write, 1_000);
                var decoder = new DataDecoder(message);
                int taken = decoder.decode(wire, 0, cut);
                if (!decoder.ended()) {
                    taken += decoder.decode(wire, cut, wire.length);
                }
                assertThat(decoder.ended()).as(text).isTrue();
                assertThat(taken).as(text).isEqualTo(end + 3);
                assertThat(isAccepted(message)).as(text).isEqualTo(isClean(sent));
                if (isClean(sent)) {
                    assertThat(received.toString(ISO_8859_1)).isEqualTo(meant);
                }
            }
        }
    }

    @Test
    void chunks() {
        for (byte[] mix : mixes()) {
            String text = new String(mix, ISO_8859_1);
            for (int cut = 0; cut <= mix.length; cut++) {
                var received = new ByteArrayOutputStream();
                var message = new IncomingMessage(received::write, 1_000);
                var decoder = new ChunkDecoder(message, false);
                decoder.decode(mix, 0, cut);
                decoder.decode(mix, cut, mix.length);
                decoder.end();
                assertThat(isAccepted(message)).as(text).isEqualTo(isClean(text));
                if (isClean(text)) {
                    assertThat(received.toByteArray()).isEqualTo(mix);
                }
            }
        }
    }

    /// RFC 3030 §3: after BODY=BINARYMIME every octet is handed on; and what is kept of it is the mix in base64
    /// where its part is binary, the mix as it is where it is clean, or nothing.
    @Test
    @Requirement("RFC3030-3")
    void binaryChunks() throws IOException {
        for (byte[] mix : mixes()) {
            String text = new String(mix, ISO_8859_1);
            for (boolean binary : new boolean[] {true, false}) {
                byte[] wire = ("Content-Transfer-Encoding: " + (binary ? "binary" : "8bit") + "\r\n\r\n" + text)
                        .getBytes(ISO_8859_1);
                var received = new ByteArrayOutputStream();
                var message = new IncomingMessage(received::write, 1_000);
                var decoder = new ChunkDecoder(message, true);
                decoder.decode(wire, 0, wire.length - 3);
                decoder.decode(wire, wire.length - 3, wire.length);
                decoder.end();
                message.requireAccepted();
                assertThat(received.toByteArray()).isEqualTo(wire);
                var kept = new ByteArrayOutputStream();
                try {
                    BinaryParts.encode(() -> new ByteArrayInputStream(wire), kept::write);
                    assertThat(kept.toString(ISO_8859_1))
                            .isEqualTo(
                                    binary
                                            ? "Content-Transfer-Encoding: base64\r\n\r\n"
                                                    + Base64.getEncoder().encodeToString(mix)
                                            : new String(wire, ISO_8859_1));
                    assertThat(binary || isClean(text)).as(text).isTrue();
                } catch (BinaryParts.NotEncodable refused) {
                    assertThat(binary || isClean(text)).as(text).isFalse();
                }
            }
        }
    }
}
