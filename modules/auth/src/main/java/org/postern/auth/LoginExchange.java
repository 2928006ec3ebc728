package org.postern.auth;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// SASL LOGIN (draft-murchison-sasl-login): user name and password as two responses. Obsolete, and the only
/// mechanism that some old clients and devices know.
final class LoginExchange implements SaslExchange {
    private @Nullable String loginName;

    @Override
    public SaslStep begin() {
        return prompt("Username:");
    }

    private static SaslStep prompt(String text) {
        return new SaslStep.Challenge(text.getBytes(StandardCharsets.US_ASCII));
    }

    @Override
    public SaslStep respond(byte[] response) {
        if (response.length == 0) {
            return new SaslStep.Malformed("LOGIN needs a user name and a password");
        }
        String name = loginName;
        if (name != null) {
            return new SaslStep.Attempt(new PlainCredentials("", name, response));
        }
        try {
            loginName = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(response))
                    .toString();
        } catch (CharacterCodingException e) {
            return new SaslStep.Malformed("LOGIN takes UTF-8");
        }
        return prompt("Password:");
    }
}
