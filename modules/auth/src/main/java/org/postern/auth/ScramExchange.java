package org.postern.auth;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// SCRAM with and without PLUS (RFC 5802, RFC 7677), the server's side. The password never reaches us: a
/// client that was led to a false server gives nothing away that could be used elsewhere. With PLUS the proof also
/// covers the TLS connection: somebody between the two who holds a certificate that the client trusts cannot pass it
/// on.
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

    /// Where this exchange stands towards channel binding (RFC 5802 §6).
    private sealed interface Binding {
        /// With PLUS: the client names one of these.
        record Required(Map<ChannelBinding, byte[]> values) implements Binding {}

        /// Without, while PLUS was offered beside it: a client that could have bound itself was misled.
        record Declined() implements Binding {}

        /// Without, on a connection that has nothing to bind to.
        record Impossible() implements Binding {}
    }

    private sealed interface State {
        record ClientFirst() implements State {}

        /// @param channel what `c=` must hold: the client's GS2 header and, with PLUS, the binding behind it
        record ClientFinal(
                ScramLogin login, String identity, byte[] channel, String bare, String serverFirst, String nonce)
                implements State {}

        record Told(LoginResult result) implements State {}

        record Over() implements State {}
    }

    private final ScramHash hash;
    private final ScramLogins logins;
    private final Binding binding;
    private final Supplier<String> serverNonce;
    private State state = new State.ClientFirst();

    private ScramExchange(ScramHash hash, ScramLogins logins, Binding binding, Supplier<String> serverNonce) {
        this.hash = hash;
        this.logins = logins;
        this.binding = binding;
        this.serverNonce = serverNonce;
    }

    /// With PLUS.
    /// @param values what the connection can be bound to
    static ScramExchange bound(ScramHash hash, ScramLogins logins, Map<ChannelBinding, byte[]> values) {
        return bound(hash, logins, values, ScramExchange::randomNonce);
    }

    static ScramExchange bound(
            ScramHash hash, ScramLogins logins, Map<ChannelBinding, byte[]> values, Supplier<String> serverNonce) {
        return new ScramExchange(hash, logins, new Binding.Required(values), serverNonce);
    }

    /// Without PLUS.
    /// @param plusOffered whether the connection could have been bound as well
    static ScramExchange unbound(ScramHash hash, ScramLogins logins, boolean plusOffered) {
        return unbound(hash, logins, plusOffered, ScramExchange::randomNonce);
    }

    /// @param serverNonce printable ASCII without a comma
    static ScramExchange unbound(
            ScramHash hash, ScramLogins logins, boolean plusOffered, Supplier<String> serverNonce) {
        return new ScramExchange(
                hash, logins, plusOffered ? new Binding.Declined() : new Binding.Impossible(), serverNonce);
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
            Optional<String> refusal = refusal(message.group("flag"));
            if (refusal.isPresent()) {
                return new SaslStep.Malformed(refusal.get());
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
        state = new State.ClientFinal(
                login,
                identity,
                channel(message.group(1), message.group("flag")),
                message.group("bare"),
                serverFirst,
                nonce);
        return new SaslStep.Challenge(serverFirst.getBytes(StandardCharsets.US_ASCII));
    }

    /// Why this exchange cannot go on under the client's flag, in the words of RFC 5802 §7; empty if it can.
    private Optional<String> refusal(String flag) {
        return switch (binding) {
            case Binding.Required required -> {
                if (!flag.startsWith("p=")) {
                    yield Optional.of(hash.boundMechanism() + " needs a channel binding: p=");
                }
                yield required(required, flag).isPresent()
                        ? Optional.empty()
                        : Optional.of("unsupported-channel-binding-type");
            }
            case Binding.Declined _ ->
                switch (flag.charAt(0)) {
                    case 'n' -> Optional.empty();
                    // RFC 5802 §6: the client has not seen that PLUS was offered: somebody took it out
                    case 'y' -> Optional.of("server-does-support-channel-binding");
                    default -> Optional.of("channel binding needs " + hash.boundMechanism());
                };
            case Binding.Impossible _ ->
                flag.startsWith("p=") ? Optional.of("server-does-not-support-channel-binding") : Optional.empty();
        };
    }

    private static Optional<byte[]> required(Binding.Required required, String flag) {
        return required.values().entrySet().stream()
                .filter(each -> flag.equals("p=" + each.getKey().uniquePrefix()))
                .map(Map.Entry::getValue)
                .findFirst();
    }

    /// RFC 5802 §7: cbind-input = gs2-header [ cbind-data ].
    private byte[] channel(String header, String flag) {
        byte[] start = header.getBytes(StandardCharsets.UTF_8);
        byte[] data = binding instanceof Binding.Required required
                ? required(required, flag).orElseThrow()
                : new byte[0];
        byte[] whole = Arrays.copyOf(start, start.length + data.length);
        System.arraycopy(data, 0, whole, start.length, data.length);
        return whole;
    }

    private SaslStep last(byte[] response, State.ClientFinal expected) {
        Matcher message;
        byte[] channel;
        byte[] proof;
        try {
            message = CLIENT_FINAL.matcher(utf8(response));
            if (!message.matches()) {
                return new SaslStep.Malformed("not a SCRAM client-final-message");
            }
            channel = Base64.getDecoder().decode(message.group("binding"));
            proof = Base64.getDecoder().decode(message.group("proof"));
        } catch (CharacterCodingException | IllegalArgumentException e) {
            return new SaslStep.Malformed("not a SCRAM client-final-message");
        }
        // RFC 5802 §5.1: c= repeats the GS2 header with the binding, r= the whole nonce
        boolean same = MessageDigest.isEqual(channel, expected.channel())
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
    private boolean proves(byte[] proof, ScramVerifier verifier, String signed) {
        byte[] signature = hmac(verifier.storedKey(), signed);
        byte[] clientKey = Arrays.copyOf(proof, signature.length);
        for (int index = 0; index < signature.length; index++) {
            clientKey[index] ^= signature[index];
        }
        try {
            byte[] storedKey = MessageDigest.getInstance(hash.digest).digest(clientKey);
            boolean same = MessageDigest.isEqual(storedKey, verifier.storedKey());
            return same && proof.length == signature.length;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java runtime has no " + hash.digest, e);
        }
    }

    private byte[] hmac(byte[] key, String text) {
        try {
            Mac mac = Mac.getInstance(hash.mac);
            mac.init(new SecretKeySpec(key, hash.mac));
            return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java runtime has no " + hash.mac, e);
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
