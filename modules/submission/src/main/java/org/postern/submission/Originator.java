package org.postern.submission;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.postern.message.AddressList;
import org.postern.smtp.SmtpRefused;

/// The header of a submitted message (RFC 6409 §8): who claims to have written it, and what is added or taken away.
/// Everything else stays as it came, octet by octet.
final class Originator {
    private static final int LIMIT = 1024 * 1024; // octets; decisions: a header block of 1 MiB

    /// field-name of RFC 5322 §3.6.8, and the white space that old software leaves before the colon (§4.5)
    private static final Pattern FIELD = Pattern.compile("([!-9;-~]+)[ \\t]*:");

    /// RFC 5322 §3.6.3, §3.6.6: for no recipient's eyes. Return-Path is made by final delivery alone (RFC 5321 §4.4).
    private static final Set<String> REMOVED = Set.of("bcc", "resent-bcc", "return-path");

    private static final DateTimeFormatter DATE_TIME =
            DateTimeFormatter.ofPattern("EEE, d MMM yyyy HH:mm:ss xx", Locale.ROOT);
    private static final SecureRandom RANDOM = new SecureRandom();

    private final ByteArrayOutputStream octets = new ByteArrayOutputStream();
    private boolean complete;
    private boolean blankLine;
    private int lineLength; // of the line under way, without its CRLF

    private List<Field> fields = List.of();

    /// @param text the field as it came, with continuation lines and CRLF
    private record Field(String name, String text) {
        String value() {
            return text.substring(text.indexOf(':') + 1).replace("\r\n", "").strip();
        }
    }

    /// Takes octets up to the blank line that ends the header, that line included.
    ///
    /// @return how many were taken
    int collect(byte[] from, int offset, int length) {
        for (int index = 0; index < length; index++) {
            byte octet = from[offset + index];
            octets.write(octet);
            if (octet == '\n') {
                if (lineLength == 0) {
                    complete = true;
                    blankLine = true;
                    parse();
                    return index + 1;
                }
                lineLength = 0;
            } else if (octet != '\r') {
                lineLength++;
            }
            if (octets.size() > LIMIT) {
                throw new SmtpRefused(552, "5.3.4", "The header is larger than " + LIMIT + " octets");
            }
        }
        return length;
    }

    boolean isComplete() {
        return complete;
    }

    /// The message ended within its header.
    void end() {
        complete = true;
        parse();
    }

    /// fields = *(field-name ":" unstructured CRLF), each with its continuation lines (RFC 5322 §2.2.3).
    private void parse() {
        String text = octets.toString(StandardCharsets.ISO_8859_1);
        List<Field> found = new ArrayList<>();
        String name = "";
        int begin = 0; // of the field under way
        int line = 0;
        for (int at = 0; at < text.length(); line++) {
            int end = text.indexOf("\r\n", at);
            if (end == at) {
                break; // the blank line
            }
            if (text.charAt(at) == ' ' || text.charAt(at) == '\t') {
                if (name.isEmpty()) {
                    throw malformed(line + 1);
                }
            } else {
                Matcher field = FIELD.matcher(text).region(at, end < 0 ? text.length() : end);
                if (!field.lookingAt()) {
                    throw malformed(line + 1);
                }
                if (!name.isEmpty()) {
                    found.add(new Field(name, text.substring(begin, at)));
                }
                name = field.group(1).toLowerCase(Locale.ROOT);
                begin = at;
            }
            at = end < 0 ? text.length() : end + 2;
        }
        if (!name.isEmpty()) {
            found.add(new Field(name, text.substring(begin, blankLine ? text.length() - 2 : text.length())));
        }
        fields = found;
    }

    private static SmtpRefused malformed(int line) {
        return new SmtpRefused(
                550, "5.6.0", "Line " + line + " of the message is no header field; a blank line ends the header");
    }

    /// RFC 6409 §6.1, §8: From is there once, and its addresses, and those of Sender, are the user's own.
    void requireSender(Predicate<String> owned) {
        List<Field> from = named("from");
        if (from.size() != 1) {
            throw new SmtpRefused(
                    550, "5.6.0", from.isEmpty() ? "The message has no From field" : "From stands more than once");
        }
        if (named("sender").size() > 1) {
            throw new SmtpRefused(550, "5.6.0", "Sender stands more than once");
        }
        requireOwned(from.getFirst(), owned);
        named("sender").forEach(sender -> requireOwned(sender, owned));
    }

    private static void requireOwned(Field field, Predicate<String> owned) {
        List<String> mailboxes = AddressList.mailboxes(field.value());
        if (mailboxes.isEmpty()) {
            throw new SmtpRefused(550, "5.6.0", "The " + field.name() + " field holds no address");
        }
        for (String mailbox : mailboxes) {
            if (!owned.test(mailbox)) {
                throw new SmtpRefused(
                        550, "5.7.1", "You may not send with an address in " + field.name() + " that is not yours");
            }
        }
    }

    private List<Field> named(String name) {
        return fields.stream().filter(field -> field.name().equals(name)).toList();
    }

    /// The header with what was missing, and its blank line.
    String fixedHeader(String hostName) {
        StringBuilder header = new StringBuilder();
        for (Field field : fields) {
            if (!REMOVED.contains(field.name())) {
                header.append(field.text());
            }
        }
        if (named("date").isEmpty()) { // RFC 6409 §8.1
            header.append("Date: ")
                    .append(DATE_TIME.format(OffsetDateTime.now(ZoneOffset.UTC)))
                    .append("\r\n");
        }
        if (named("message-id").isEmpty()) { // RFC 6409 §8.3
            byte[] random = new byte[16];
            RANDOM.nextBytes(random);
            header.append("Message-ID: <")
                    .append(HexFormat.of().formatHex(random))
                    .append('@')
                    .append(hostName)
                    .append(">\r\n");
        }
        return header.append(blankLine ? "\r\n" : "").toString();
    }
}
