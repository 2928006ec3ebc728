package org.postern.message;

import static org.assertj.core.api.Assertions.assertThat;
import static org.postern.message.SectionText.HEADER;
import static org.postern.message.SectionText.MIME;
import static org.postern.message.SectionText.TEXT;
import static org.postern.message.SectionText.WHOLE;

import org.junit.jupiter.api.Test;
import org.postern.testkit.Requirement;

/// BODYSTRUCTURE and section numbers of well-formed messages.
class StructureTest {
    /// A message of the shape that RFC 3501 §6.4.5 numbers.
    private static final Extracted NUMBERED = Extracted.of("""
            Subject: outer
            Content-Type: multipart/mixed; boundary=A

            preamble
            --A

            one
            --A
            Content-Type: application/octet-stream

            two
            --A
            Content-Type: message/rfc822

            Subject: three
            Content-Type: multipart/mixed; boundary=B

            --B
            Content-Type: text/plain

            three one
            --B
            Content-Type: application/octet-stream

            three two
            --B--
            --A
            Content-Type: multipart/mixed; boundary=C

            --C
            Content-Type: image/gif

            four one
            --C
            Content-Type: message/rfc822

            Subject: four two
            Content-Type: multipart/mixed; boundary=D

            --D

            four two one
            --D
            Content-Type: multipart/alternative; boundary=E

            --E

            four two two one
            --E
            Content-Type: text/richtext

            four two two two
            --E--
            --D--
            --C--
            --A--
            epilogue
            """);

    @Test
    @Requirement("RFC3501-6.4.5")
    void sectionNumbersOfTheRfc() {
        assertThat(NUMBERED.section(WHOLE)).isEqualTo(NUMBERED.section(HEADER) + NUMBERED.section(TEXT));
        assertThat(NUMBERED.section(HEADER)).startsWith("Subject: outer\r\n").endsWith("=A\r\n\r\n");
        assertThat(NUMBERED.section(TEXT)).startsWith("preamble\r\n").endsWith("epilogue\r\n");
        assertThat(NUMBERED.whole(1)).isEqualTo("one");
        assertThat(NUMBERED.section(MIME, 1)).isEqualTo("\r\n");
        assertThat(NUMBERED.whole(2)).isEqualTo("two");
        assertThat(NUMBERED.whole(3)).startsWith("Subject: three\r\n").endsWith("--B--");
        assertThat(NUMBERED.section(HEADER, 3)).startsWith("Subject: three").endsWith("=B\r\n\r\n");
        assertThat(NUMBERED.section(TEXT, 3)).startsWith("--B\r\n").endsWith("--B--");
        assertThat(NUMBERED.section(MIME, 3)).isEqualTo("Content-Type: message/rfc822\r\n\r\n");
        assertThat(NUMBERED.whole(3, 1)).isEqualTo("three one");
        assertThat(NUMBERED.whole(3, 2)).isEqualTo("three two");
        assertThat(NUMBERED.whole(4, 1)).isEqualTo("four one");
        assertThat(NUMBERED.section(MIME, 4, 1)).isEqualTo("Content-Type: image/gif\r\n\r\n");
        assertThat(NUMBERED.section(HEADER, 4, 2)).startsWith("Subject: four two");
        assertThat(NUMBERED.section(TEXT, 4, 2)).startsWith("--D\r\n");
        assertThat(NUMBERED.whole(4, 2, 1)).isEqualTo("four two one");
        assertThat(NUMBERED.whole(4, 2, 2)).startsWith("--E\r\n").endsWith("--E--");
        assertThat(NUMBERED.whole(4, 2, 2, 1)).isEqualTo("four two two one");
        assertThat(NUMBERED.whole(4, 2, 2, 2)).isEqualTo("four two two two");
    }

    @Test
    @Requirement("RFC3501-6.4.5")
    void sectionsThatAreNotThere() {
        assertThat(NUMBERED.section(MIME)).isEqualTo("none");
        assertThat(NUMBERED.whole(5)).isEqualTo("none");
        assertThat(NUMBERED.whole(0)).isEqualTo("none");
        assertThat(NUMBERED.whole(-1)).isEqualTo("none");
        assertThat(NUMBERED.whole(1, 1)).isEqualTo("none");
        assertThat(NUMBERED.section(HEADER, 1)).isEqualTo("none");
        assertThat(NUMBERED.section(TEXT, 4)).isEqualTo("none");
    }

    @Test
    @Requirement("RFC3501-6.4.5")
    void partOneOfWhatIsNoMultipartIsItsBody() {
        Extracted plain = Extracted.of("Subject: x\n\nbody\n");
        assertThat(plain.whole(1)).isEqualTo("body\r\n");
        assertThat(plain.section(MIME, 1)).isEqualTo("Subject: x\r\n\r\n");
        assertThat(plain.whole(2)).isEqualTo("none");
        assertThat(plain.whole(1, 1)).isEqualTo("none");
        Extracted holder = Extracted.of("Content-Type: message/rfc822\n\nSubject: inner\n\ninner body\n");
        assertThat(holder.whole(1)).isEqualTo("Subject: inner\r\n\r\ninner body\r\n");
        assertThat(holder.section(HEADER, 1)).isEqualTo("Subject: inner\r\n\r\n");
        assertThat(holder.whole(1, 1)).isEqualTo("inner body\r\n");
        assertThat(holder.whole(1, 1, 1)).isEqualTo("none");
    }

    /// RFC 3501 §7.4.2: a two part message of a text and an attached text, as in its examples.
    @Test
    @Requirement("RFC3501-7.4.2")
    void bodyStructureInFull() {
        Extracted message = Extracted.of("""
                Content-Type: MULTIPART/MIXED; boundary="b 1"
                Content-Language: en, de

                --b 1
                Content-Type: TEXT/PLAIN; CHARSET=US-ASCII

                Hello
                there

                --b 1
                Content-Type: TEXT/PLAIN; CHARSET=US-ASCII; NAME="cc.diff"
                Content-ID: <960723163407.20117h@cac.washington.edu>
                Content-Description: Compiler diff
                Content-Transfer-Encoding: base64 (comment)
                Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==
                Content-Disposition: attachment; filename=cc.diff; size=4
                Content-Language: en
                Content-Location: http://example.org/cc.diff

                QUJDRA==
                --b 1--
                """);
        assertThat(message.body())
                .isEqualTo("((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 14 2)"
                        + "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\" \"NAME\" \"cc.diff\")"
                        + " \"<960723163407.20117h@cac.washington.edu>\" \"Compiler diff\" \"BASE64\" 8 0)"
                        + " \"MIXED\")");
        assertThat(message.bodyStructure())
                .isEqualTo("((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 14 2 NIL NIL NIL NIL)"
                        + "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\" \"NAME\" \"cc.diff\")"
                        + " \"<960723163407.20117h@cac.washington.edu>\" \"Compiler diff\" \"BASE64\" 8 0"
                        + " \"Q2hlY2sgSW50ZWdyaXR5IQ==\""
                        + " (\"attachment\" (\"filename\" \"cc.diff\" \"size\" \"4\")) \"en\""
                        + " \"http://example.org/cc.diff\")"
                        + " \"MIXED\" (\"boundary\" \"b 1\") NIL (\"en\" \"de\") NIL)");
    }

    @Test
    @Requirement({"RFC3501-7.4.2", "RFC2046-5.2.1"})
    void aContainedMessageShowsItsEnvelopeAndStructure() {
        assertThat(Extracted.of("Content-Type: message/rfc822\n\nSubject: in\nFrom: a@b\n\nx\ny\n")
                        .body())
                .isEqualTo("(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 32 (NIL \"in\" ((NIL NIL \"a\" \"b\"))"
                        + " ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) NIL NIL NIL NIL NIL)"
                        + " (\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 6 2) 5)");
    }

    /// RFC 9051 §7.5.2, RFC 6532 §3.7: a message with UTF-8 in its header is one as well; encoded, it is a leaf.
    @Test
    @Requirement("RFC9051-7.5.2")
    void aContainedGlobalMessageDoesToo() {
        Extracted global = Extracted.of("Content-Type: message/global\n\nSubject: in\n\nx\n");
        assertThat(global.body())
                .isEqualTo(
                        "(\"MESSAGE\" \"GLOBAL\" NIL NIL NIL \"7BIT\" 18 (NIL \"in\" NIL NIL NIL NIL NIL NIL NIL NIL)"
                                + " (\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 3 1) 3)");
        assertThat(global.whole(1, 1)).isEqualTo("x\r\n");
        assertThat(Extracted.of("Content-Type: message/global\nContent-Transfer-Encoding: base64\n\neA==\n")
                        .body())
                .isEqualTo("(\"MESSAGE\" \"GLOBAL\" NIL NIL NIL \"BASE64\" 6)");
    }

    @Test
    @Requirement("RFC2046-5.1.5")
    void partsOfADigestAreMessages() {
        Extracted digest = Extracted.of("""
                Content-Type: multipart/digest; boundary=d

                --d

                Subject: first

                body one
                --d
                Content-Type: text/plain

                not a message
                --d--
                """);
        assertThat(digest.section(HEADER, 1)).isEqualTo("Subject: first\r\n\r\n");
        assertThat(digest.whole(1, 1)).isEqualTo("body one");
        assertThat(digest.whole(2)).isEqualTo("not a message");
        assertThat(digest.outline().part(2).orElseThrow().isText()).isTrue();
    }

    /// RFC 2049 appendix A: the complex multipart example, its prose shortened.
    @Test
    @Requirement("RFC2049-A")
    void complexMultipartExampleOfTheRfc() {
        Extracted message = Extracted.of("""
                MIME-Version: 1.0
                From: Nathaniel Borenstein <nsb@nsb.fv.com>
                To: Ned Freed <ned@innosoft.com>
                Date: Fri, 07 Oct 1994 16:15:05 -0700 (PDT)
                Subject: A multipart example
                Content-Type: multipart/mixed;
                              boundary=unique-boundary-1

                preamble
                --unique-boundary-1

                implicit typing

                --unique-boundary-1
                Content-type: text/plain; charset=US-ASCII

                explicit typing

                --unique-boundary-1
                Content-Type: multipart/parallel; boundary=unique-boundary-2

                --unique-boundary-2
                Content-Type: audio/basic
                Content-Transfer-Encoding: base64

                audio
                --unique-boundary-2
                Content-Type: image/jpeg
                Content-Transfer-Encoding: base64

                image
                --unique-boundary-2--

                --unique-boundary-1
                Content-type: text/enriched

                This is <bold>enriched.</bold>

                --unique-boundary-1
                Content-Type: message/rfc822

                From: (mailbox in US-ASCII)
                To: (address in US-ASCII)
                Subject: (subject in US-ASCII)
                Content-Type: Text/plain; charset=ISO-8859-1
                Content-Transfer-Encoding: Quoted-printable

                text in ISO-8859-1

                --unique-boundary-1--
                """);
        assertThat(message.body())
                .isEqualTo("((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 17 1)"
                        + "(\"TEXT\" \"PLAIN\" (\"charset\" \"US-ASCII\") NIL NIL \"7BIT\" 17 1)"
                        + "((\"AUDIO\" \"BASIC\" NIL NIL NIL \"BASE64\" 5)"
                        + "(\"IMAGE\" \"JPEG\" NIL NIL NIL \"BASE64\" 5) \"PARALLEL\")"
                        + "(\"TEXT\" \"ENRICHED\" NIL NIL NIL \"7BIT\" 32 1)"
                        + "(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 201"
                        + " (NIL \"(subject in US-ASCII)\" NIL NIL NIL NIL NIL NIL NIL NIL)"
                        + " (\"TEXT\" \"PLAIN\" (\"charset\" \"ISO-8859-1\") NIL NIL"
                        + " \"QUOTED-PRINTABLE\" 20 1) 7) \"MIXED\")");
        assertThat(message.whole(5, 1)).isEqualTo("text in ISO-8859-1\r\n");
        assertThat(message.whole(3, 2)).isEqualTo("image");
    }

    /// RFC 2231 §6: continuations are joined, the extended form stays encoded.
    @Test
    @Requirement("RFC2231-6")
    void continuedParametersAreJoined() {
        assertThat(parameters("application/x-stuff; title*0*=us-ascii'en'This%20is%20even%20more%20;\n"
                        + " title*1*=%2A%2A%2Afun%2A%2A%2A%20;\n title*2=\"isn't it!\""))
                .isEqualTo(
                        "(\"title*\" \"us-ascii'en'This%20is%20even%20more%20%2A%2A%2Afun%2A%2A%2A%20isn%27t%20it!\")");
        assertThat(parameters("message/external-body; access-type=URL; URL*0=\"ftp://\";\n"
                        + " URL*1=\"cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar\""))
                .isEqualTo("(\"access-type\" \"URL\" \"URL\""
                        + " \"ftp://cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar\")");
        assertThat(parameters("a/b; n*1=late; x=y; n*0=first-")).isEqualTo("(\"n\" \"first-late\" \"x\" \"y\")");
        assertThat(parameters("a/b; n*=utf-8''%e2%82%ac")).isEqualTo("(\"n*\" \"utf-8''%e2%82%ac\")");
        assertThat(parameters("a/b; n*0=one; n*2=three")).isEqualTo("(\"n\" \"one\")");
        assertThat(parameters("a/b; n=\"=?utf-8?Q?=E2=82=AC?=\"")).isEqualTo("(\"n\" \"=?utf-8?Q?=E2=82=AC?=\")");
    }

    @Test
    @Requirement("RFC2231-4")
    void boundaryAndCharsetMayBeExtended() {
        Extracted message = Extracted.of("""
                Content-Type: multipart/mixed; boundary*0*=us-ascii''a%2D; boundary*1=b

                --a-b
                Content-Type: text/plain; charset*=''utf-8

                x
                --a-b--
                """);
        assertThat(message.whole(1)).isEqualTo("x");
        assertThat(message.outline().part(1).orElseThrow().charset()).isEqualTo("utf-8");
    }

    @Test
    void aPrefixExtendsTheHeaderAndShiftsTheRest() {
        String prefix = "Return-Path: <a@b>\r\nDelivered-To: c@d\r\n";
        String blob = new String(NUMBERED.octets(), java.nio.charset.StandardCharsets.ISO_8859_1);
        MessageExtract shifted = NUMBERED.extract().withPrefix(prefix.length());
        Extracted whole = Extracted.exactly(prefix + blob);
        assertThat(shifted.size()).isEqualTo(whole.extract().size());
        assertThat(MessageOutline.decode(shifted.outline())).isEqualTo(whole.outline());
        assertThat(shifted.bodyStructure()).isEqualTo(whole.extract().bodyStructure());
        assertThat(NUMBERED.extract().withPrefix(0)).isSameAs(NUMBERED.extract());
    }

    @Test
    @Requirement("RFC3501-6.4.5")
    void partialRanges() {
        Range range = new Range(10, 5);
        assertThat(range.partial(0, 3)).isEqualTo(new Range(10, 3));
        assertThat(range.partial(3, 100)).isEqualTo(new Range(13, 2));
        assertThat(range.partial(9, 1).length()).isZero();
    }

    private static String parameters(String contentType) {
        String body = Extracted.of("Content-Type: " + contentType + "\n\n").body();
        int from = body.indexOf('(', 1);
        return body.substring(from, body.indexOf(") NIL NIL \"7BIT\"") + 1);
    }
}
