package org.postern.nameserver;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// SipHash-2-4 with 64 bits of output: what RFC 9018 makes cookies with, so that servers of several makes can share
/// a secret.
final class SipHash {
    private final long k0;
    private final long k1;

    /// @param key 16 octets
    SipHash(byte[] key) {
        ByteBuffer words = ByteBuffer.wrap(key).order(ByteOrder.LITTLE_ENDIAN);
        k0 = words.getLong();
        k1 = words.getLong();
    }

    private static final class State {
        private long v0;
        private long v1;
        private long v2;
        private long v3;

        private void round() {
            v0 += v1;
            v1 = Long.rotateLeft(v1, 13) ^ v0;
            v0 = Long.rotateLeft(v0, 32);
            v2 += v3;
            v3 = Long.rotateLeft(v3, 16) ^ v2;
            v0 += v3;
            v3 = Long.rotateLeft(v3, 21) ^ v0;
            v2 += v1;
            v1 = Long.rotateLeft(v1, 17) ^ v2;
            v2 = Long.rotateLeft(v2, 32);
        }

        private void take(long word) {
            v3 ^= word;
            round();
            round();
            v0 ^= word;
        }
    }

    long hash(byte[] octets) {
        State state = new State();
        state.v0 = k0 ^ 0x736f6d6570736575L;
        state.v1 = k1 ^ 0x646f72616e646f6dL;
        state.v2 = k0 ^ 0x6c7967656e657261L;
        state.v3 = k1 ^ 0x7465646279746573L;
        ByteBuffer words = ByteBuffer.wrap(octets).order(ByteOrder.LITTLE_ENDIAN);
        while (words.remaining() >= 8) {
            state.take(words.getLong());
        }
        long last = (long) octets.length << 56;
        for (int shift = 0; words.hasRemaining(); shift += 8) {
            last |= (words.get() & 0xffL) << shift;
        }
        state.take(last);
        state.v2 ^= 0xff;
        for (int count = 0; count < 4; count++) {
            state.round();
        }
        return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
    }
}
