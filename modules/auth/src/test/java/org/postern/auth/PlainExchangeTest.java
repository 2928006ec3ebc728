package org.postern.auth;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postern.testkit.Requirement;

@Requirement("RFC4616-2")
class PlainExchangeTest {
    private static SaslStep respond(String response) {
        return new PlainExchange().respond(response.getBytes(UTF_8));
    }

    @Test
    void withoutInitialResponseTheServerAsksWithAnEmptyChallenge() {
        SaslStep step = new PlainExchange().begin();
        assertThat(((SaslStep.Challenge) step).data()).isEmpty();
    }

    @Test
    void theExamplesOfRfc4616() {
        var tim = (SaslStep.Attempt) respond("\0tim\0tanstaaftanstaaf");
        assertThat(tim.credentials().authorizationIdentity()).isEmpty();
        assertThat(tim.credentials().loginName()).isEqualTo("tim");
        assertThat(tim.credentials().password()).asString(UTF_8).isEqualTo("tanstaaftanstaaf");
        var kurt = (SaslStep.Attempt) respond("Ursel\0Kurt\0xipj3plmq");
        assertThat(kurt.credentials().authorizationIdentity()).isEqualTo("Ursel");
        assertThat(kurt.credentials().loginName()).isEqualTo("Kurt");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "tim", "tim\0secret", "\0\0secret", "\0tim\0", "\0tim\0sec\0ret", "\0\0", "\0\0\0"})
    void whatIsNotPlainIsMalformed(String response) {
        assertThat(respond(response)).isInstanceOf(SaslStep.Malformed.class);
    }

    @Test
    void whatIsNotUtf8IsMalformed() {
        assertThat(new PlainExchange().respond(new byte[] {0, (byte) 0xc0, (byte) 0x80, 0, 'x'}))
                .isInstanceOf(SaslStep.Malformed.class);
    }

    @Test
    void neitherPasswordNorNameIsInTheText() {
        assertThat(((SaslStep.Attempt) respond("\0tim\0hidden")).credentials().toString())
                .doesNotContain("tim")
                .doesNotContain("hidden");
    }
}
