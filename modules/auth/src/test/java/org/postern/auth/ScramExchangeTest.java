package org.postern.auth;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postern.testkit.Requirement;

class ScramExchangeTest {
    // RFC 7677 §3, the example of SCRAM-SHA-256
    private static final String CLIENT_FIRST = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
    private static final String SERVER_FIRST =
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
    private static final String CLIENT_FINAL = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
            + "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
    private static final String SERVER_FINAL = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

    private static final LoginThrottle.Attempt NO_DELAY =
            new LoginThrottle(Duration.ZERO, () -> 0).begin(InetAddress.getLoopbackAddress(), "");

    private final ScramVerifier verifier = PasswordHasher.scramVerifier(
            "pencil".getBytes(UTF_8), Base64.getDecoder().decode("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096);
    private final StoredCredentials user =
            new StoredCredentials(new AccountId(7), "user@example.test", true, 1, "", Optional.of(verifier), List.of());
    private final List<String> ended = new ArrayList<>();
    private Optional<StoredCredentials> account = Optional.of(user);

    private final ScramExchange exchange = new ScramExchange(
            new ScramLogins() {
                @Override
                public ScramLogin begin(String loginName) {
                    return new ScramLogin(loginName, NO_DELAY, verifier, account);
                }

                @Override
                public LoginResult end(ScramLogin login, String identity, boolean proved) {
                    ended.add(login.loginName() + "/" + identity + "/" + proved);
                    return proved && login.account().isPresent()
                            ? new LoginResult.Accepted(new Principal(new AccountId(7), "user@example.test", 1))
                            : new LoginResult.Refused();
                }
            },
            () -> "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");

    private SaslStep say(String message) {
        return exchange.respond(message.getBytes(UTF_8));
    }

    private static String challenge(SaslStep step) {
        assertThat(step).isInstanceOf(SaslStep.Challenge.class);
        return new String(((SaslStep.Challenge) step).data(), UTF_8);
    }

    @Test
    @Requirement("RFC7677-3")
    void theExampleOfTheStandard() {
        assertThat(challenge(exchange.begin())).isEmpty();
        assertThat(challenge(say(CLIENT_FIRST))).isEqualTo(SERVER_FIRST);
        assertThat(challenge(say(CLIENT_FINAL))).isEqualTo(SERVER_FINAL);
        assertThat(say(""))
                .isEqualTo(new SaslStep.Judged(
                        new LoginResult.Accepted(new Principal(new AccountId(7), "user@example.test", 1))));
        assertThat(ended).containsExactly("user//true");
    }

    @Test
    void aWrongProofIsRefused() {
        say(CLIENT_FIRST);
        assertThat(say(CLIENT_FINAL.replace("p=dHz", "p=dHa")))
                .isEqualTo(new SaslStep.Judged(new LoginResult.Refused()));
    }

    @Test
    void aProofThatIsTooShortOrTooLongIsRefused() {
        say(CLIENT_FIRST);
        assertThat(say(CLIENT_FINAL.replaceAll("p=.*", "p=dHzbZapW")))
                .isEqualTo(new SaslStep.Judged(new LoginResult.Refused()));
        var longer = new ScramExchange(
                new ScramLogins() {
                    @Override
                    public ScramLogin begin(String loginName) {
                        return new ScramLogin(loginName, NO_DELAY, verifier, account);
                    }

                    @Override
                    public LoginResult end(ScramLogin login, String identity, boolean proved) {
                        return proved ? new LoginResult.Unavailable() : new LoginResult.Refused();
                    }
                },
                () -> "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");
        longer.respond(CLIENT_FIRST.getBytes(UTF_8));
        byte[] proof = Base64.getDecoder().decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
        String longProof = Base64.getEncoder().encodeToString(java.util.Arrays.copyOf(proof, 40));
        assertThat(longer.respond(
                        CLIENT_FINAL.replaceAll("p=.*", "p=" + longProof).getBytes(UTF_8)))
                .isEqualTo(new SaslStep.Judged(new LoginResult.Refused()));
    }

    @Test
    void anAccountThatIsNobodysIsRefusedWithTheRightProofToo() {
        account = Optional.empty();
        say(CLIENT_FIRST);
        assertThat(say(CLIENT_FINAL)).isEqualTo(new SaslStep.Judged(new LoginResult.Refused()));
    }

    @Test
    void anotherNonceOrBindingIsRefused() {
        say(CLIENT_FIRST);
        assertThat(say(CLIENT_FINAL.replace("k0,p", "k1,p"))).isEqualTo(new SaslStep.Judged(new LoginResult.Refused()));
    }

    @Test
    void namesAndIdentitiesAreDecoded() {
        say("y,a=b=2Cc,n==3Duser=3D=2C,r=abc");
        say("c=eSxhPWI9MkNjLA==,r=abc%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
        assertThat(ended).containsExactly("=user=,/b,c/false");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "n,,",
                "n,,n=user",
                "n,,n=,r=abc",
                "n,,n=us=er,r=abc",
                "n,,n=user,r=",
                "n,,n=user,r=a\u0001",
                "n,,m=ext,n=user,r=abc",
                "p=tls-exporter,,n=user,r=abc",
                "x,,n=user,r=abc",
                "n,,n=us\u0000er,r=abc",
                "n,,n=user,r=abc\n",
            })
    void otherFirstMessagesAreMalformed(String message) {
        assertThat(say(message)).isInstanceOf(SaslStep.Malformed.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "c=biws", "c=biws,r=x,p=", "c=*,r=x,p=abcd", "r=x,c=biws,p=abcd", "c=biws,r=x,p=abcde"})
    void otherFinalMessagesAreMalformed(String message) {
        say(CLIENT_FIRST);
        assertThat(say(message)).isInstanceOf(SaslStep.Malformed.class);
    }

    @Test
    void aNonceIsBounded() {
        assertThat(say("n,,n=user,r=" + "a".repeat(257))).isInstanceOf(SaslStep.Malformed.class);
    }

    @Test
    void theLastResponseIsEmpty() {
        say(CLIENT_FIRST);
        say(CLIENT_FINAL);
        assertThat(say("x")).isInstanceOf(SaslStep.Malformed.class);
    }

    @Test
    void anythingElseIsAnsweredWithoutAFault() {
        var random = new SplittableRandom(20261124);
        for (int round = 0; round < 5_000; round++) {
            String original = round % 2 == 0 ? CLIENT_FIRST : CLIENT_FINAL;
            byte[] message = original.getBytes(UTF_8);
            for (int change = random.nextInt(4); change >= 0; change--) {
                message[random.nextInt(message.length - 2)] = (byte) random.nextInt(256);
            }
            if (new String(message, UTF_8).equals(original)) {
                continue;
            }
            var fuzzed = new ScramExchange(
                    new ScramLogins() {
                        @Override
                        public ScramLogin begin(String loginName) {
                            return new ScramLogin(loginName, NO_DELAY, verifier, account);
                        }

                        @Override
                        public LoginResult end(ScramLogin login, String identity, boolean proved) {
                            return proved ? new LoginResult.Unavailable() : new LoginResult.Refused();
                        }
                    },
                    () -> "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");
            if (round % 2 == 1) {
                fuzzed.respond(CLIENT_FIRST.getBytes(UTF_8));
            }
            assertThat(fuzzed.respond(message)).isNotEqualTo(new SaslStep.Judged(new LoginResult.Unavailable()));
        }
    }
}
