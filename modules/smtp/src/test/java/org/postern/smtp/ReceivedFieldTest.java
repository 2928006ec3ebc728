package org.postern.smtp;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.time.Instant;
import java.util.Optional;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.postern.session.TlsFacts;
import org.postern.testkit.Requirement;

/// The trace field, against the grammar of RFC 5321 §4.4 with the clauses of RFC 8314 §4.3.
class ReceivedFieldTest {
    private static final String FWS = "(?:[ \\t]*\\r\\n)?[ \\t]+";
    private static final String NAME = "[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?";
    private static final String LITERAL = "\\[(?:IPv6:[0-9a-f:.]+|[0-9.]+)]";
    private static final Pattern GRAMMAR = Pattern.compile("Received:" + FWS + "from" + FWS + "(?:" + NAME + "|"
            + LITERAL
            + ")(?:" + FWS + "\\(" + LITERAL + "\\))?" + FWS + "by" + FWS + NAME + FWS + "with" + FWS
            + "(?:SMTP|ESMTPS?A?|UTF8SMTPS?A?|UTF8LMTPS?)" + FWS + "id" + FWS + "[A-Za-z0-9.]+(?:" + FWS + "for" + FWS
            + "<[^<>\\r\\n]+>)?(?:"
            + FWS + "tls" + FWS + "(?<cipher>TLS_[A-Z0-9_]+)(?:" + FWS + "group" + FWS + "[A-Za-z0-9]+)?)?;" + FWS
            + "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-9]{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [0-9]{4}"
            + " [0-9:]{8} [+]0000\\r\\n");

    private static String field(
            Optional<String> client,
            String address,
            boolean extended,
            boolean authenticated,
            Optional<TlsFacts> tls,
            Optional<String> recipient) {
        return field(SmtpDialect.SMTP, client, address, extended, false, authenticated, tls, recipient);
    }

    private static String field(
            SmtpDialect dialect,
            Optional<String> client,
            String address,
            boolean extended,
            boolean smtpUtf8,
            boolean authenticated,
            Optional<TlsFacts> tls,
            Optional<String> recipient) {
        try {
            String field = new ReceivedField(
                            dialect,
                            client,
                            InetAddress.ofLiteral(address),
                            "mail.example.org",
                            extended,
                            smtpUtf8,
                            authenticated,
                            tls,
                            "abc123.1",
                            recipient,
                            Instant.parse("2026-11-03T04:05:06.789Z"))
                    .field();
            assertThat(field).matches(GRAMMAR);
            assertThat(field.lines()).allMatch(line -> line.length() <= 78);
            return field;
        } catch (RuntimeException e) {
            throw new AssertionError(e);
        }
    }

    private static TlsFacts tls(Optional<String> group) {
        return new TlsFacts(
                "TLSv1.3", "TLS_AES_128_GCM_SHA256", group, Optional.empty(), Optional.empty(), false, true);
    }

    private static String unfolded(String field) {
        return field.replace("\r\n\t", " ");
    }

    @Test
    @Requirement({"R8314-26", "R8314-27", "R8314-30", "R8314-65"})
    void cipherSuiteFollowsTheOtherClauses() {
        assertThat(unfolded(field(
                        Optional.of("pc.example.org"),
                        "192.0.2.7",
                        true,
                        true,
                        Optional.of(tls(Optional.empty())),
                        Optional.of("bob@example.org"))))
                .isEqualTo("Received: from pc.example.org ([192.0.2.7]) by mail.example.org with ESMTPSA id abc123.1"
                        + " for <bob@example.org> tls TLS_AES_128_GCM_SHA256; Tue, 3 Nov 2026 04:05:06 +0000\r\n");
    }

    @Test
    @Requirement("R8314-29")
    void groupIsSaidOnlyWhereItIsKnown() {
        assertThat(unfolded(field(
                        Optional.empty(),
                        "192.0.2.7",
                        true,
                        true,
                        Optional.of(tls(Optional.of("X25519MLKEM768"))),
                        Optional.empty())))
                .contains(" id abc123.1 tls TLS_AES_128_GCM_SHA256 group X25519MLKEM768; ");
        assertThat(field(
                        Optional.empty(),
                        "192.0.2.7",
                        true,
                        true,
                        Optional.of(tls(Optional.empty())),
                        Optional.empty()))
                .doesNotContain("group");
    }

    @Test
    void aHiddenClientLeavesNothing() {
        assertThat(unfolded(field(Optional.empty(), "192.0.2.7", true, true, Optional.empty(), Optional.empty())))
                .startsWith("Received: from client.invalid by mail.example.org ")
                .doesNotContain("192.0.2.7");
    }

    @Test
    void protocolsOfRfc3848() {
        Optional<String> client = Optional.of("[IPv6:2001:db8::1]");
        Optional<TlsFacts> tls = Optional.of(tls(Optional.empty()));
        assertThat(field(client, "2001:db8::1", false, false, Optional.empty(), Optional.empty()))
                .contains("with SMTP ");
        assertThat(field(client, "2001:db8::1", true, false, Optional.empty(), Optional.empty()))
                .contains("with ESMTP ");
        assertThat(field(client, "2001:db8::1", true, false, tls, Optional.empty()))
                .contains("with ESMTPS ")
                .contains("([IPv6:2001:db8:0:0:0:0:0:1])");
    }

    @Test
    @Requirement("TLS-13")
    void protocolsOfRfc6531() {
        Optional<String> client = Optional.of("pc.example.org");
        Optional<TlsFacts> tls = Optional.of(tls(Optional.empty()));
        Optional<String> recipient = Optional.of("j\u00fcrgen@example.org");
        assertThat(unfolded(field(SmtpDialect.SMTP, client, "192.0.2.7", true, true, true, tls, recipient)))
                .contains("with UTF8SMTPSA ")
                .contains("for <j\u00c3\u00bcrgen@example.org>"); // one char per octet
        assertThat(unfolded(field(SmtpDialect.LMTP, client, "192.0.2.7", true, true, false, tls, recipient)))
                .contains("with UTF8LMTPS ");
        assertThat(unfolded(
                        field(SmtpDialect.LMTP, client, "192.0.2.7", true, true, false, Optional.empty(), recipient)))
                .contains("with UTF8LMTP ");
    }
}
