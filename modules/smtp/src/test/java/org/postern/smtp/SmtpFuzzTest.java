package org.postern.smtp;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayOutputStream;
import java.util.regex.Pattern;

/// Any octets as a command line, and any octets as data.
class SmtpFuzzTest {
    private static final Pattern HARMLESS = Pattern.compile("[\\x20-\\x7e]+");
    /// With what SMTPUTF8 adds.
    private static final Pattern HARMLESS_UTF8 =
            Pattern.compile("[\\x20-\\x7e[\\x{a0}-\\x{10ffff}&&[^\\p{Cc}\\p{Z}\\x{fffd}]]]+");

    @FuzzTest
    void anyLineIsACommandOrRefused(byte[] line) {
        SmtpCommand command;
        try {
            command = new SmtpCommandReader(SmtpDialect.SMTP, () -> true).read(line.clone());
        } catch (SmtpRefusal refusal) {
            assertThat(refusal.reply().code()).isBetween(500, 555);
            return;
        }
        switch (command) {
            case SmtpCommand.Ehlo ehlo ->
                assertThat(ehlo.client()).matches(HARMLESS).doesNotContain(" ");
            case SmtpCommand.Helo helo ->
                assertThat(helo.client()).matches(HARMLESS).doesNotContain(" ");
            case SmtpCommand.Mail mail -> {
                mail.reversePath().ifPresent(SmtpFuzzTest::readsAsItself);
                // goes into the header of a report
                mail.parameters().envelopeId().ifPresent(id -> assertThat(id).matches(HARMLESS));
            }
            case SmtpCommand.Rcpt rcpt -> {
                rcpt.parameters().original().ifPresent(original -> {
                    assertThat(original.type()).matches(HARMLESS).doesNotContain(";");
                    assertThat(original.address().codePoints().anyMatch(Character::isISOControl))
                            .isFalse();
                });
                if (rcpt.forwardPath() instanceof ForwardPath.To to) {
                    readsAsItself(to.address());
                }
            }
            case SmtpCommand.Auth _,
                    SmtpCommand.StartTls _,
                    SmtpCommand.Data _,
                    SmtpCommand.Bdat _,
                    SmtpCommand.Rset _,
                    SmtpCommand.Vrfy _,
                    SmtpCommand.Help _,
                    SmtpCommand.Noop _,
                    SmtpCommand.Quit _ -> {}
        }
    }

    private static void readsAsItself(MailAddress address) {
        assertThat(address.toString()).matches(address.isInternational() ? HARMLESS_UTF8 : HARMLESS);
        String line = "MAIL FROM:<" + address + ">";
        if (line.getBytes(UTF_8).length < 250) { // quoting may have made the path longer than a path may be
            var again =
                    (SmtpCommand.Mail) new SmtpCommandReader(SmtpDialect.SMTP, () -> true).read(line.getBytes(UTF_8));
            assertThat(again.reversePath()).contains(address);
        }
    }

    /// Against the rule in its plainest form, on the whole text at once.
    @FuzzTest
    void anyOctetsAsData(byte[] wire) {
        String text = "\r\n" + new String(wire, ISO_8859_1);
        int end = text.indexOf("\r\n.\r\n");
        var message = new ByteArrayOutputStream();
        var incoming = new IncomingMessage(message::write, Integer.MAX_VALUE);
        var decoder = new DataDecoder(incoming);
        int taken = 0;
        for (int from = 0; from < wire.length && !decoder.ended(); from += 7) {
            taken += decoder.decode(wire, from, Math.min(from + 7, wire.length));
        }
        assertThat(decoder.ended()).isEqualTo(end >= 0);
        if (end < 0) {
            return;
        }
        assertThat(taken).isEqualTo(end + 3);
        String content = text.substring(0, end + 2);
        boolean refused = content.replace("\r\n", "").matches("(?s).*[\r\n\0].*");
        try {
            incoming.requireAccepted();
            assertThat(refused).isFalse();
            assertThat(message.toString(ISO_8859_1))
                    .isEqualTo(content.replace("\r\n.", "\r\n").substring(2));
        } catch (SmtpRefusal refusal) {
            assertThat(refused).isTrue();
        }
    }
}
