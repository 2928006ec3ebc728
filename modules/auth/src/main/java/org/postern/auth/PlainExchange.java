package org.postern.auth;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// SASL PLAIN (RFC 4616): `[authzid] NUL authcid NUL passwd`.
final class PlainExchange implements SaslExchange {
    @Override
    public SaslStep begin() {
        return new SaslStep.Challenge(new byte[0]);
    }

    @Override
    public SaslStep respond(byte[] response) {
        try {
            int first = indexOfNul(response, 0);
            int second = first < 0 ? -1 : indexOfNul(response, first + 1);
            if (second < 0 || indexOfNul(response, second + 1) >= 0) {
                return new SaslStep.Malformed("PLAIN takes: authorization identity NUL user NUL password");
            }
            String loginName = utf8(response, first + 1, second);
            // RFC 4616 §2: authcid and passwd are 1*SAFE
            if (loginName.isEmpty() || second + 1 == response.length) {
                return new SaslStep.Malformed("PLAIN needs a user name and a password");
            }
            return new SaslStep.Attempt(new PlainCredentials(
                    utf8(response, 0, first), loginName, Arrays.copyOfRange(response, second + 1, response.length)));
        } catch (CharacterCodingException e) {
            return new SaslStep.Malformed("PLAIN takes UTF-8");
        } finally {
            Arrays.fill(response, (byte) 0);
        }
    }

    private static int indexOfNul(byte[] octets, int from) {
        for (int index = from; index < octets.length; index++) {
            if (octets[index] == 0) {
                return index;
            }
        }
        return -1;
    }

    private static String utf8(byte[] octets, int from, int to) throws CharacterCodingException {
        return StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(octets, from, to - from))
                .toString();
    }
}
