package org.postern.smtp;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postern.testkit.Requirement;

/// Lines and what they mean, or the reply that refuses them.
class SmtpCommandReaderTest {
    private static SmtpCommand read(String line) {
        return new SmtpCommandReader(SmtpDialect.SMTP, () -> true).read(line.getBytes(ISO_8859_1));
    }

    private static SmtpReply refusal(String line) {
        try {
            throw new AssertionError("read as " + read(line));
        } catch (SmtpRefusal refusal) {
            return refusal.reply();
        }
    }

    private static String sender(String line) {
        return ((SmtpCommand.Mail) read(line)).reversePath().orElseThrow().toString();
    }

    @Test
    void commandsWithoutArguments() {
        assertThat(read("DATA")).isEqualTo(new SmtpCommand.Data());
        assertThat(read("rset")).isEqualTo(new SmtpCommand.Rset());
        assertThat(read("Quit")).isEqualTo(new SmtpCommand.Quit());
        assertThat(read("NOOP")).isEqualTo(new SmtpCommand.Noop());
        assertThat(read("NOOP what ever")).isEqualTo(new SmtpCommand.Noop());
        assertThat(read("HELP MAIL")).isEqualTo(new SmtpCommand.Help());
        assertThat(read("VRFY alice")).isEqualTo(new SmtpCommand.Vrfy());
        assertThat(read("STARTTLS")).isEqualTo(new SmtpCommand.StartTls());
        assertThat(read("DATA  \t ")).as("trailing white space").isEqualTo(new SmtpCommand.Data());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "client.example.org",
                "localhost",
                "[192.0.2.1]",
                "[IPv6:2001:db8::1]",
                "[IPv6:::ffff:192.0.2.1]",
                "MY_PC",
                "xn--bcher-kva.example"
            })
    @Requirement("RFC5321-4.1.1.1")
    void clientNames(String name) {
        assertThat(read("EHLO " + name)).isEqualTo(new SmtpCommand.Ehlo(name));
        assertThat(read("HELO " + name)).isEqualTo(new SmtpCommand.Helo(name));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "EHLO",
                "EHLO ",
                "EHLO a b",
                "EHLO a..b",
                "EHLO -a",
                "EHLO [192.0.2.256]",
                "EHLO [192.0.2]",
                "EHLO [IPv6:2001:db8::1%eth0]",
                "EHLO [IPv6:x]",
                "EHLO [X:y]",
                "EHLO [",
                "EHLO []",
                "EHLO b\u00fccher.example",
                "EHLO a;b",
                "EHLO a(b)",
                "STARTTLS now",
                "DATA now",
                "RSET now",
                "QUIT now",
                "VRFY",
                "MAIL",
                "MAIL <a@example.org>",
                "MAILFROM:<a@example.org>",
                "RCPT FROM:<a@example.org>",
                "AUTH",
                "AUTH ",
                "AUTH PL/AIN"
            })
    void malformed(String line) {
        assertThat(refusal(line).code()).isIn(500, 501);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "<alice@example.org>|alice@example.org",
                "<alice@EXAMPLE.org>|alice@example.org",
                " <alice@example.org>|alice@example.org",
                "<a.b+c=d@example.org>|a.b+c=d@example.org",
                "<\"alice\"@example.org>|alice@example.org",
                "<\"al ice\"@example.org>|\"al ice\"@example.org",
                "<\"a\\\"b\\\\\"@example.org>|\"a\\\"b\\\\\"@example.org",
                "<\"a@b\"@example.org>|\"a@b\"@example.org",
                "<\">\"@example.org>|\">\"@example.org",
                "<@hop.example,@other.example:alice@example.org>|alice@example.org",
                "<alice@[192.0.2.1]>|alice@[192.0.2.1]",
                "<alice@[IPv6:2001:db8::1]>|alice@[IPv6:2001:db8::1]",
            })
    @Requirement({"RFC5321-4.1.2", "RFC5321-4.1.1.3"})
    void paths(String path, String address) {
        assertThat(sender("MAIL FROM:" + path)).isEqualTo(address);
        assertThat(((SmtpCommand.Rcpt) read("RCPT TO:" + path)).forwardPath())
                .hasToString("To[address=" + address + "]");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "alice@example.org",
                "<alice@example.org",
                "<alice>",
                "<@example.org>",
                "<alice@>",
                "<.alice@example.org>",
                "<al..ice@example.org>",
                "<alice.@example.org>",
                "<al ice@example.org>",
                "<\"\"@example.org>",
                "<\"alice@example.org>",
                "<\"a\tb\"@example.org>",
                "<alice@exa_mple.org>",
                "<alice@example..org>",
                "<alice@example.org.>",
                "<alice@b\u00fccher.example>",
                "<\u00e4lice@example.org>",
                "<@hop.example alice@example.org>",
                "<@hop.example,:alice@example.org>",
                "<alice@[192.0.2.1>",
                "<<alice@example.org>>",
                "<alice@example.org>x",
                "< alice@example.org >",
                "",
            })
    void notPaths(String path) {
        assertThat(refusal("MAIL FROM:" + path).code()).isEqualTo(501);
        assertThat(refusal("RCPT TO:" + path).code()).isEqualTo(501);
    }

    @Test
    void theNullPathIsForSendersOnly() {
        assertThat(read("MAIL FROM:<>"))
                .isEqualTo(new SmtpCommand.Mail(Optional.empty(), OptionalLong.empty(), MailParameters.NONE));
        assertThat(refusal("RCPT TO:<>").status()).isEqualTo("5.1.3");
    }

    @Test
    void postmasterNeedsNoDomain() {
        assertThat(read("RCPT TO:<postMaster>"))
                .isEqualTo(new SmtpCommand.Rcpt(new ForwardPath.Postmaster(), RecipientParameters.NONE));
        assertThat(refusal("MAIL FROM:<postmaster>").status()).isEqualTo("5.1.7");
    }

    @Test
    @Requirement("RFC5321-4.5.3.1.1")
    void lengths() {
        String local = "a".repeat(64);
        assertThat(sender("MAIL FROM:<" + local + "@example.org>")).startsWith(local);
        assertThat(refusal("MAIL FROM:<" + local + "a@example.org>").code()).isEqualTo(501);
        String domain = ("a".repeat(63) + ".").repeat(3) + "example";
        assertThat(sender("MAIL FROM:<a@" + domain + ">")).endsWith(domain);
        assertThat(refusal("MAIL FROM:<a@" + ("a".repeat(63) + ".").repeat(4) + "example>")
                        .code())
                .isEqualTo(501);
    }

    @Test
    void parameters() {
        var mail = (SmtpCommand.Mail) read("MAIL FROM:<a@example.org> SIZE=1234 BODY=8bitmime AUTH=<>");
        assertThat(mail.size()).hasValue(1234);
        assertThat(((SmtpCommand.Mail) read("MAIL FROM:<> SIZE=99999999999999999999")).size())
                .hasValue(Long.MAX_VALUE);
        assertThat(read("MAIL FROM:<> auth=e+3Dmc2@example.com")).isInstanceOf(SmtpCommand.Mail.class);
        assertThat(refusal("MAIL FROM:<> SIZE=").code()).isEqualTo(501);
        assertThat(refusal("MAIL FROM:<> SIZE=-1").code()).isEqualTo(501);
        assertThat(refusal("MAIL FROM:<> SIZE=1 SIZE=2").code()).isEqualTo(501);
        assertThat(refusal("MAIL FROM:<> SIZE=123456789012345678901").code()).isEqualTo(501);
        assertThat(refusal("MAIL FROM:<> BODY=BINARY").code()).isEqualTo(501);
        assertThat(refusal("MAIL FROM:<> BODY").code()).isEqualTo(501);
        assertThat(refusal("MAIL FROM:<> AUTH=a+3").code()).isEqualTo(501);
        assertThat(refusal("MAIL FROM:<>  SIZE=1").code()).isEqualTo(501);
        assertThat(refusal("MAIL FROM:<> SIZE=1=2").code()).isEqualTo(501);
    }

    @Test
    @Requirement("RFC5321-4.1.1.11")
    void unknownParametersAre555() {
        assertThat(refusal("MAIL FROM:<> MT-PRIORITY=3"))
                .hasToString("555 5.5.4 Parameter MT-PRIORITY is not known here");
        assertThat(refusal("RCPT TO:<a@example.org> RRVS=x").code()).isEqualTo(555);
    }

    @Test
    void unknownCommands() {
        var reader = new SmtpCommandReader(SmtpDialect.SMTP, () -> true);
        assertThatThrownBy(() -> reader.read("GET / HTTP/1.1".getBytes(ISO_8859_1)))
                .isInstanceOfSatisfying(
                        SmtpRefusal.class,
                        refusal -> assertThat(refusal.reply().code()).isEqualTo(500));
        assertThat(reader.recognized()).isFalse();
        assertThat(refusal("").code()).isEqualTo(500);
        assertThat(refusal("EXPN staff").code()).isEqualTo(502);
        assertThat(refusal("ETRN example.test").code()).isEqualTo(502);
        assertThat(refusal("BDAT 10 MORE").code()).isEqualTo(501);
        assertThat(refusal("BDAT -1").code()).isEqualTo(501);
        assertThat(refusal("BDAT 99999999999999999999").code()).isEqualTo(501);
        assertThatThrownBy(() -> reader.read("EHLO".getBytes(ISO_8859_1))).isInstanceOf(SmtpRefusal.class);
        assertThat(reader.recognized()).isTrue();
    }

    @Test
    @Requirement("RFC4954-4")
    void initialResponses() {
        assertThat(((SmtpCommand.Auth) read("AUTH plain")).initialResponse()).isEmpty();
        assertThat(((SmtpCommand.Auth) read("AUTH PLAIN =")).initialResponse().orElseThrow())
                .isEmpty();
        assertThat(((SmtpCommand.Auth) read("AUTH PLAIN AGE="))
                        .initialResponse()
                        .orElseThrow())
                .asString(ISO_8859_1)
                .isEqualTo("AGE=");
        assertThat(read("AUTH PLAIN c2VjcmV0").toString()).doesNotContain("c2VjcmV0");
    }

    @Test
    @Requirement({"ST-11", "ST-13"})
    void noSecretIsReadWhereItMayNotBe() {
        var reader = new SmtpCommandReader(SmtpDialect.SMTP, () -> false);
        for (String line : new String[] {"AUTH PLAIN AGEAYg==", "AUTH", "AUTH /// x", "AUTH PLAIN ####"}) {
            assertThatThrownBy(() -> reader.read(line.getBytes(ISO_8859_1)))
                    .isInstanceOfSatisfying(
                            SmtpRefusal.class,
                            refusal -> assertThat(refusal.reply())
                                    .hasToString("538 5.7.11 Encryption required: begin TLS first"));
        }
    }

    private static SmtpCommand readUtf8(String line) {
        return new SmtpCommandReader(SmtpDialect.SMTP, () -> true).read(line.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void addressesBeyondAscii() {
        var mail = (SmtpCommand.Mail) readUtf8("MAIL FROM:<j\u00fcrgen@R\u00c4uber.example> SMTPUTF8 BODY=8BITMIME");
        assertThat(mail.reversePath()).contains(new MailAddress("j\u00fcrgen", "r\u00e4uber.example"));
        assertThat(mail.parameters().smtpUtf8()).isTrue();
        var rcpt = (SmtpCommand.Rcpt) readUtf8("RCPT TO:<\"\u7528 \u6237\"@example.org>");
        assertThat(rcpt.forwardPath()).isEqualTo(new ForwardPath.To(new MailAddress("\u7528 \u6237", "example.org")));
        for (String refused : List.of(
                "MAIL FROM:<j\u00fc\u00a0r@example.org> SMTPUTF8",
                "MAIL FROM:<j\u0085r@example.org> SMTPUTF8",
                "MAIL FROM:<j\ufffdr@example.org> SMTPUTF8",
                "MAIL FROM:<a@r\u00e4..example> SMTPUTF8",
                "MAIL FROM:<a@r\u00e4\u3002example> SMTPUTF8",
                "MAIL FROM:<" + "\u00fc".repeat(33) + "@example.org> SMTPUTF8", // 66 octets
                "MAIL FROM:<a@example.org> SMTPUTF8=YES")) {
            assertThatThrownBy(() -> readUtf8(refused)).as(refused).isInstanceOf(SmtpRefusal.class);
        }
        assertThatThrownBy(() -> read("MAIL FROM:<j\u00fcrgen@example.org> SMTPUTF8")) // ISO-8859-1
                .isInstanceOf(SmtpRefusal.class);
    }

    /// RFC 3461 §4, and the examples of its §10.
    @Test
    void parametersOfReports() {
        var mail = (SmtpCommand.Mail) read("MAIL FROM:<Alice@Example.ORG> RET=hdrs ENVID=QQ314159+2B+20x");
        assertThat(mail.parameters())
                .isEqualTo(new MailParameters(
                        false, false, Optional.of(MailParameters.Returned.HDRS), Optional.of("QQ314159+ x")));
        var rcpt = (SmtpCommand.Rcpt) read("RCPT TO:<a@example.org> NOTIFY=Success,FAILURE ORCPT=RFC822;Carol+40x@y.z");
        assertThat(rcpt.parameters())
                .isEqualTo(new RecipientParameters(
                        Optional.of(
                                Set.of(RecipientParameters.Condition.SUCCESS, RecipientParameters.Condition.FAILURE)),
                        Optional.of(new RecipientParameters.OriginalRecipient("rfc822", "Carol@x@y.z"))));
        assertThat(((SmtpCommand.Rcpt) read("RCPT TO:<a@example.org> NOTIFY=NEVER")).parameters())
                .isEqualTo(new RecipientParameters(Optional.of(Set.of()), Optional.empty()));
        for (String refused : List.of(
                "MAIL FROM:<> RET=ALL",
                "MAIL FROM:<> RET",
                "MAIL FROM:<> RET=FULL RET=FULL",
                "MAIL FROM:<> ENVID=",
                "MAIL FROM:<> ENVID=a+0D+0AX-Evil:",
                "MAIL FROM:<> ENVID=a+0d",
                "MAIL FROM:<> ENVID=a+",
                "MAIL FROM:<> ENVID=" + "x".repeat(101),
                "RCPT TO:<a@example.org> NOTIFY=NEVER,SUCCESS",
                "RCPT TO:<a@example.org> NOTIFY=SUCCESS,",
                "RCPT TO:<a@example.org> NOTIFY",
                "RCPT TO:<a@example.org> ORCPT=a@example.org",
                "RCPT TO:<a@example.org> ORCPT=rfc822;",
                "RCPT TO:<a@example.org> ORCPT=rfc822;a+0Ab",
                "RCPT TO:<a@example.org> ORCPT=rfc822;a+FCb",
                "RCPT TO:<a@example.org> ORCPT=utf-8;a+0Ab",
                "RCPT TO:<a@example.org> ORCPT=rf(c;a",
                "RCPT TO:<a@example.org> ORCPT=rfc822;a ORCPT=rfc822;a")) {
            assertThatThrownBy(() -> read(refused))
                    .as(refused)
                    .isInstanceOfSatisfying(
                            SmtpRefusal.class,
                            refusal -> assertThat(refusal.reply().code()).isEqualTo(501));
        }
        var global = (SmtpCommand.Rcpt) readUtf8("RCPT TO:<a@example.org> ORCPT=utf-8;j\u00fc+C3+BC@y");
        assertThat(global.parameters().original())
                .contains(new RecipientParameters.OriginalRecipient("utf-8", "j\u00fc\u00fc@y"));
        // LMTP does not offer them
        assertThatThrownBy(() -> new SmtpCommandReader(SmtpDialect.LMTP, () -> true)
                        .read("RCPT TO:<a@example.org> NOTIFY=NEVER".getBytes(StandardCharsets.UTF_8)))
                .isInstanceOfSatisfying(
                        SmtpRefusal.class,
                        refusal -> assertThat(refusal.reply().code()).isEqualTo(555));
    }
}
