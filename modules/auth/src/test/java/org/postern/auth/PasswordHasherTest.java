package org.postern.auth;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.postern.testkit.Requirement;

class PasswordHasherTest {
    @Test
    @Requirement("RFC7677-3")
    void theExampleOfRfc7677() {
        // user "user", password "pencil", i=4096; StoredKey and ServerKey follow from the example's exchange
        byte[] salt = Base64.getDecoder().decode("W22ZaJ0SNY7soEsUEjb6gQ==");
        ScramVerifier verifier = PasswordHasher.scramVerifier(ScramHash.SHA_256, "pencil".getBytes(UTF_8), salt, 4096);
        assertThat(Base64.getEncoder().encodeToString(verifier.storedKey()))
                .isEqualTo("WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=");
        assertThat(Base64.getEncoder().encodeToString(verifier.serverKey()))
                .isEqualTo("wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
    }

    @Test
    void aHashVerifiesItsPasswordAndNoOther() {
        var hasher = new PasswordHasher();
        String hash = hasher.hash("pässword".getBytes(UTF_8));
        assertThat(hash).matches("\\$argon2id\\$v=19\\$m=19456,t=2,p=1\\$.{22}\\$.{43}");
        assertThat(hasher.verify("pässword".getBytes(UTF_8), hash)).isTrue();
        assertThat(hasher.verify("passwort".getBytes(UTF_8), hash)).isFalse();
        assertThat(hasher.verify("pässword".getBytes(UTF_8), "{PLAIN}pässword")).isFalse();
        assertThat(PasswordHasher.isOutdated(hash)).isFalse();
    }

    @Test
    @Requirement("RFC4013-3")
    void passwordsAreSaslPrepared() {
        assertThat(PasswordHasher.prepare("I\u00ADX".getBytes(UTF_8))).hasValue("IX".getBytes(UTF_8));
        assertThat(PasswordHasher.prepare("\u00AA".getBytes(UTF_8))).hasValue("a".getBytes(UTF_8));
        assertThat(PasswordHasher.prepare("\u2168".getBytes(UTF_8))).hasValue("IX".getBytes(UTF_8));
        assertThat(PasswordHasher.prepare("\u0007".getBytes(UTF_8))).isEmpty();
        assertThat(PasswordHasher.prepare("\u06271".getBytes(UTF_8))).isEmpty();
        assertThat(PasswordHasher.prepare(new byte[] {(byte) 0xff})).isEmpty();
        assertThat(PasswordHasher.prepare(new byte[0])).isEmpty();
    }
}
