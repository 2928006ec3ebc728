package org.postern.message;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.io.StringReader;
import java.nio.charset.Charset;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.postern.testkit.Requirement;

@Requirement("RFC3501-6.4.4")
class TextSearchTest {
    private static final Extracted MESSAGE = Extracted.of("""
            Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?= =?iso-8859-1?B?IGF1cyBL9mxu?=
            From: =?utf-8?B?SsO2cmc=?= <joerg@example.org>
            X-Folded: one
             two
            X-Empty:
            Content-Type: multipart/mixed; boundary=b

            preamble
            --b
            Content-Type: text/plain; charset=iso-8859-1
            Content-Transfer-Encoding: quoted-printable

            caf=E9 soft=
            break
            --b
            Content-Type: text/plain; charset=utf-8
            Content-Transfer-Encoding: base64

            0J/RgNC40LLQtdGCLCDQvNC40YAhIM6fzrTPhc+DzrXPjc+CIPCfmIA=
            --b
            Content-Type: application/pdf; name="Rechnung.pdf"

            binarytext
            --b
            Content-Type: message/rfc822

            Subject: =?utf-8?Q?inner_=C3=A4?=

            inner text
            --b--
            """);

    @ParameterizedTest
    @CsvSource({
        "CAF\u00c9, true",
        "softbreak, true",
        "\u043f\u0440\u0438\u0432\u0435\u0442, true",
        "\u039f\u0394\u03a5\u03a3\u0395\u038e\u03a3, true",
        "\ud83d\ude00, true",
        "rechnung, true",
        "inner \u00e4, true",
        "INNER TEXT, true",
        "preamble, false",
        "binarytext, false",
        "joerg, false",
        "'', true",
    })
    void bodySearchReadsDecodedTextAndInnerHeaders(String text, boolean found) throws IOException {
        assertThat(new TextSearch(text).inBody(MESSAGE.outline(), MESSAGE::open))
                .isEqualTo(found);
    }

    @ParameterizedTest
    @CsvSource({
        "gr\u00fc\u00dfe aus k\u00d6ln, true",
        "joerg@, true",
        "inner, true",
        "nowhere, false",
        "x-folded: ONE two, true"
    })
    void textSearchReadsTheHeaderToo(String text, boolean found) throws IOException {
        assertThat(new TextSearch(text).inText(MESSAGE.outline(), MESSAGE::open))
                .isEqualTo(found);
    }

    @Test
    void headerSearchByName() throws IOException {
        HeaderText header = HeaderText.read(MESSAGE.open(0, MESSAGE.octets().length));
        assertThat(new TextSearch("J\u00d6RG").inField(header, "from")).isTrue();
        assertThat(new TextSearch("j\u00f6rg").inField(header, "To")).isFalse();
        assertThat(new TextSearch("one two").inField(header, "X-FOLDED")).isTrue();
        assertThat(new TextSearch("").inField(header, "x-empty")).isTrue();
        assertThat(new TextSearch("").inField(header, "x-missing")).isFalse();
        assertThat(header.values("Subject")).containsExactly("Gr\u00fc\u00dfe aus K\u00f6ln");
    }

    @Test
    void eightBitHeadersAreUtf8OrElseWindows1252() throws IOException {
        assertThat(header("Subject: Gr\u00fc\u00dfe\n".getBytes(UTF_8)).values("subject"))
                .containsExactly("Gr\u00fc\u00dfe");
        assertThat(header("Subject: Gr\u00fc\u00dfe \u0080\n".getBytes(ISO_8859_1))
                        .values("subject"))
                .containsExactly("Gr\u00fc\u00dfe \u20ac");
    }

    @ParameterizedTest
    @CsvSource({
        "7BIT, no-such-charset, abc\u00fc",
        "7BIT, not a name!, abc\u00fc",
        "X-UNKNOWN, '', abc\u00fc",
        "8BIT, us-ascii, abc\u00fc",
        "8BIT, iso-8859-1, abc\u00fc",
    })
    void unknownCharsetsAndEncodingsAreReadLeniently(String encoding, String charset, String expected)
            throws IOException {
        byte[] octets = "abc\u00fc".getBytes(charset.startsWith("iso") ? ISO_8859_1 : UTF_8);
        Part part = new Part("text", "plain", 0, 0, 0, octets.length, 0, encoding, charset, List.of());
        try (Reader reader = PartText.open(part, new ByteArrayInputStream(octets))) {
            assertThat(reader.readAllAsString()).isEqualTo(expected);
        }
    }

    /// RFC 2047 §8: the table of encoded words and their display.
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            =?ISO-8859-1?Q?a?= | a
            =?ISO-8859-1?Q?a?= b | a b
            =?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?= | ab
            =?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?= | ab
            =?ISO-8859-1?Q?a_b?= | a b
            =?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?= | a b
            =?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu> | Keith Moore <moore@cs.utk.edu>
            =?ISO-8859-1?Q?Patrik_F=E4ltstr=F6m?= <paf@nada.kth.se> | Patrik F\u00e4ltstr\u00f6m <paf@nada.kth.se>
            =?no-such-charset?Q?a?= | a
            =?utf-8?X?a?= | =?utf-8?X?a?=
            """)
    @Requirement("RFC2047-8")
    void encodedWordsAreDecoded(String field, String expected) throws IOException {
        assertThat(header(("Subject: " + field + "\n").getBytes(UTF_8)).values("subject"))
                .containsExactly(expected);
    }

    @Test
    void aLongValueIsDecodedInSlices() throws IOException {
        String field = "Subject: " + "=?utf-8?Q?=C3=BC?= plain ".repeat(2_000) + "\n";
        assertThat(header(field.getBytes(UTF_8)).values("subject"))
                .containsExactly("\u00fc plain ".repeat(2_000).strip());
        // Without bounds this one takes a quarter of a minute.
        assertThat(header(("Subject: " + "=?".repeat(400_000) + "\n").getBytes(UTF_8))
                        .values("subject"))
                .hasSize(1);
    }

    @Test
    void everyCharsetReadsNoiseToItsEnd() throws IOException {
        byte[] noise = new byte[30_000];
        new Random(11).nextBytes(noise);
        for (Charset charset : Charset.availableCharsets().values()) {
            Part part = new Part("text", "plain", 0, 0, 0, noise.length, 0, "8BIT", charset.name(), List.of());
            try (Reader reader = PartText.open(part, new ByteArrayInputStream(noise))) {
                assertThat(reader.readAllAsString()).as(charset.name()).isNotEmpty();
            }
        }
    }

    /// The matcher against the obvious way, on text that almost matches all the time.
    @Test
    void theMatcherFindsWhatIndexOfFinds() throws IOException {
        Random random = new Random(7);
        for (int i = 0; i < 20_000; i++) {
            String text = word(random, random.nextInt(30));
            String needle = word(random, 1 + random.nextInt(6));
            assertThat(new TextMatcher(needle).isIn(new StringReader(text)))
                    .as("%s in %s", needle, text)
                    .isEqualTo(CaseFolding.fold(text).contains(CaseFolding.fold(needle)));
        }
    }

    private static String word(Random random, int length) {
        StringBuilder word = new StringBuilder();
        for (int i = 0; i < length; i++) {
            word.append("aAb\u00e4\u00c4".charAt(random.nextInt(5)));
        }
        return word.toString();
    }

    private static HeaderText header(byte[] octets) throws IOException {
        InputStream stream = new ByteArrayInputStream(octets);
        return HeaderText.read(stream);
    }
}
