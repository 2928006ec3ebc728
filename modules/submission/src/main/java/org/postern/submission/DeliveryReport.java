package org.postern.submission;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.SecureRandom;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.postern.smtp.MailDate;
import org.postern.smtp.RecipientParameters.OriginalRecipient;

/// A delivery status notification (RFC 3464, RFC 6522): tells the sender of a message that it is in the mailboxes of
/// those for whom NOTIFY=SUCCESS asked (RFC 3461 §5.2.3). There is none of a failure: what cannot be delivered is
/// refused while the sender waits.
///
/// @param sender the reverse-path
/// @param header of the message as it was delivered, one char per octet
record DeliveryReport(
        String hostName,
        String sender,
        Optional<String> envelopeId,
        Instant arrival,
        List<Recipient> recipients,
        String header) {
    /// What of the header is shown: whole lines.
    private static final int HEADER_OCTETS = 64 * 1024;

    private static final SecureRandom RANDOM = new SecureRandom();

    /// @param expanded for an alias with several targets (RFC 3461 §5.2.7.3)
    record Recipient(String address, Optional<OriginalRecipient> original, boolean expanded) {}

    /// The whole message.
    byte[] message(Instant now) {
        String boundary = random();
        String domain = sender.substring(sender.lastIndexOf('@') + 1);
        StringBuilder text = new StringBuilder();
        line(text, "From: Mail delivery <postmaster@" + domain + ">");
        line(text, "To: <" + sender + ">");
        line(text, "Date: " + MailDate.format(now));
        line(text, "Message-ID: <" + random() + "@" + hostName + ">");
        line(text, "Subject: Delivered: your message has arrived");
        line(text, "Auto-Submitted: auto-replied"); // RFC 3834 §5
        line(text, "MIME-Version: 1.0");
        line(text, "Content-Type: multipart/report; report-type=delivery-status;");
        line(text, "\tboundary=\"" + boundary + "\"");
        line(text, "");
        line(text, "--" + boundary);
        line(text, "Content-Type: text/plain; charset=utf-8");
        line(text, "Content-Transfer-Encoding: 8bit");
        line(text, "");
        line(text, "Your message is in the mailbox of:");
        line(text, "");
        recipients.forEach(recipient -> line(text, "  " + recipient.address()));
        line(text, "");
        line(text, "You asked to be told. Whether it was read, this does not say.");
        line(text, "--" + boundary);
        line(text, "Content-Type: message/delivery-status");
        line(text, "");
        perMessage(text);
        recipients.forEach(recipient -> perRecipient(text, recipient));
        line(text, "--" + boundary);
        boolean global = header.chars().anyMatch(octet -> octet >= 0x80);
        line(text, "Content-Type: " + (global ? "message/global-headers" : "text/rfc822-headers")); // RFC 6533 §6
        line(text, "Content-Transfer-Encoding: 8bit");
        line(text, "");
        byte[] head = text.toString().getBytes(UTF_8);
        byte[] tail = (shownHeader() + "\r\n--" + boundary + "--\r\n").getBytes(ISO_8859_1);
        byte[] whole = new byte[head.length + tail.length];
        System.arraycopy(head, 0, whole, 0, head.length);
        System.arraycopy(tail, 0, whole, head.length, tail.length);
        return whole;
    }

    /// RFC 3464 §2.2
    private void perMessage(StringBuilder text) {
        envelopeId.ifPresent(id -> line(text, "Original-Envelope-Id: " + id));
        line(text, "Reporting-MTA: dns; " + hostName);
        line(text, "Arrival-Date: " + MailDate.format(arrival));
        line(text, "");
    }

    /// RFC 3464 §2.3
    private static void perRecipient(StringBuilder text, Recipient recipient) {
        recipient
                .original()
                .ifPresent(original ->
                        line(text, "Original-Recipient: " + original.type() + ";" + ascii(original.address())));
        boolean international = recipient.address().chars().anyMatch(character -> character >= 0x80);
        line(text, "Final-Recipient: " + (international ? "utf-8;" : "rfc822;") + ascii(recipient.address()));
        line(text, "Action: " + (recipient.expanded() ? "expanded" : "delivered"));
        line(text, "Status: 2.0.0");
        line(text, "");
    }

    /// utf-8-addr-xtext = *(ASCII / "\x{" hex "}") ; RFC 6533 §3: keeps message/delivery-status in ASCII
    private static String ascii(String address) {
        StringBuilder text = new StringBuilder();
        address.codePoints().forEach(point -> {
            if (point < 0x80) {
                text.append((char) point);
            } else {
                text.append("\\x{")
                        .append(Integer.toHexString(point).toUpperCase(Locale.ROOT))
                        .append('}');
            }
        });
        return text.toString();
    }

    private String shownHeader() {
        if (header.length() <= HEADER_OCTETS) {
            return header;
        }
        return header.substring(0, header.lastIndexOf("\r\n", HEADER_OCTETS) + 2);
    }

    private static String random() {
        byte[] random = new byte[16];
        RANDOM.nextBytes(random);
        return HexFormat.of().formatHex(random);
    }

    private static void line(StringBuilder text, String content) {
        text.append(content).append("\r\n");
    }
}
