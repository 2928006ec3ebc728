package org.postern.submission;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.postern.smtp.SmtpRefusal.refused;

import java.security.SecureRandom;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.postern.smtp.HeaderFields;
import org.postern.smtp.MailDate;

/// What submission judges and changes in the header of a message (RFC 6409 §8).
final class SubmittedHeader {
    /// RFC 5322 §3.6.3: nobody may see who else got a copy. Return-Path is for final delivery to make
    /// (§3.6.7).
    private static final Set<String> REMOVED = Set.of("bcc", "resent-bcc", "return-path");

    private static final SecureRandom RANDOM = new SecureRandom();

    private final HeaderFields fields;

    SubmittedHeader(HeaderFields fields) {
        this.fields = fields;
    }

    /// RFC 5322 §3.6.2: one From, and a Sender where it names several authors.
    Originators originators() {
        Optional<HeaderFields.Field> from = atMostOne("from", "From");
        if (from.isEmpty()) {
            throw refused(550, "5.6.0", "The message has no From field");
        }
        List<String> authors = addresses(from.get(), "From");
        Optional<HeaderFields.Field> sender = atMostOne("sender", "Sender");
        if (sender.isEmpty() && authors.size() > 1) {
            throw refused(550, "5.6.0", "A message from several authors needs a Sender field");
        }
        List<String> senders = sender.map(field -> addresses(field, "Sender")).orElse(List.of());
        if (senders.size() > 1) {
            throw refused(550, "5.6.0", "A message has one sender");
        }
        return new Originators(authors, senders);
    }

    private Optional<HeaderFields.Field> atMostOne(String name, String shown) {
        List<HeaderFields.Field> found = fields.named(name);
        if (found.size() > 1) {
            throw refused(550, "5.6.0", "The message has more than one " + shown + " field");
        }
        return found.stream().findFirst();
    }

    private static List<String> addresses(HeaderFields.Field field, String shown) {
        return MailboxListReader.read(field.value())
                .orElseThrow(() -> refused(550, "5.6.0", "The " + shown + " field is not a list of addresses"));
    }

    /// The header as it is delivered, without the blank line: trace on top (RFC 5321 §4.4), what must not be
    /// seen left out, what is missing added at the end (RFC 6409 §8.1, §8.2), all else as it came.
    byte[] fixed(String received, String domain, Instant now) {
        StringBuilder header = new StringBuilder(received);
        for (HeaderFields.Field field : fields.all()) {
            if (!REMOVED.contains(field.name())) {
                header.append(field.raw());
            }
        }
        if (fields.named("date").isEmpty()) {
            header.append("Date: ").append(MailDate.format(now)).append("\r\n");
        }
        if (fields.named("message-id").isEmpty()) {
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
