package org.postern.auth;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import javax.crypto.Mac;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
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

    private static final String SERVER_NONCE = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";

    private static final LoginThrottle.Attempt NO_DELAY =
            new LoginThrottle(Duration.ZERO, () -> 0).begin(InetAddress.getLoopbackAddress(), "");

    private final ScramVerifier verifier = PasswordHasher.scramVerifier(
            ScramHash.SHA_256, "pencil".getBytes(UTF_8), Base64.getDecoder().decode("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096);
    private final StoredCredentials user = new StoredCredentials(
            new AccountId(7),
            "user@example.test",
            true,
            1,
            "",
            Optional.of(verifier),
            Map.of(),
            Optional.empty(),
            List.of());
    private final List<String> ended = new ArrayList<>();
    private Optional<StoredCredentials> account = Optional.of(user);

    private final ScramLogins logins = new ScramLogins() {
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
    };

    private final ScramExchange exchange = ScramExchange.unbound(ScramHash.SHA_256, logins, false, () -> SERVER_NONCE);

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
        var longer = ScramExchange.unbound(
                ScramHash.SHA_256,
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
                false,
                () -> SERVER_NONCE);
        longer.respond(CLIENT_FIRST.getBytes(UTF_8));
        byte[] proof = Base64.getDecoder().decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
        String longProof = Base64.getEncoder().encodeToString(Arrays.copyOf(proof, 40));
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
            var fuzzed = ScramExchange.unbound(
                    ScramHash.SHA_256,
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
                    false,
                    () -> SERVER_NONCE);
            if (round % 2 == 1) {
                fuzzed.respond(CLIENT_FIRST.getBytes(UTF_8));
            }
            assertThat(fuzzed.respond(message)).isNotEqualTo(new SaslStep.Judged(new LoginResult.Unavailable()));
        }
    }

    // ---- channel binding

    private static final byte[] EXPORTED = "exported key material of 32 octs".getBytes(UTF_8);
    private static final Map<ChannelBinding, byte[]> BINDINGS =
            Map.of(ChannelBinding.TLS_EXPORTER, EXPORTED, ChannelBinding.TLS_SERVER_END_POINT, new byte[] {1, 2, 3});

    /// The client's side, written from RFC 5802 §3 alone: its proof for `pencil`.
    private static String clientFinal(String header, byte[] data, String bare, String serverFirst) throws Exception {
        return clientFinal("256", header, data, bare, serverFirst);
    }

    /// @param sha as in the JDK's names of algorithms
    private static String clientFinal(String sha, String header, byte[] data, String bare, String serverFirst)
            throws Exception {
        byte[] input = Arrays.copyOf(header.getBytes(UTF_8), header.length() + data.length);
        System.arraycopy(data, 0, input, header.length(), data.length);
        String nonce = serverFirst.substring(2, serverFirst.indexOf(','));
        String unsigned = "c=" + Base64.getEncoder().encodeToString(input) + ",r=" + nonce;
        MessageDigest digest = MessageDigest.getInstance("SHA-" + sha);
        var keys = SecretKeyFactory.getInstance("PBKDF2WithHmacSHA" + sha);
        byte[] salted = keys.generateSecret(new PBEKeySpec(
                        "pencil".toCharArray(),
                        Base64.getDecoder().decode("W22ZaJ0SNY7soEsUEjb6gQ=="),
                        4096,
                        digest.getDigestLength() * 8))
                .getEncoded();
        byte[] clientKey = hmac(sha, salted, "Client Key");
        byte[] storedKey = digest.digest(clientKey);
        byte[] signature = hmac(sha, storedKey, bare + "," + serverFirst + "," + unsigned);
        for (int index = 0; index < clientKey.length; index++) {
            clientKey[index] ^= signature[index];
        }
        return unsigned + ",p=" + Base64.getEncoder().encodeToString(clientKey);
    }

    private static byte[] hmac(String sha, byte[] key, String text) throws Exception {
        var mac = Mac.getInstance("HmacSHA" + sha);
        mac.init(new SecretKeySpec(key, "HmacSHA" + sha));
        return mac.doFinal(text.getBytes(UTF_8));
    }

    private SaslStep bound(String header, byte[] data) throws Exception {
        ScramExchange plus = ScramExchange.bound(ScramHash.SHA_256, logins, BINDINGS, () -> SERVER_NONCE);
        String bare = "n=user,r=abc";
        String first = challenge(plus.respond((header + bare).getBytes(UTF_8)));
        return plus.respond(clientFinal(header, data, bare, first).getBytes(UTF_8));
    }

    @Test
    @Requirement("TLS-11")
    void theProofCoversTheChannel() throws Exception {
        assertThat(challenge(bound("p=tls-exporter,,", EXPORTED))).startsWith("v=");
        assertThat(challenge(bound("p=tls-server-end-point,a=user,", new byte[] {1, 2, 3})))
                .startsWith("v=");
    }

    @Test
    @Requirement("TLS-11")
    void anotherChannelIsRefused() throws Exception {
        byte[] ofAnotherConnection = EXPORTED.clone();
        ofAnotherConnection[31] ^= 1;
        assertThat(bound("p=tls-exporter,,", ofAnotherConnection))
                .isEqualTo(new SaslStep.Judged(new LoginResult.Refused()));
        assertThat(bound("p=tls-exporter,,", new byte[0])).isEqualTo(new SaslStep.Judged(new LoginResult.Refused()));
        assertThat(bound("p=tls-exporter,,", new byte[] {1, 2, 3}))
                .isEqualTo(new SaslStep.Judged(new LoginResult.Refused()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"n", "y", "p=tls-unique", "p=TLS-EXPORTER", "p=tls-exporter2"})
    void withPlusTheClientNamesABindingThatThereIs(String flag) {
        ScramExchange plus = ScramExchange.bound(ScramHash.SHA_256, logins, BINDINGS, () -> SERVER_NONCE);
        assertThat(plus.respond((flag + ",,n=user,r=abc").getBytes(UTF_8))).isInstanceOf(SaslStep.Malformed.class);
        assertThat(ended).isEmpty();
    }

    @Test
    @Requirement("TLS-11")
    void whoeverTakesPlusOutOfTheListIsFoundOut() {
        ScramExchange beside = ScramExchange.unbound(ScramHash.SHA_256, logins, true, () -> SERVER_NONCE);
        assertThat(beside.respond("y,,n=user,r=abc".getBytes(UTF_8)))
                .isEqualTo(new SaslStep.Malformed("server-does-support-channel-binding"));
        ScramExchange without = ScramExchange.unbound(ScramHash.SHA_256, logins, true, () -> SERVER_NONCE);
        assertThat(without.respond("n,,n=user,r=abc".getBytes(UTF_8))).isInstanceOf(SaslStep.Challenge.class);
        ScramExchange named = ScramExchange.unbound(ScramHash.SHA_256, logins, true, () -> SERVER_NONCE);
        assertThat(named.respond("p=tls-exporter,,n=user,r=abc".getBytes(UTF_8)))
                .isInstanceOf(SaslStep.Malformed.class);
    }

    // ---- other hashes

    private final class OfHash implements ScramLogins {
        private final ScramVerifier ofHash;

        OfHash(ScramHash hash, String salt) {
            ofHash = PasswordHasher.scramVerifier(
                    hash, "pencil".getBytes(UTF_8), Base64.getDecoder().decode(salt), 4096);
        }

        @Override
        public ScramLogin begin(String loginName) {
            return new ScramLogin(loginName, NO_DELAY, ofHash, account);
        }

        @Override
        public LoginResult end(ScramLogin login, String identity, boolean proved) {
            return logins.end(login, identity, proved);
        }
    }

    /// RFC 5802 §5, the example of SCRAM-SHA-1.
    @Test
    @Requirement("RFC5802-5")
    void theExampleOfSha1() {
        ScramExchange sha1 = ScramExchange.unbound(
                ScramHash.SHA_1, new OfHash(ScramHash.SHA_1, "QSXCR+Q6sek8bf92"), false, () -> "3rfcNHYJY1ZVvWVs7j");
        assertThat(challenge(sha1.respond("n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL".getBytes(UTF_8))))
                .isEqualTo("r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096");
        assertThat(challenge(sha1.respond(
                        "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="
                                .getBytes(UTF_8))))
                .isEqualTo("v=rmF9pqV8S7suAoZWja4dJRkFsKQ=");
    }

    @ParameterizedTest
    @EnumSource(ScramHash.class)
    @Requirement("TLS-11")
    void eachHashProvesItsOwnAndBindsTheChannel(ScramHash hash) throws Exception {
        String sha = hash.mechanism().substring("SCRAM-SHA-".length());
        var its = new OfHash(hash, "W22ZaJ0SNY7soEsUEjb6gQ==");
        for (String used : List.of("1", "256", "512")) {
            ScramExchange plus = ScramExchange.bound(hash, its, BINDINGS, () -> SERVER_NONCE);
            String header = "p=tls-exporter,,";
            String first = challenge(plus.respond((header + "n=user,r=abc").getBytes(UTF_8)));
            SaslStep end = plus.respond(
                    clientFinal(used, header, EXPORTED, "n=user,r=abc", first).getBytes(UTF_8));
            if (used.equals(sha)) {
                assertThat(challenge(end)).startsWith("v=");
            } else { // a proof by another hash proves nothing
                assertThat(end).isEqualTo(new SaslStep.Judged(new LoginResult.Refused()));
            }
        }
    }
}
