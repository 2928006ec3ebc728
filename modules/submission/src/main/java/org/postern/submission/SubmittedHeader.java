package org.postern.submission;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.postern.smtp.SmtpRefusal.refused;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.postern.smtp.HeaderFields;
import org.postern.smtp.MailDate;
import org.postern.smtp.SmtpRefusal;

/// What submission judges and changes in the header of a message (RFC 6409 §8).
final class SubmittedHeader {
    /// RFC 5322 §3.6.3: nobody may see who else got a copy. Return-Path is for final delivery to make
    /// (§3.6.7).
    private static final Set<String> REMOVED = Set.of("bcc", "resent-bcc", "return-path");

    private static final SecureRandom RANDOM = new SecureRandom();

    private static final Set<String> BLIND = Set.of("bcc", "resent-bcc");

    private final HeaderFields fields;
    private final boolean smtpUtf8;

    /// @param smtpUtf8 whether MAIL said so: the header is UTF-8 then (RFC 6532 §3)
    SubmittedHeader(HeaderFields fields, boolean smtpUtf8) {
        this.fields = fields;
        this.smtpUtf8 = smtpUtf8;
    }

    /// RFC 6531 §3.1 with RFC 6532 §3: what is said to be UTF-8 is.
    void requireUtf8() {
        if (smtpUtf8
                && fields.all().stream().anyMatch(field -> utf8(field.raw()).isEmpty())) {
            throw refused(550, "5.6.0", "The header is not UTF-8");
        }
    }

    /// @param octets one char per octet
    private static Optional<String> utf8(String octets) {
        try {
            return Optional.of(UTF_8.newDecoder()
                    .decode(ByteBuffer.wrap(octets.getBytes(ISO_8859_1)))
                    .toString());
        } catch (CharacterCodingException malformed) {
            return Optional.empty();
        }
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

    private List<String> addresses(HeaderFields.Field field, String shown) {
        if (smtpUtf8) {
            return utf8(field.value())
                    .flatMap(text -> MailboxListReader.read(text, true))
                    .orElseThrow(() -> notAddresses(shown));
        }
        return MailboxListReader.read(field.value(), false).orElseThrow(() -> {
            boolean international = utf8(field.value())
                    .flatMap(text -> MailboxListReader.read(text, true))
                    .isPresent();
            return international // RFC 6531 §3.5
                    ? refused(550, "5.6.7", "An address beyond ASCII in " + shown + " needs MAIL with SMTPUTF8")
                    : notAddresses(shown);
        });
    }

    private static SmtpRefusal notAddresses(String shown) {
        return refused(550, "5.6.0", "The " + shown + " field is not a list of addresses");
    }

    /// What recipients do not see and the sender's own copy shows: whole fields.
    byte[] blind() {
        StringBuilder header = new StringBuilder();
        fields.all().stream()
                .filter(field -> BLIND.contains(field.name()))
                .forEach(field -> header.append(field.raw()));
        return header.toString().getBytes(ISO_8859_1);
    }

    /// The header as it is delivered, without the blank line, one char per octet: trace on top (RFC 5321 §4.4), what
    /// must not be seen left out, what is missing added at the end (RFC 6409 §8.1, §8.2), all else as it came.
    String fixed(String received, String domain, Instant now) {
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
        return header.toString();
    }
}
