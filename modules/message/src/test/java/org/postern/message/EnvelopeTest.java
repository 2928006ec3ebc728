package org.postern.message;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.LocalDate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.postern.testkit.Requirement;

@Requirement("RFC3501-7.4.2")
class EnvelopeTest {
    /// RFC 3501 §8, the message of the sample connection.
    @Test
    void sampleConnectionOfTheRfc() {
        Extracted message = Extracted.of("""
                Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)
                From: Terry Gray <gray@cac.washington.edu>
                Subject: IMAP4rev1 WG mtg summary and minutes
                To: imap@cac.washington.edu
                cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>
                Message-Id: <B27397-0100000@cac.washington.edu>
                MIME-Version: 1.0
                Content-Type: TEXT/PLAIN; CHARSET=US-ASCII

                text
                """);
        assertThat(message.envelope())
                .isEqualTo("(\"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\" \"IMAP4rev1 WG mtg summary and minutes\""
                        + " ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\"))"
                        + " ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\"))"
                        + " ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\"))"
                        + " ((NIL NIL \"imap\" \"cac.washington.edu\"))"
                        + " ((NIL NIL \"minutes\" \"CNRI.Reston.VA.US\")"
                        + "(\"John Klensin\" NIL \"KLENSIN\" \"MIT.EDU\")) NIL NIL"
                        + " \"<B27397-0100000@cac.washington.edu>\")");
        assertThat(message.body()).isEqualTo("(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 6 1)");
        assertThat(message.extract().sentDate())
                .isEqualTo((int) LocalDate.of(1996, 7, 17).toEpochDay());
    }

    @Test
    void missingIsNilAndEmptyIsEmpty() {
        assertThat(Extracted.of("\nbody").envelope()).isEqualTo("(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)");
        assertThat(Extracted.of("Date:\nSubject: \nFrom:\nTo: \nIn-Reply-To:\nMessage-ID:\n\n")
                        .envelope())
                .isEqualTo("(\"\" \"\" NIL NIL NIL NIL NIL NIL \"\" \"\")");
    }

    @Test
    void senderAndReplyToStandForThemselvesWhenGiven() {
        assertThat(Extracted.of("From: a@x, b@x\nSender: s@x\nReply-To: r@x\n\n")
                        .envelope())
                .isEqualTo("(NIL NIL ((NIL NIL \"a\" \"x\")(NIL NIL \"b\" \"x\")) ((NIL NIL \"s\" \"x\"))"
                        + " ((NIL NIL \"r\" \"x\")) NIL NIL NIL NIL NIL)");
        assertThat(Extracted.of("From: a@x\nSender: \n\n").envelope())
                .isEqualTo("(NIL NIL ((NIL NIL \"a\" \"x\")) ((NIL NIL \"a\" \"x\")) ((NIL NIL \"a\" \"x\"))"
                        + " NIL NIL NIL NIL NIL)");
    }

    /// Address lists, after RFC 5322 appendix A where it has an example.
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            john@example.org | ((NIL NIL "john" "example.org"))
            "Joe Q. Public" <john.q.public@example.com> | (("Joe Q. Public" NIL "john.q.public" "example.com"))
            Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test> | (("Mary Smith" NIL "mary" "x.test")(NIL NIL "jdoe" "example.org")("Who?" NIL "one" "y.test"))
            <boss@nil.test>, "Giant; \\"Big\\" Box" <sysservices@example.net> | ((NIL NIL "boss" "nil.test")("Giant; \\"Big\\" Box" NIL "sysservices" "example.net"))
            A Group:Ed Jones <joe@where.test>,joe@where.test,John <jdoe@one.test>; | ((NIL NIL "A Group" NIL)("Ed Jones" NIL "joe" "where.test")(NIL NIL "joe" "where.test")("John" NIL "jdoe" "one.test")(NIL NIL NIL NIL))
            Undisclosed recipients:; | ((NIL NIL "Undisclosed recipients" NIL)(NIL NIL NIL NIL))
            Undisclosed recipients: | ((NIL NIL "Undisclosed recipients" NIL)(NIL NIL NIL NIL))
            Pete(A nice \\) chap) <pete(his account)@silly.test(his host)> | (("Pete" NIL "pete" "silly.test"))
            "Joe Q. Public" <john . q . public @ example.com> | (("Joe Q. Public" NIL "john.q.public" "example.com"))
            <@a.test,@b.test:jdoe@example.org> | ((NIL "@a.test,@b.test" "jdoe" "example.org"))
            user@example.org (A User) | (("A User" NIL "user" "example.org"))
            (A User) user@example.org | (("A User" NIL "user" "example.org"))
            "john doe"@example.org | ((NIL NIL "john doe" "example.org"))
            user@[192.0.2.1] | ((NIL NIL "user" "[192.0.2.1]"))
            =?utf-8?Q?J=C3=B6rg?= <joerg@example.org> | (("=?utf-8?Q?J=C3=B6rg?=" NIL "joerg" "example.org"))
            root | ((NIL NIL "root" ""))
            No Address Here | (("No Address Here" NIL "" ""))
            MAILER-DAEMON, a@b | ((NIL NIL "MAILER-DAEMON" "")(NIL NIL "a" "b"))
            Broken <a@b, c@d | (("Broken" NIL "a" "b")(NIL NIL "c" "d"))
            <> | ((NIL NIL "" ""))
            ,,, a@b ,, | ((NIL NIL "a" "b"))
            "unclosed <a@b | ((NIL NIL "unclosed <a@b" ""))
            a@b@c | ((NIL NIL "a" "b"))
            """)
    void addressLists(String field, String expected) {
        assertThat(Extracted.of("To: " + field + "\n\n").envelope())
                .isEqualTo("(NIL NIL NIL NIL NIL " + expected + " NIL NIL NIL NIL)");
    }

    @Test
    void foldedAndRepeatedRecipientsAreOneList() {
        assertThat(Extracted.of("To: a@x,\n b@x\nTo: c@x\nSubject: one\n two\nSubject: other\n\n")
                        .envelope())
                .isEqualTo("(NIL \"one two\" NIL NIL NIL"
                        + " ((NIL NIL \"a\" \"x\")(NIL NIL \"b\" \"x\")(NIL NIL \"c\" \"x\")) NIL NIL NIL NIL)");
    }

    /// RFC 3501 §9: a quoted string holds 7-bit characters other than CR and LF; all else needs a literal.
    @Test
    void whatCannotBeQuotedIsALiteral() {
        byte[] octets = "Subject: Gr\u00fc\u00dfe \"x\" \\\r\n\r\n".getBytes(UTF_8);
        assertThat(Extracted.of(octets).envelope())
                .startsWith(
                        "(NIL {13}\r\n" + new String("Gr\u00fc\u00dfe \"x\" \\".getBytes(UTF_8), ISO_8859_1) + " NIL");
        assertThat(Extracted.of("Subject: say \"x\" \\\n\n").envelope()).startsWith("(NIL \"say \\\"x\\\" \\\\\" NIL");
        assertThat(Extracted.exactly("Subject: a\rb\n\n").envelope()).startsWith("(NIL {3}\r\na\rb NIL");
    }

    @Test
    @Requirement("RFC3501-4.3.1")
    void nulNeverGoesOut() {
        Extracted message = Extracted.exactly("Subject: a\0b\r\nFrom: x\0 <y\0@z\0>\r\nContent-ID: \0\r\n\r\n");
        assertThat(message.envelope()).doesNotContain("\0").startsWith("(NIL \"ab\" ((\"x\" NIL \"y\" \"z\"))");
        assertThat(message.bodyStructure()).doesNotContain("\0");
    }

    @Test
    void tenThousandRecipientsStayBelowTheLimit() {
        StringBuilder to = new StringBuilder("To: list:");
        for (int i = 0; i < 40_000; i++) {
            to.append("a").append(i).append("@x,\n ");
        }
        String envelope = Extracted.of(to + "z@z;\n\n").envelope();
        assertThat(envelope.length()).isBetween(140_000, 200_000);
        assertThat(envelope).endsWith("(NIL NIL NIL NIL)) NIL NIL NIL NIL)");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            Fri, 21 Nov 1997 09:55:06 -0600 | 1997-11-21
            21 Nov 97 09:55:06 GMT | 1997-11-21
            Tue, 1 Jul 2003 23:52:37 +0200 | 2003-07-01
            Fri, 21 Nov 1997 09(comment):   55  :  06 -0600 | 1997-11-21
            Thu, 13-Feb-69 23:32 | 1969-02-13
            31 Feb 2020 00:00 +0000 |
            sometime |
            """)
    @Requirement("RFC5322-3.3")
    void sentDateIsTheDayInItsOwnZone(String date, String expected) {
        int days = expected == null
                ? Integer.MIN_VALUE
                : (int) LocalDate.parse(expected).toEpochDay();
        assertThat(Extracted.of("Date: " + date + "\n\n").extract().sentDate()).isEqualTo(days);
    }
}
