package org.postern.nameserver;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.time.Instant;

/// Server cookies (RFC 7873, made as RFC 9018 §4 says): who brings one back sends from the address that it names.
final class Cookies {
    static final int CLIENT_LENGTH = 8;

    private static final byte VERSION = 1;
    private static final long OLDEST = 3_600; // seconds, RFC 9018 §4.3
    private static final long NEWEST = 300;

    private final SipHash hash;

    /// @param secret 16 octets
    Cookies(byte[] secret) {
        hash = new SipHash(secret);
    }

    byte[] make(byte[] client, InetAddress address, Instant now) {
        return make(client, address, (int) now.getEpochSecond(), 0);
    }

    private byte[] make(byte[] client, InetAddress address, int time, int reserved) {
        byte[] from = address.getAddress();
        ByteBuffer input = ByteBuffer.allocate(CLIENT_LENGTH + 8 + from.length);
        input.put(client)
                .put(VERSION)
                .put((byte) (reserved >> 16))
                .put((byte) (reserved >> 8))
                .put((byte) reserved);
        input.putInt(time).put(from);
        ByteBuffer cookie = ByteBuffer.allocate(16);
        cookie.put(input.array(), CLIENT_LENGTH, 8);
        cookie.order(ByteOrder.LITTLE_ENDIAN).putLong(hash.hash(input.array()));
        return cookie.array();
    }

    /// Whether we made it for this client not long ago.
    boolean isGood(byte[] client, byte[] server, InetAddress address, Instant now) {
        if (server.length != 16 || server[0] != VERSION) {
            return false;
        }
        ByteBuffer fields = ByteBuffer.wrap(server);
        int reserved = fields.getInt(0) & 0xff_ffff;
        int time = fields.getInt(4);
        int age = (int) now.getEpochSecond() - time; // goes round as RFC 1982 has it
        return age <= OLDEST && age >= -NEWEST && MessageDigest.isEqual(make(client, address, time, reserved), server);
    }
}
