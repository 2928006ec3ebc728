package org.postern.testkit;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Base64;
import java.util.Random;

/// Seeded mail: the same seed gives the same messages, octet by octet. Every message has its own Message-ID, so that a
/// test can find it again. Lines end with CRLF and are at most 998 octets, except where the kind says otherwise.
public final class MailCorpus {
    /// What is special about a message.
    public enum Kind {
        /// ASCII text.
        PLAIN,
        /// UTF-8 in subject and display names, unencoded (RFC 6532), and in the body.
        EIGHT_BIT_HEADERS,
        /// Encoded words (RFC 2047) in the header and quoted-printable in the body.
        ENCODED_HEADERS,
        /// Text and HTML.
        ALTERNATIVE,
        /// A text and a base64 attachment whose name is in the extended form of RFC 2231.
        ATTACHMENT,
        /// A contained message/rfc822 with parts of its own.
        FORWARDED,
        /// Multiparts within multiparts, five deep, with boundaries that are prefixes of one another.
        NESTED,
        /// Ends without a line end.
        NO_FINAL_NEWLINE,
        /// Lines that begin with dots, for the transparency of SMTP and POP3; some are nothing but dots.
        DOTS,
        /// A multipart that is never closed and a part without a blank line.
        BROKEN
    }

    /// A message and what a test looks for in it.
    /// @param messageId with its angle brackets
    public record Mail(Kind kind, String messageId, String subject, byte[] octets) {}

    private static final String[] WORDS = {
        "harbour",
        "ledger",
        "sailcloth",
        "quarterly",
        "beacon",
        "invoice",
        "meeting",
        "tide",
        "rope",
        "signal",
        "anchor",
        "report",
        "compass",
        "draft",
        "lantern",
        "cargo",
        "schedule",
        "weather",
        "crew",
        "manifest",
    };
    private static final String[] FOREIGN = {
        "Gr\u00fc\u00dfe",
        "caf\u00e9",
        "\u00c5ngstr\u00f6m",
        "\u017elu\u0165",
        "\u041f\u0440\u0438\u0432\u0435\u0442",
        "\u6e2f\u53e3",
        "\u03bb\u03b9\u03bc\u03ac\u03bd\u03b9",
        "\ud83d\udea2",
    };

    private final long seed;
    private final Random random;
    private int made;

    public MailCorpus(long seed) {
        this.seed = seed;
        this.random = new Random(seed);
    }

    /// The next message, of the next kind in turn: as many calls as there are kinds show each once.
    public Mail next() {
        return next(Kind.values()[made % Kind.values().length]);
    }

    public Mail next(Kind kind) {
        return switch (kind) {
            case PLAIN -> plain(kind, text(2 + random.nextInt(20)));
            case EIGHT_BIT_HEADERS -> eightBit();
            case ENCODED_HEADERS -> encoded();
            case ALTERNATIVE -> mail(kind, subject(), "", alternative("alt"));
            case ATTACHMENT -> attachment();
            case FORWARDED -> forwarded();
            case NESTED -> mail(kind, subject(), "", nested(5));
            case NO_FINAL_NEWLINE -> plain(kind, text(3) + "the end");
            case DOTS -> plain(kind, ".\r\n..\r\n.a dot\r\n" + text(2) + ".\r\n" + text(1) + "...\r\n");
            case BROKEN -> broken();
        };
    }

    /// A plain message of exactly that many octets, at least 400; beyond a few thousand its body is base64 of noise, so
    /// that nothing compresses it away.
    public Mail ofSize(int octets) {
        String subject = subject();
        boolean large = octets > 4096;
        Mail frame = mail(Kind.PLAIN, subject, large ? "Content-Transfer-Encoding: base64\r\n" : "", "\r\n");
        int missing = octets - frame.octets.length;
        if (missing < 0) {
            throw new IllegalArgumentException("a message of " + octets + " octets has no room for its header");
        }
        byte[] sized = Arrays.copyOf(frame.octets, octets);
        byte[] noise = new byte[missing / 4 * 3 + 3];
        random.nextBytes(noise);
        byte[] filling = Base64.getEncoder().encode(noise);
        int line = 0;
        for (int i = frame.octets.length; i < octets; i++) {
            int before = octets - i;
            // Never so near the end that one lonely octet would follow.
            if (before == 2 || (line >= 76 && before > 3)) {
                sized[i++] = '\r';
                sized[i] = '\n';
                line = 0;
            } else {
                sized[i] = filling[i - frame.octets.length];
                line++;
            }
        }
        return new Mail(Kind.PLAIN, frame.messageId, subject, sized);
    }

    private Mail plain(Kind kind, String body) {
        return mail(kind, subject(), "", "\r\n" + body);
    }

    private Mail eightBit() {
        String subject = subject() + " " + pick(FOREIGN);
        return mail(
                Kind.EIGHT_BIT_HEADERS,
                subject,
                "X-Author: " + pick(FOREIGN) + "\r\nContent-Type: text/plain; charset=utf-8\r\n"
                        + "Content-Transfer-Encoding: 8bit\r\n",
                "\r\n" + text(2) + pick(FOREIGN) + "\r\n");
    }

    private Mail encoded() {
        String subject = pick(FOREIGN) + " " + pick(WORDS);
        String base64 = Base64.getEncoder().encodeToString(subject.getBytes(UTF_8));
        Mail mail = mail(
                Kind.ENCODED_HEADERS,
                "=?utf-8?B?" + base64 + "?=",
                "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n",
                "\r\n" + text(1) + quotedPrintable(pick(FOREIGN)) + " soft=\r\nbreak\r\n");
        return new Mail(mail.kind, mail.messageId, subject, mail.octets);
    }

    private Mail attachment() {
        byte[] content = new byte[200 + random.nextInt(3000)];
        random.nextBytes(content);
        String name = percentEncoded(pick(FOREIGN));
        return mail(
                Kind.ATTACHMENT,
                subject(),
                "Content-Type: multipart/mixed; boundary=\"mixed\"\r\n",
                "\r\n--mixed\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n" + text(3)
                        + "--mixed\r\nContent-Type: application/octet-stream; name*=utf-8''" + name + "\r\n"
                        + "Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment;\r\n"
                        + " filename*0*=utf-8''" + name + ";\r\n filename*1=\".bin\"\r\n\r\n"
                        + Base64.getMimeEncoder(76, new byte[] {'\r', '\n'}).encodeToString(content)
                        + "\r\n--mixed--\r\n");
    }

    private Mail forwarded() {
        String inner = new String(next(Kind.ALTERNATIVE).octets, ISO_8859_1);
        return mail(
                Kind.FORWARDED,
                "Fwd: " + subject(),
                "Content-Type: multipart/mixed; boundary=fwd\r\n",
                "\r\n--fwd\r\n\r\n" + text(1) + "--fwd\r\nContent-Type: message/rfc822\r\n\r\n" + inner
                        + "\r\n--fwd--\r\n");
    }

    private Mail broken() {
        return mail(
                Kind.BROKEN,
                subject(),
                "Content-Type: multipart/mixed; boundary=gone\r\nX-Broken: a field\r\nbroken in two\r\n",
                "\r\n--gone\r\n" + text(1) + "--gone\r\nContent-Type: multipart/alternative; boundary=never\r\n\r\n"
                        + "--never\r\nContent-Type: nonsense\r\n\r\n" + text(2));
    }

    /// Content-Type field, blank line and body of a multipart that holds the next one.
    private String nested(int depth) {
        if (depth == 0) {
            return alternative("leaf");
        }
        String boundary = "n".repeat(depth);
        return "Content-Type: multipart/mixed; boundary=" + boundary + "\r\n\r\n--" + boundary + "\r\n\r\n" + text(1)
                + "--" + boundary + "\r\n" + nested(depth - 1) + "\r\n--" + boundary + "--\r\n";
    }

    private String alternative(String boundary) {
        return "Content-Type: multipart/alternative; boundary=" + boundary + "\r\n\r\n--" + boundary
                + "\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n" + text(2) + "--" + boundary
                + "\r\nContent-Type: text/html; charset=us-ascii\r\n\r\n<p>" + text(2) + "</p>\r\n--" + boundary
                + "--\r\n";
    }

    /// @param rest the last fields, the blank line and the body
    private Mail mail(Kind kind, String subject, String fields, String rest) {
        String messageId = "<" + seed + "." + made++ + "@corpus.example>";
        String header = "Date: Mon, %02d Jan 2024 %02d:%02d:00 +0100\r\n"
                .formatted(1 + random.nextInt(28), random.nextInt(24), random.nextInt(60));
        ByteArrayOutputStream octets = new ByteArrayOutputStream();
        octets.writeBytes((header + "From: \"" + pick(WORDS) + "\" <" + pick(WORDS) + "@corpus.example>\r\nTo: "
                        + pick(WORDS) + "@corpus.example\r\nSubject: " + subject + "\r\nMessage-ID: " + messageId
                        + "\r\nMIME-Version: 1.0\r\n" + fields + rest)
                .getBytes(UTF_8));
        return new Mail(kind, messageId, subject, octets.toByteArray());
    }

    private String subject() {
        return pick(WORDS) + " " + pick(WORDS) + " " + made;
    }

    private String text(int lines) {
        StringBuilder text = new StringBuilder();
        for (int line = 0; line < lines; line++) {
            int words = 3 + random.nextInt(8);
            for (int word = 0; word < words; word++) {
                text.append(word == 0 ? "" : " ").append(pick(WORDS));
            }
            text.append("\r\n");
        }
        return text.toString();
    }

    private String pick(String[] choices) {
        return choices[random.nextInt(choices.length)];
    }

    private static String quotedPrintable(String text) {
        return percentEncoded(text).replace('%', '=');
    }

    private static String percentEncoded(String text) {
        StringBuilder encoded = new StringBuilder();
        for (byte octet : text.getBytes(UTF_8)) {
            boolean plain = (octet >= 'a' && octet <= 'z') || (octet >= 'A' && octet <= 'Z');
            encoded.append(plain ? String.valueOf((char) octet) : "%%%02X".formatted(octet));
        }
        return encoded.toString();
    }
}
