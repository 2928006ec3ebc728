package org.postern.server;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.SecretKeySpec;
import org.postern.testkit.WireClient;

/// A client's side of SCRAM over IMAP, written from RFC 5802 §3 and §5 alone.
///
/// @param sha the hash as in the JDK's names of algorithms: `1`, `256`, `512`
/// @param binding its type, as `tls-server-end-point`; empty for none
/// @param bound what the login is bound to
record ScramClient(String sha, String binding, byte[] bound) {
    private static final String NONCE = "rOprNGfwEbeRWgbNEkqO";

    static ScramClient unbound(String sha) {
        return new ScramClient(sha, "", new byte[0]);
    }

    /// The last answer: a tagged one.
    ///
    /// @param client at its greeting
    String login(WireClient client, String name, String password) throws IOException, GeneralSecurityException {
        String header = (binding.isEmpty() ? "n" : "p=" + binding) + ",,";
        String bare = "n=" + name + ",r=" + NONCE;
        String mechanism = "SCRAM-SHA-" + sha + (binding.isEmpty() ? "" : "-PLUS");
        String first = client.command("s AUTHENTICATE " + mechanism + " " + base64((header + bare).getBytes(UTF_8)), "")
                .getLast();
        if (!first.startsWith("+ ")) {
            return first;
        }
        String challenge = new String(Base64.getDecoder().decode(first.substring(2)), UTF_8);
        List<String> parts = List.of(challenge.split(",", 3));
        byte[] input = Arrays.copyOf(header.getBytes(UTF_8), header.length() + bound.length);
        System.arraycopy(bound, 0, input, header.length(), bound.length);
        String unsigned = "c=" + base64(input) + "," + parts.get(0);
        MessageDigest digest = MessageDigest.getInstance("SHA-" + sha);
        byte[] salted = SecretKeyFactory.getInstance("PBKDF2WithHmacSHA" + sha)
                .generateSecret(new PBEKeySpec(
                        password.toCharArray(),
                        Base64.getDecoder().decode(parts.get(1).substring(2)),
                        Integer.parseInt(parts.get(2).substring(2)),
                        digest.getDigestLength() * 8))
                .getEncoded();
        byte[] proof = hmac(salted, "Client Key");
        String signed = bare + "," + challenge + "," + unsigned;
        byte[] signature = hmac(digest.digest(proof), signed);
        for (int index = 0; index < proof.length; index++) {
            proof[index] ^= signature[index];
        }
        String last = client.command(base64((unsigned + ",p=" + base64(proof)).getBytes(UTF_8)), "")
                .getLast();
        if (!last.startsWith("+ ")) {
            return last;
        }
        String verified = "v=" + base64(hmac(hmac(salted, "Server Key"), signed));
        if (!new String(Base64.getDecoder().decode(last.substring(2)), UTF_8).equals(verified)) {
            return "the server has not proved that it knows the password: " + last;
        }
        return client.command("", "").getLast();
    }

    private byte[] hmac(byte[] key, String text) throws GeneralSecurityException {
        Mac mac = Mac.getInstance("HmacSHA" + sha);
        mac.init(new SecretKeySpec(key, "HmacSHA" + sha));
        return mac.doFinal(text.getBytes(UTF_8));
    }

    private static String base64(byte[] octets) {
        return Base64.getEncoder().encodeToString(octets);
    }
}
