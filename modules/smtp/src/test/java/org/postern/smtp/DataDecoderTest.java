package org.postern.smtp;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.postern.testkit.Requirement;

/// The end of the data, dots, and what makes a message refused; each cut in two at every place, and octet
/// by octet.
class DataDecoderTest {
    /// What became of data.
    ///
    /// @param rest what follows the end
    private record Outcome(boolean ended, Optional<String> message, Optional<String> refusal, String rest) {}

    private static Outcome decode(String wire, long maximum, int... cuts) {
        byte[] octets = wire.getBytes(ISO_8859_1);
        var message = new ByteArrayOutputStream();
        var incoming = new IncomingMessage(message::write, maximum);
        var decoder = new DataDecoder(incoming);
        int from = 0;
        for (int cut : cuts) {
            from += decoder.decode(octets, from, cut);
            if (from < cut) {
                break;
            }
        }
        from += decoder.decode(octets, from, octets.length);
        Optional<String> refusal = Optional.empty();
        try {
            incoming.requireAccepted();
        } catch (SmtpRefusal refused) {
            refusal = Optional.of(refused.reply().code() + " " + refused.reply().status());
        }
        return new Outcome(
                decoder.ended(),
                refusal.isPresent() ? Optional.empty() : Optional.of(message.toString(ISO_8859_1)),
                refusal,
                new String(octets, from, octets.length - from, ISO_8859_1));
    }

    private static Outcome everyWay(String wire, long maximum) {
        Outcome whole = decode(wire, maximum);
        for (int cut = 0; cut <= wire.length(); cut++) {
            assertThat(decode(wire, maximum, cut)).as("cut at %d", cut).isEqualTo(whole);
        }
        int[] all = new int[wire.length()];
        for (int index = 0; index < all.length; index++) {
            all[index] = index + 1;
        }
        assertThat(decode(wire, maximum, all)).as("octet by octet").isEqualTo(whole);
        return whole;
    }

    private static String escaped(String text) {
        return text.replace("\\r", "\r").replace("\\n", "\n").replace("\\0", "\0");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                ".\\r\\n|``",
                "a\\r\\n.\\r\\n|a\\r\\n",
                "\\r\\n.\\r\\n|\\r\\n",
                "..\\r\\n.\\r\\n|.\\r\\n",
                "...\\r\\n.\\r\\n|..\\r\\n",
                ".a\\r\\n.\\r\\n|a\\r\\n",
                "a.\\r\\n.\\r\\n|a.\\r\\n",
                "a\\r\\n..b\\r\\n.c\\r\\n.\\r\\n|a\\r\\n.b\\r\\nc\\r\\n",
                "a.b\\r\\n\\r\\n.\\r\\n|a.b\\r\\n\\r\\n",
                "\u00e4\u00ff\\r\\n.\\r\\n|\u00e4\u00ff\\r\\n",
            })
    @Requirement("RFC5321-4.5.2")
    void messages(String wire, String message) {
        assertThat(everyWay(escaped(wire) + "QUIT\r\n", 1000))
                .isEqualTo(new Outcome(true, Optional.of(escaped(message)), Optional.empty(), "QUIT\r\n"));
    }

    /// What smuggling tries: ends that some server takes for one. None is, and the message with it is
    /// refused.
    @ParameterizedTest
    @CsvSource({
        "a\\n.\\n",
        "a\\n.\\r\\n",
        "a\\r.\\r",
        "a\\r.\\r\\n",
        "a\\r\\n.\\n",
        "a\\r\\n.\\r",
        "a\\r\\n.\\rb",
        "a\\r\\n.\\r\\rb",
        "a\\r\\r\\n.\\n",
        "a\\n\\r\\n.\\n",
        "a\\r\\n\\0.\\r\\n",
        "\\n.\\r\\n",
        "\\r.\\r\\n",
        ".\\n",
        ".\\rb",
    })
    @Requirement({"RFC5321-4.1.1.4", "RFC5321-2.3.8"})
    void smuggling(String inner) {
        String wire = escaped(inner) + "MAIL FROM:<x@example.org>\r\n.\r\nNOOP\r\n";
        assertThat(everyWay(wire, 1000))
                .isEqualTo(new Outcome(true, Optional.empty(), Optional.of("554 5.6.0"), "NOOP\r\n"));
    }

    @Test
    void noEndNoMessage() {
        for (String wire : new String[] {"", "a", "a\r\n", "a\r\n.", "a\r\n.\r", "a.\r\n", "\r\n"}) {
            assertThat(everyWay(wire, 1000).ended()).as(wire).isFalse();
        }
    }

    @Test
    @Requirement("RFC1870-6.3")
    void tooLargeIsReadToItsEnd() {
        String message = "12345678\r\n";
        assertThat(everyWay(message + ".\r\nX", 10))
                .isEqualTo(new Outcome(true, Optional.of(message), Optional.empty(), "X"));
        assertThat(everyWay(message + ".\r\nX", 9))
                .isEqualTo(new Outcome(true, Optional.empty(), Optional.of("552 5.3.4"), "X"));
        assertThat(everyWay("..\r\n.\r\n", 3).refusal())
                .as("stuffed dots do not count")
                .isEmpty();
    }

    @Test
    void linesMayBeLongButNotEndless() {
        assertThat(decode("a".repeat(1024 * 1024) + "\r\n.\r\n", 1 << 24).refusal())
                .isNotEmpty();
        assertThat(decode(("a".repeat(100_000) + "\r\n").repeat(20) + ".\r\n", 1 << 24)
                        .refusal())
                .isEmpty();
    }

    @Test
    void whatTheSinkThrowsWaitsForTheEnd() {
        var incoming = new IncomingMessage(
                (octets, offset, length) -> {
                    throw new IllegalStateException("disk full");
                },
                100);
        var decoder = new DataDecoder(incoming);
        byte[] wire = "a\r\nb\r\n.\r\n".getBytes(ISO_8859_1);
        assertThat(decoder.decode(wire, 0, wire.length)).isEqualTo(wire.length);
        assertThat(decoder.ended()).isTrue();
        assertThatThrownBy(incoming::requireAccepted).hasMessage("disk full");
    }
}
