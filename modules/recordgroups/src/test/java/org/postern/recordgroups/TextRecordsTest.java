package org.postern.recordgroups;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postern.dns.FrontEnd;
import org.postern.dns.MailService;
import org.postern.recordgroups.AutoconfigFile.MailServer;
import org.postern.resolver.DomainName;
import org.postern.testkit.Requirement;

/// What the records of groups, and the files that they lead to, say.
class TextRecordsTest {
    private static final DomainName DOMAIN = new DomainName("example.org");

    @TempDir
    Path directory;

    // ---- DMARC and TLSRPT

    @Test
    void addressesOfReports() {
        // RFC 7489 appendix B.2.3
        ReportAddresses two = ReportAddresses.ofDmarc(
                TagList.parse(
                        "v=DMARC1; p=none; rua=mailto:dmarc-feedback@example.com,mailto:tld-test@thirdparty.example.net!10m; pct=25"));
        assertThat(two.mailboxes())
                .extracting(Object::toString)
                .containsExactly("dmarc-feedback@example.com", "tld-test@thirdparty.example.net");
        // RFC 8460 §3
        assertThat(ReportAddresses.ofTlsReports(TagList.parse("v=TLSRPTv1; rua=mailto:reports@example.com"))
                        .mailboxes())
                .extracting(Object::toString)
                .containsExactly("reports@example.com");
        assertThat(ReportAddresses.ofTlsReports(
                                TagList.parse("v=TLSRPTv1; rua=https://reporting.example.com/v1/tlsrpt"))
                        .urls())
                .extracting(Object::toString)
                .containsExactly("https://reporting.example.com/v1/tlsrpt");
        assertThat(ReportAddresses.ofDmarc(TagList.parse("v=DMARC1;p=reject;")).mailboxes())
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "p=none; v=DMARC1",
                "v=DMARC1",
                "v=DMARC1; rua=mailto:a@example.org; p=none",
                "v=DMARC1; p=discard",
                "v=DMARC1; p=none; p=reject",
                "v=DMARC1; p=none; sp=some",
                "v=DMARC1; p=none; adkim=x",
                "v=DMARC1; p=none; pct=101",
                "v=DMARC1; p=none; rua=a@example.org",
                "v=DMARC1; p=none; rua=mailto:example.org",
                "v=DMARC1; p=none; rua=https://example.org/",
                "v=DMARC1; p=none; rua=mailto:a@münchen.example",
                "v=DMARC1; p=none; rua=mailto:a@bad..org",
                "v=DMARC1; p=none; rua=mailto:a@.example.org",
                "v=DMARC1; p=none; rua=mailto:@example.org",
                "v=DMARC1; p=none; rua",
            })
    void aDmarcRecordThatIsNone(String text) {
        assertThatThrownBy(() -> ReportAddresses.ofDmarc(TagList.parse(text)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    // ---- DKIM

    /// RFC 8463 appendix A, which has the first key of RFC 8032 §7.1.
    @Test
    void anEd25519KeyIsItsOctetsAlone() throws Exception {
        byte[] secret = Base64.getDecoder().decode("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=");
        byte[] info = new byte[48];
        System.arraycopy(HexFormat.of().parseHex("302e020100300506032b657004220420"), 0, info, 0, 16);
        System.arraycopy(secret, 0, info, 16, 32);
        Path file = pem("PRIVATE KEY", info);
        assertThat(DkimKey.read(file).record())
                .isEqualTo("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
    }

    @Test
    void anRsaKeyFromEitherHalf() throws Exception {
        KeyPair pair = rsa(2048);
        String expected = "v=DKIM1; k=rsa; p="
                + Base64.getEncoder().encodeToString(pair.getPublic().getEncoded());
        assertThat(DkimKey.read(pem("PRIVATE KEY", pair.getPrivate().getEncoded()))
                        .record())
                .isEqualTo(expected);
        assertThat(DkimKey.read(pem("PUBLIC KEY", pair.getPublic().getEncoded()))
                        .record())
                .isEqualTo(expected);
        assertThat(DkimKey.isKey(expected)).isTrue();
        assertThat(DkimKey.isKey("v=DKIM1; p=")).isFalse(); // withdrawn
        assertThat(DkimKey.isKey("v=spf1 -all")).isFalse();
    }

    @Test
    void noKeyIsTold() throws Exception {
        assertThatThrownBy(() -> DkimKey.read(directory.resolve("none.pem")))
                .isInstanceOf(IOException.class)
                .hasMessage("there is no file " + directory.resolve("none.pem"));
        Path text = Files.writeString(directory.resolve("text.pem"), "hello\n");
        assertThatThrownBy(() -> DkimKey.read(text))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("holds no");
        Path small = pem("PUBLIC KEY", rsa(768).getPublic().getEncoded());
        assertThatThrownBy(() -> DkimKey.read(small))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("768 bits");
        KeyPairGenerator curve = KeyPairGenerator.getInstance("EC");
        Path nonsense = pem("PRIVATE KEY", new byte[] {48, 1, 2});
        assertThatThrownBy(() -> DkimKey.read(nonsense))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("" + nonsense);
        Path elliptic = pem("PRIVATE KEY", curve.generateKeyPair().getPrivate().getEncoded());
        assertThatThrownBy(() -> DkimKey.read(elliptic)).hasMessageContaining("neither RSA nor Ed25519");
    }

    private static KeyPair rsa(int bits) throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(bits);
        return generator.generateKeyPair();
    }

    private Path pem(String kind, byte[] octets) throws IOException {
        return Files.writeString(
                directory.resolve(kind + octets.length + ".pem"),
                "-----BEGIN " + kind + "-----\n" + Base64.getMimeEncoder().encodeToString(octets) + "\n-----END " + kind
                        + "-----\n");
    }

    // ---- MTA-STS

    /// RFC 8461 §3.2, §4.1 and appendix A.
    @Test
    @Requirement("N-4")
    void aPolicyNamesServers() {
        TransportPolicy policy = TransportPolicy.parse("""
                version: STSv1\r
                mode: enforce\r
                mx: mail.example.com\r
                mx: *.example.net\r
                later: something\r
                max_age: 604800\r
                """.getBytes(UTF_8));
        assertThat(policy.enforced()).isTrue();
        assertThat(policy.names(new DomainName("mail.example.com"))).isTrue();
        assertThat(policy.names(new DomainName("mx1.example.net"))).isTrue();
        assertThat(policy.names(new DomainName("a.mx1.example.net"))).isFalse();
        assertThat(policy.names(new DomainName("example.net"))).isFalse();
        assertThat(policy.id()).matches("[0-9a-f]{32}");
        assertThat(TransportPolicy.parse("version: STSv1\nmode: none\nmax_age: 86400\n".getBytes(UTF_8))
                        .id())
                .isNotEqualTo(policy.id());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "version: STSv2\nmode: none\nmax_age: 1",
                "version: STSv1\nmode: always\nmx: a.example\nmax_age: 1",
                "version: STSv1\nmode: enforce\nmax_age: 1",
                "version: STSv1\nmode: enforce\nmx: \nmx: a.example\nmax_age: 1",
                " version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 1",
                "version: STSv1\nmode: enforce\nmx: a.example",
                "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 31557601",
                "<html>not found</html>"
            })
    void aPolicyThatIsNone(String text) {
        assertThatThrownBy(() -> TransportPolicy.parse(text.getBytes(UTF_8)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    // ---- settings for mail programs

    private static final String SETTINGS = """
            <?xml version="1.0"?>
            <clientConfig version="1.1"><emailProvider id="%EMAILDOMAIN%">
              <incomingServer type="imap"><hostname>mail.%EMAILDOMAIN%</hostname><port>993</port>
                <socketType>SSL</socketType><authentication>password-cleartext</authentication></incomingServer>
              <outgoingServer type="smtp"><hostname>Mail.example.org</hostname><port>587</port>
                <socketType>STARTTLS</socketType></outgoingServer>
            </emailProvider></clientConfig>
            """;
    private static final List<FrontEnd> FRONT_ENDS =
            List.of(new FrontEnd(new DomainName("mail.example.org"), 0, List.of()));
    private static final Map<MailService, Integer> SERVICES =
            Map.of(MailService.IMAPS, 993, MailService.SUBMISSION, 587, MailService.SUBMISSIONS, 465);

    private static AutoconfigFile settings(String text) throws IOException {
        return AutoconfigFile.parse(text.getBytes(UTF_8), DOMAIN);
    }

    @Test
    void settingsThatAgreeWithTheListeners() throws Exception {
        assertThat(settings(SETTINGS).servers())
                .containsExactly(
                        new MailServer("imap", "mail.example.org", "993", "SSL"),
                        new MailServer("smtp", "mail.example.org", "587", "STARTTLS"));
        assertThat(settings(SETTINGS).disagreement(FRONT_ENDS, SERVICES)).isEmpty();
    }

    @Test
    void settingsThatLeadElsewhere() throws Exception {
        assertThat(settings(SETTINGS.replace("993", "143")).disagreement(FRONT_ENDS, SERVICES))
                .hasValue("it offers imap mail.example.org:143 SSL, and imaps is on port 993");
        assertThat(settings(SETTINGS.replace("SSL", "STARTTLS")).disagreement(FRONT_ENDS, SERVICES))
                .hasValue("it offers imap mail.example.org:993 STARTTLS, and imap is not offered");
        assertThat(settings(SETTINGS.replace("SSL", "plain")).disagreement(FRONT_ENDS, SERVICES))
                .hasValue("it offers imap mail.example.org:993 plain, and there is nothing without TLS here");
        assertThat(settings(SETTINGS.replace("mail.%", "imap.%")).disagreement(FRONT_ENDS, SERVICES))
                .hasValue("it offers imap imap.example.org:993 SSL, and clients are sent to mail.example.org");
        assertThat(settings(SETTINGS.replaceAll("(?s)<outgoing.*</outgoingServer>", ""))
                        .disagreement(FRONT_ENDS, SERVICES))
                .hasValue("it does not name a server for each of reading and sending");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "no settings",
                "<html/>",
                "<clientConfig>",
                "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/hostname\">]><clientConfig>&b;</clientConfig>"
            })
    void settingsThatAreNone(String text) {
        assertThatThrownBy(() -> settings(text)).isInstanceOf(IOException.class);
    }
}
