package org.postern.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.postern.acme.AcmeAccount;
import org.postern.acme.ChallengeKind;
import org.postern.dns.ZoneText;
import org.postern.server.CertificateKeeper.Ordering;

class CaaRecordsTest {
    private static Ordering ordering(String... identities) {
        return new Ordering(
                new AcmeAccount(
                        URI.create("https://acme.example/directory"),
                        "https://acme.example/acct/27",
                        List.of(identities)),
                ChallengeKind.HTTP_01,
                List.of("mail.example.org", "example.org"));
    }

    /// RFC 8657 §3, §4.
    @Test
    void namesAreBoundToAuthorityAccountAndChallenge() {
        assertThat(ZoneText.of(CaaRecords.of(ordering("acme.example"), Duration.ofHours(1))))
                .isEqualTo("""
                mail.example.org. 3600 IN CAA 0 issue "acme.example; accounturi=https://acme.example/acct/27; validationmethods=http-01"
                mail.example.org. 3600 IN CAA 0 issuewild ";"
                example.org. 3600 IN CAA 0 issue "acme.example; accounturi=https://acme.example/acct/27; validationmethods=http-01"
                example.org. 3600 IN CAA 0 issuewild ";"
                """);
    }

    @Test
    void anAuthorityThatDoesNotSayHowItIsCalledIsNotNamed() {
        assertThat(CaaRecords.of(ordering(), Duration.ofHours(1))).isEmpty();
    }
}
