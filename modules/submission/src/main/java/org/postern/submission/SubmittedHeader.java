package org.postern.submission;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.postern.smtp.SmtpRefusal.refused;

import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.postern.smtp.MailDate;

/// The header of a submitted message: its fields as they stand, octet for octet, and what submission changes in them
/// (RFC 6409 §8).
final class SubmittedHeader {
    /// RFC 5322 §3.6.3: nobody may see who else got a copy. Return-Path is for final delivery to make (§3.6.7).
    private static final Set<String> REMOVED = Set.of("bcc", "resent-bcc", "return-path");

    private static final SecureRandom RANDOM = new SecureRandom();

    /// One field with its continuation lines and their CRLFs.
    ///
    /// @param name in lower case
    private record Field(String name, String raw) {
        /// Unfolded (RFC 5322 §2.2.3).
        String value() {
            return raw.substring(raw.indexOf(':') + 1).replace("\r\n", "");
        }
    }

    private final List<Field> fields = new ArrayList<>();
    private final int length;

    /// Reads the fields at the beginning of a message. The header ends before the first line that is no field: a blank
    /// one, or one that another program could read as anything.
    SubmittedHeader(byte[] octets, int end) {
        String text = new String(octets, 0, end, ISO_8859_1);
        int position = 0;
        while (true) {
            int next = endOfField(text, position);
            String name = next < 0 ? "" : fieldName(text, position);
            if (name.isEmpty()) {
                break;
            }
            fields.add(new Field(name.toLowerCase(Locale.ROOT), text.substring(position, next)));
            position = next;
        }
        length = position;
    }

    /// Where the lines of the field that begins here end; -1 if there is no whole line.
    private static int endOfField(String text, int from) {
        int lineEnd = text.indexOf("\r\n", from);
        while (lineEnd >= 0) {
            int next = lineEnd + 2;
            if (next >= text.length() || (text.charAt(next) != ' ' && text.charAt(next) != '\t')) {
                return next;
            }
            lineEnd = text.indexOf("\r\n", next);
        }
        return -1;
    }

    /// field-name = 1*ftext ; RFC 5322 §2.2. White space before the colon is the obsolete syntax of §4.5.
    private static String fieldName(String text, int from) {
        int end = from;
        while (text.charAt(end) > ' ' && text.charAt(end) < 0x7f && text.charAt(end) != ':') {
            end++;
        }
        int colon = end;
        while (text.charAt(colon) == ' ' || text.charAt(colon) == '\t') {
            colon++;
        }
        return text.charAt(colon) == ':' ? text.substring(from, end) : "";
    }

    /// Octets of the fields, without the line that ends the header.
    int length() {
        return length;
    }

    private List<Field> named(String name) {
        return fields.stream().filter(field -> field.name().equals(name)).toList();
    }

    /// RFC 5322 §3.6.2: one From, and a Sender where it names several authors.
    Originators originators() {
        Optional<Field> from = atMostOne("from", "From");
        if (from.isEmpty()) {
            throw refused(550, "5.6.0", "The message has no From field");
        }
        List<String> authors = addresses(from.get(), "From");
        Optional<Field> sender = atMostOne("sender", "Sender");
        if (sender.isEmpty() && authors.size() > 1) {
            throw refused(550, "5.6.0", "A message from several authors needs a Sender field");
        }
        List<String> senders = sender.map(field -> addresses(field, "Sender")).orElse(List.of());
        if (senders.size() > 1) {
            throw refused(550, "5.6.0", "A message has one sender");
        }
        return new Originators(authors, senders);
    }

    private Optional<Field> atMostOne(String name, String shown) {
        List<Field> found = named(name);
        if (found.size() > 1) {
            throw refused(550, "5.6.0", "The message has more than one " + shown + " field");
        }
        return found.stream().findFirst();
    }

    private static List<String> addresses(Field field, String shown) {
        return MailboxListReader.read(field.value())
                .orElseThrow(() -> refused(550, "5.6.0", "The " + shown + " field is not a list of addresses"));
    }

    /// The header as it is delivered, without the blank line: trace on top (RFC 5321 §4.4), what must not be seen left
    /// out, what is missing added at the end (RFC 6409 §8.1, §8.2), all else as it came.
    byte[] fixed(String received, String domain, Instant now) {
        StringBuilder header = new StringBuilder(received);
        for (Field field : fields) {
            if (!REMOVED.contains(field.name())) {
                header.append(field.raw());
            }
        }
        if (named("date").isEmpty()) {
            header.append("Date: ").append(MailDate.format(now)).append("\r\n");
        }
        if (named("message-id").isEmpty()) {
            byte[] random = new byte[16];
            RANDOM.nextBytes(random);
            header.append("Message-ID: <")
                    .append(HexFormat.of().formatHex(random))
                    .append('@')
                    .append(domain)
                    .append(">\r\n");
        }
        return header.toString().getBytes(ISO_8859_1);
    }
}
