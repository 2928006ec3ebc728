package org.postern.message;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.postern.message.SectionText.HEADER;
import static org.postern.message.SectionText.MIME;
import static org.postern.message.SectionText.TEXT;

import java.io.IOException;
import java.io.InputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postern.testkit.Requirement;

/// A zoo of mail as it should not be. Each case says what the recipient still gets to see.
@Requirement("RFC2045-5.2")
class BrokenMimeTest {
    private static final String MIXED = "Content-Type: multipart/mixed; boundary=b\n\n";

    @Test
    void theLastDelimiterIsMissing() {
        Extracted message = Extracted.of(MIXED + "--b\n\none\n--b\n\ntwo\n");
        assertThat(message.whole(1)).isEqualTo("one");
        assertThat(message.whole(2)).isEqualTo("two\r\n");
    }

    @Test
    void theInnerMultipartIsNeverClosed() {
        Extracted message = Extracted.of(MIXED
                + "--b\nContent-Type: multipart/alternative; boundary=inner\n\n--inner\n\nin\n--b\n\nout\n--b--\n");
        assertThat(message.whole(1, 1)).isEqualTo("in");
        assertThat(message.whole(2)).isEqualTo("out");
    }

    /// RFC 2046 §5.1.1 allows boundaries of nested multiparts that are prefixes of one another.
    @Test
    @Requirement("RFC2046-5.1.1")
    void boundariesThatArePrefixesOfOneAnother() {
        for (String[] pair : new String[][] {{"b", "bb"}, {"bb", "b"}}) {
            Extracted message = Extracted.of("Content-Type: multipart/mixed; boundary=" + pair[0] + "\n\n--" + pair[0]
                    + "\nContent-Type: multipart/mixed; boundary=" + pair[1] + "\n\n--" + pair[1] + "\n\none\n--"
                    + pair[1] + "  \n\ntwo\n--" + pair[1] + "--\n--" + pair[0] + "\n\nthree\n--" + pair[0] + "--\n");
            assertThat(message.whole(1, 1)).isEqualTo("one");
            assertThat(message.whole(1, 2)).isEqualTo("two");
            assertThat(message.whole(2)).isEqualTo("three");
        }
    }

    @Test
    @Requirement("RFC2046-5.1.1")
    void aDelimiterMayHavePaddingAndTrailingText() {
        Extracted message = Extracted.of(MIXED + "--b \t\n\none\n--b and more\n\ntwo\n--b--   \nepilogue\n--b\n");
        assertThat(message.whole(1)).isEqualTo("one");
        assertThat(message.whole(2)).isEqualTo("two");
        assertThat(message.whole(3)).isEqualTo("none");
    }

    @Test
    void anEmptyMultipartHasAnEmptyPart() {
        assertThat(Extracted.of(MIXED + "--b--\n").body())
                .isEqualTo("((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 0 0) \"MIXED\")");
        assertThat(Extracted.of("Content-Type: multipart/mixed; boundary=b\n").whole(1))
                .isEmpty();
    }

    @Test
    void aMultipartWithoutAnyDelimiterShowsItsText() {
        Extracted message = Extracted.of(MIXED + "just text\n");
        assertThat(message.body()).endsWith("\"7BIT\" 11 1) \"MIXED\")");
        assertThat(message.whole(1)).isEqualTo("just text\r\n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "multipart/mixed",
                "multipart/mixed; boundary=\"\"",
                "multipart/mixed; boundary=\" \"",
                "text",
                "/plain",
                "text/",
                ";",
                "\"text/plain\"; x",
                "te xt/pl ain",
                "multipart",
                "\u00e4/b",
                ""
            })
    void aContentTypeThatCannotBeFollowedIsPlainText(String contentType) {
        Extracted message = Extracted.of("Content-Type: " + contentType + "\n\n--b\n\nx\n--b--\n");
        assertThat(message.body()).startsWith("(\"TEXT\" \"PLAIN\" ");
        assertThat(message.whole(1)).isEqualTo("--b\r\n\r\nx\r\n--b--\r\n");
    }

    @Test
    void aMissingSemicolonAndSloppyParametersAreRead() {
        assertThat(Extracted.of("Content-Type: Text/HTML charset=utf-8\n\n").body())
                .startsWith("(\"TEXT\" \"HTML\" NIL");
        assertThat(Extracted.of("Content-Type: a/b; name=My File.txt; ; x; =y;z=\"open\n\n")
                        .body())
                .startsWith("(\"A\" \"B\" (\"name\" \"My File.txt\" \"x\" \"\" \"z\" \"open\")");
    }

    @Test
    void aPartWithoutHeaderAndBlankLine() {
        Extracted message = Extracted.of(MIXED + "--b\nHello: no, hello\nthere\n--b\nHi there\nyou\n--b--\n");
        assertThat(message.section(MIME, 1)).isEqualTo("Hello: no, hello\r\n");
        assertThat(message.whole(1)).isEqualTo("there");
        assertThat(message.section(MIME, 2)).isEmpty();
        assertThat(message.whole(2)).isEqualTo("Hi there\r\nyou");
    }

    @Test
    void aPartThatEndsInItsHeader() {
        Extracted message =
                Extracted.of(MIXED + "--b\nContent-Type: text/html\n--b\n--b\nContent-Type: image/png\n\n--b--\n");
        assertThat(message.body())
                .isEqualTo("((\"TEXT\" \"HTML\" NIL NIL NIL \"7BIT\" 0 0)"
                        + "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 0 0)"
                        + "(\"IMAGE\" \"PNG\" NIL NIL NIL \"7BIT\" 0) \"MIXED\")");
    }

    @Test
    void aFieldBrokenInTwoDoesNotEndAMessageHeader() {
        Extracted message = Extracted.of("X-Spam: a long\nreport of things\nSubject: kept\n\nbody\n");
        assertThat(message.envelope()).contains("\"kept\"");
        assertThat(message.section(TEXT)).isEqualTo("body\r\n");
    }

    @Test
    void aMessageWithoutHeader() {
        Extracted message = Extracted.of("Just a line\nSubject: not one\n");
        assertThat(message.section(HEADER)).isEmpty();
        assertThat(message.whole(1)).isEqualTo("Just a line\r\nSubject: not one\r\n");
        assertThat(Extracted.of("").body()).contains("\"7BIT\" 0 0)");
    }

    @Test
    void theSeparatorLineOfAnMboxIsHeader() {
        Extracted message = Extracted.of("From me@here Mon Jan  1 00:00:00 2024\nSubject: kept\n\nbody\n");
        assertThat(message.envelope()).startsWith("(NIL \"kept\" NIL");
        assertThat(message.section(TEXT)).isEqualTo("body\r\n");
    }

    @Test
    void bareLineFeedsAreLineEnds() {
        Extracted message = Extracted.exactly(MIXED + "--b\n\none\ntwo\n--b\r\n\r\nthree\r\n--b--");
        assertThat(message.whole(1)).isEqualTo("one\ntwo");
        assertThat(message.whole(2)).isEqualTo("three");
        assertThat(message.section(HEADER)).isEqualTo(MIXED);
    }

    @Test
    void aBareCarriageReturnIsNot() {
        Extracted message = Extracted.exactly("Subject: a\rContent-Type: text/html\r\n\r\nx\r--b\ry\r\n");
        assertThat(message.body()).startsWith("(\"TEXT\" \"PLAIN\"").endsWith("9 1)");
    }

    /// RFC 2046 §5.2.1 forbids a transfer encoding here: it is not undone, and what is seen is no header.
    @Test
    @Requirement("RFC2046-5.2.1")
    void anEncodedMessageIsTakenAsItStands() {
        Extracted message = Extracted.of(
                MIXED
                        + "--b\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogeA0KDQp5\n--b--\n");
        assertThat(message.body())
                .isEqualTo("((\"MESSAGE\" \"RFC822\" NIL NIL NIL \"BASE64\" 20"
                        + " (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"
                        + " (\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 20 0) 0) \"MIXED\")");
        assertThat(message.whole(1, 1)).isEqualTo("U3ViamVjdDogeA0KDQp5");
    }

    @Test
    void nestingIsBounded() throws IOException {
        StringBuilder deep = new StringBuilder();
        for (int i = 0; i < 1000; i++) {
            deep.append("Content-Type: multipart/mixed; boundary=b")
                    .append(i)
                    .append("\n\n--b")
                    .append(i)
                    .append('\n');
        }
        byte[] octets =
                deep.append("\ninnermost\n").toString().replace("\n", "\r\n").getBytes(ISO_8859_1);
        Invariants.check(octets);
        assertThat(WireChecker.bodyDepth(Extracted.of(octets).extract().bodyStructure()))
                .isEqualTo(101);
        Extracted messages = Extracted.of("Content-Type: message/rfc822\n\n".repeat(1000));
        assertThat(WireChecker.bodyDepth(messages.extract().bodyStructure())).isEqualTo(101);
    }

    @Test
    void partsAreCountedAndTheRestIsText() throws IOException {
        Extracted message = Extracted.of(MIXED + "--b\n\nx\n".repeat(12_000) + "--b--\n");
        Part root = message.outline().root();
        assertThat(root.children().size()).isEqualTo(10_000);
        assertThat(root.children().getLast().bodyLength()).isGreaterThan(2_000 * 9);
        assertThat(message.extract().bodyStructure().length).isLessThan(1 << 20);
        Invariants.check(message.octets());
    }

    @Test
    void structureStaysBelowOneMebibyteWhateverTheHeadersHold() throws IOException {
        String part = "--b\nContent-Type: a/b; " + "n=\"" + "\\\"".repeat(9_000) + "\"\nContent-Description: "
                + "d".repeat(40_000) + "\n\nx\n";
        Extracted message = Extracted.of(MIXED + part.repeat(100) + "--b--\n");
        assertThat(message.extract().bodyStructure().length).isLessThan(1 << 20);
        Invariants.check(message.octets());
    }

    @Test
    void aHeaderIsConsideredUpToOneMebibyte() {
        String junk = "X-Junk: " + "x".repeat(990) + "\n";
        Extracted message = Extracted.of("Subject: early\n" + junk.repeat(1_100) + "Date: late\n\nbody\n");
        assertThat(message.envelope()).startsWith("(NIL \"early\" NIL");
        assertThat(message.section(TEXT)).isEqualTo("body\r\n");
    }

    /// 300 MB in lines of 100 MB through a heap that holds none of them.
    @Test
    @Tag("long")
    void endlessLinesTakeNoMemory() throws IOException {
        long size = 300_000_000;
        InputStream endless = new InputStream() {
            private long position;

            @Override
            public int read() {
                return position == size ? -1 : position++ % 100_000_000 == 0 ? '\n' : '-';
            }

            @Override
            public int read(byte[] target, int offset, int length) {
                int count = 0;
                for (int octet = 0; count < length && (octet = read()) >= 0; count++) {
                    target[offset + count] = (byte) octet;
                }
                return count == 0 ? -1 : count;
            }
        };
        assertThat(MessageExtractor.extract(endless).size()).isEqualTo(size);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1_000_000})
    void randomMailKeepsTheInvariants(long firstSeed) throws IOException {
        for (long seed = firstSeed; seed < firstSeed + 1_000; seed++) {
            try {
                Invariants.check(RandomMail.of(seed));
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
    }
}
