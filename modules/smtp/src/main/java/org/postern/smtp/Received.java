package org.postern.smtp;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Optional;
import org.postern.session.TlsFacts;

/// The trace field that a server puts on top of each message (RFC 5321 §4.4), with the `tls` clause of
/// RFC 8314 §4.3.
record Received(
        String clientName,
        InetAddress clientAddress,
        boolean hideClient,
        String hostName,
        String protocol,
        String sessionId,
        Optional<String> onlyRecipient,
        Optional<TlsFacts> tls,
        OffsetDateTime time) {
    /// RFC 5322 §3.3.
    static final DateTimeFormatter DATE_TIME = DateTimeFormatter.ofPattern("EEE, d MMM yyyy HH:mm:ss xx", Locale.ROOT);

    /// The field with its CRLF. Clauses stand in the order of RFC 5321 §4.4, additional ones last (R8314-30).
    String field() {
        StringBuilder field = new StringBuilder("Received: from ");
        if (hideClient) {
            field.append("client.invalid"); // RFC 6761 §6.4: a name that is nobody's
        } else {
            field.append(clientName).append(" (").append(literal(clientAddress)).append(')');
        }
        field.append("\r\n\tby ").append(hostName);
        field.append(" with ").append(protocol);
        field.append(" id ").append(sessionId);
        onlyRecipient.ifPresent(
                recipient -> field.append("\r\n\tfor <").append(recipient).append('>'));
        tls.ifPresent(facts -> {
            field.append("\r\n\ttls ").append(facts.cipherSuite()); // R8314-26, R8314-27
            facts.group().ifPresent(group -> field.append(" group ").append(group)); // R8314-29
        });
        field.append(";\r\n\t").append(DATE_TIME.format(time.withOffsetSameInstant(ZoneOffset.UTC)));
        return field.append("\r\n").toString();
    }

    /// address-literal (RFC 5321 §4.1.3).
    private static String literal(InetAddress address) {
        return address instanceof Inet6Address
                ? "[IPv6:" + address.getHostAddress().replaceAll("%.*", "") + "]"
                : "[" + address.getHostAddress() + "]";
    }
}
