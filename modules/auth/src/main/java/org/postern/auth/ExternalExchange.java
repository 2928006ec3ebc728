package org.postern.auth;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.function.Function;

/// SASL EXTERNAL (RFC 4422 Appendix A): the client was authenticated by its certificate, and says at most whom it wants
/// to
/// act as.
final class ExternalExchange implements SaslExchange {
    private final Function<String, LoginResult> judge;

    /// @param judge takes the authorization identity, empty for the certificate's own account
    ExternalExchange(Function<String, LoginResult> judge) {
        this.judge = judge;
    }

    @Override
    public SaslStep begin() {
        return new SaslStep.Challenge(new byte[0]);
    }

    @Override
    public SaslStep respond(byte[] response) {
        try {
            String identity = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(response))
                    .toString();
            return identity.indexOf('\0') >= 0
                    ? new SaslStep.Malformed("EXTERNAL takes an authorization identity without NUL")
                    : new SaslStep.Judged(judge.apply(identity));
        } catch (CharacterCodingException e) {
            return new SaslStep.Malformed("EXTERNAL takes UTF-8");
        }
    }
}
