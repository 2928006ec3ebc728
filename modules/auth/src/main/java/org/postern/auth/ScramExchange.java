package org.postern.auth;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// SCRAM-SHA-256 (RFC 5802, RFC 7677), the server's side. The password never reaches us: a client that was
/// led to a false server gives nothing away that could be used elsewhere.
final class ScramExchange implements SaslExchange {
    private static final int NONCE_OCTETS = 18;
    /// A client's nonce is echoed and signed: bounded.
    private static final int CLIENT_NONCE_OCTETS = 256;

    private static final SecureRandom RANDOM = new SecureRandom();

    // RFC 5802 §7: gs2-header = gs2-cbind-flag "," [ authzid ] "," ; client-first-message-bare =
    // [reserved-mext ","] username "," nonce ["," extensions]
    private static final Pattern CLIENT_FIRST =
            Pattern.compile("((?<flag>n|y|p=[A-Za-z0-9.-]+),(a=(?<identity>[^,]*))?,)"
                    + "(?<bare>n=(?<name>[^,]*),r=(?<nonce>[\\x21-\\x2b\\x2d-\\x7e]+)(,[A-Za-z]=[^,]+)*)");
    // client-final-message = channel-binding "," nonce ["," extensions] "," proof
    private static final Pattern CLIENT_FINAL = Pattern.compile("(?<unsigned>c=(?<binding>[A-Za-z0-9+/=]+)"
            + ",r=(?<nonce>[\\x21-\\x2b\\x2d-\\x7e]+)(,[A-Za-z]=[^,]+)*),p=(?<proof>[A-Za-z0-9+/=]+)");

    private sealed interface State {
        record ClientFirst() implements State {}

        record ClientFinal(
                ScramLogin login, String identity, String header, String bare, String serverFirst, String nonce)
                implements State {}

        record Told(LoginResult result) implements State {}

        record Over() implements State {}
    }

    private final ScramLogins logins;
    private final Supplier<String> serverNonce;
    private State state = new State.ClientFirst();

    ScramExchange(ScramLogins logins) {
        this(logins, ScramExchange::randomNonce);
    }

    /// @param serverNonce printable ASCII without a comma
    ScramExchange(ScramLogins logins, Supplier<String> serverNonce) {
        this.logins = logins;
        this.serverNonce = serverNonce;
    }

    private static String randomNonce() {
        byte[] nonce = new byte[NONCE_OCTETS];
        RANDOM.nextBytes(nonce);
        return Base64.getEncoder().encodeToString(nonce);
    }

    @Override
    public SaslStep begin() {
        return new SaslStep.Challenge(new byte[0]);
    }

    @Override
    public SaslStep respond(byte[] response) {
        State current = state;
        state = new State.Over();
        return switch (current) {
            case State.ClientFirst _ -> first(response);
            case State.ClientFinal expected -> last(response, expected);
            case State.Told told ->
                response.length == 0
                        ? new SaslStep.Judged(told.result())
                        : new SaslStep.Malformed("SCRAM ends with an empty response");
            case State.Over _ -> throw new IllegalStateException("the exchange is over");
        };
    }

    private SaslStep first(byte[] response) {
        String name;
        String identity;
        Matcher message;
        try {
            message = CLIENT_FIRST.matcher(utf8(response));
            if (!message.matches() || message.group("nonce").length() > CLIENT_NONCE_OCTETS) {
                return new SaslStep.Malformed("not a SCRAM client-first-message");
            }
            if (message.group("flag").startsWith("p")) {
                return new SaslStep.Malformed("channel binding is not offered"); // RFC 5802 §6
            }
            name = saslName(message.group("name"));
            identity = message.group("identity") == null ? "" : saslName(message.group("identity"));
        } catch (CharacterCodingException | IllegalArgumentException e) {
            return new SaslStep.Malformed("not a SCRAM client-first-message");
        }
        if (name.isEmpty()) {
            return new SaslStep.Malformed("SCRAM needs a user name");
        }
        ScramLogin login = logins.begin(name);
        String nonce = message.group("nonce") + serverNonce.get();
        String serverFirst = "r=" + nonce + ",s="
                + Base64.getEncoder().encodeToString(login.verifier().salt()) + ",i="
                + login.verifier().iterations();
        state = new State.ClientFinal(login, identity, message.group(1), message.group("bare"), serverFirst, nonce);
        return new SaslStep.Challenge(serverFirst.getBytes(StandardCharsets.US_ASCII));
    }

    private SaslStep last(byte[] response, State.ClientFinal expected) {
        Matcher message;
        byte[] binding;
        byte[] proof;
        try {
            message = CLIENT_FINAL.matcher(utf8(response));
            if (!message.matches()) {
                return new SaslStep.Malformed("not a SCRAM client-final-message");
            }
            binding = Base64.getDecoder().decode(message.group("binding"));
            proof = Base64.getDecoder().decode(message.group("proof"));
        } catch (CharacterCodingException | IllegalArgumentException e) {
            return new SaslStep.Malformed("not a SCRAM client-final-message");
        }
        // RFC 5802 §5.1: c= repeats the gs2 header, r= the whole nonce
        boolean same = MessageDigest.isEqual(binding, expected.header().getBytes(StandardCharsets.UTF_8))
                && MessageDigest.isEqual(ascii(message.group("nonce")), ascii(expected.nonce()));
        String signed = expected.bare() + "," + expected.serverFirst() + "," + message.group("unsigned");
        ScramVerifier verifier = expected.login().verifier();
        boolean proved = proves(proof, verifier, signed);
        LoginResult result = logins.end(expected.login(), expected.identity(), same && proved);
        if (!(result instanceof LoginResult.Accepted)) {
            return new SaslStep.Judged(result);
        }
        byte[] signature = hmac(verifier.serverKey(), signed);
        state = new State.Told(result);
        return new SaslStep.Challenge(ascii("v=" + Base64.getEncoder().encodeToString(signature)));
    }

    /// RFC 5802 §3: ClientProof = ClientKey XOR HMAC(StoredKey, AuthMessage), StoredKey = H(ClientKey).
    private static boolean proves(byte[] proof, ScramVerifier verifier, String signed) {
        byte[] signature = hmac(verifier.storedKey(), signed);
        byte[] clientKey = Arrays.copyOf(proof, signature.length);
        for (int index = 0; index < signature.length; index++) {
            clientKey[index] ^= signature[index];
        }
        try {
            byte[] storedKey = MessageDigest.getInstance("SHA-256").digest(clientKey);
            boolean same = MessageDigest.isEqual(storedKey, verifier.storedKey());
            return same && proof.length == signature.length;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java runtime has no SHA-256", e);
        }
    }

    private static byte[] hmac(byte[] key, String text) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java runtime has no HMAC-SHA-256", e);
        }
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static String utf8(byte[] octets) throws CharacterCodingException {
        return StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(octets))
                .toString();
    }

    /// RFC 5802 §5.1: "=2C" stands for a comma, "=3D" for an equals sign; any other "=" is an error.
    private static String saslName(String text) {
        String decoded = text.replace("=2C", ",");
        if (decoded.replace("=3D", "").contains("=") || decoded.indexOf('\0') >= 0) {
            throw new IllegalArgumentException();
        }
        return decoded.replace("=3D", "=");
    }
}
