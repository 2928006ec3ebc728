package org.postern.smtp;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.postern.session.TlsFacts;

/// The trace field of one message (RFC 5321 §4.4), with the `tls` clause of RFC 8314 §4.3.
///
/// @param client the argument of EHLO; empty to say nothing of the client
/// @param smtpUtf8 whether MAIL said so
/// @param id names the message in the log and in the reply to DATA
/// @param recipient where there is exactly one: the field must not tell recipients of each other
record ReceivedField(
        SmtpDialect dialect,
        Optional<String> client,
        InetAddress address,
        String hostName,
        boolean extended,
        boolean smtpUtf8,
        boolean authenticated,
        Optional<TlsFacts> tls,
        String id,
        Optional<String> recipient,
        Instant time) {
    private static final int LINE = 78; // RFC 5322 §2.1.1
    /// RFC 5321 §4.4 wants a FROM clause; RFC 2606 §2 a name that is nobody's.
    private static final String NOBODY = "client.invalid";

    /// Stamp = From-domain By-domain Opt-info [CFWS] ";" FWS date-time The whole field with its CRLF, folded; one
    /// char per octet, for it may hold UTF-8 (RFC 6532 §3.2).
    String field() {
        List<String> clauses = new ArrayList<>();
        clauses.add("from "
                + client.map(name -> name + " (" + literal(address) + ")").orElse(NOBODY));
        clauses.add("by " + hostName);
        clauses.add("with " + protocol());
        clauses.add("id " + id);
        recipient.ifPresent(path -> clauses.add("for <" + path + ">"));
        tls.ifPresent(facts -> {
            clauses.add("tls " + facts.cipherSuite()); // R8314-26, R8314-27: after via, with, id and for
            facts.group().ifPresent(group -> clauses.add("group " + group)); // R8314-29
        });
        clauses.set(clauses.size() - 1, clauses.getLast() + ";");
        clauses.add(MailDate.format(time));
        return new String(folded(clauses).getBytes(UTF_8), ISO_8859_1);
    }

    private static String folded(List<String> clauses) {
        StringBuilder field = new StringBuilder("Received:");
        int length = field.length();
        for (String clause : clauses) {
            if (length + 1 + clause.length() > LINE) {
                field.append("\r\n\t");
                length = 1;
            } else {
                field.append(' ');
                length++;
            }
            field.append(clause);
            length += clause.length();
        }
        return field.append("\r\n").toString();
    }

    /// RFC 3848 §1, RFC 6531 §4.3; there is no name for TLS or authentication after HELO.
    private String protocol() {
        String plain = switch (dialect) {
            case LMTP -> smtpUtf8 ? "UTF8LMTP" : "LMTP";
            case SMTP -> smtpUtf8 ? "UTF8SMTP" : "ESMTP";
        };
        return extended ? plain + (tls.isPresent() ? "S" : "") + (authenticated ? "A" : "") : "SMTP";
    }

    /// address-literal, RFC 5321 §4.1.3
    private static String literal(InetAddress address) {
        String text = address.getHostAddress();
        int zone = text.indexOf('%');
        String plain = zone < 0 ? text : text.substring(0, zone);
        return address instanceof Inet6Address ? "[IPv6:" + plain + "]" : "[" + plain + "]";
    }
}
