package org.postern.store;

import java.io.ByteArrayOutputStream;

/// Numbers in seven-bit groups, low groups first: small ones take one octet. Negative numbers are zigzag-coded by
/// the caller.
final class Varint {
    private final byte[] encoded;
    private int position;

    Varint(byte[] encoded) {
        this.encoded = encoded;
    }

    static void write(ByteArrayOutputStream out, long number) {
        long left = number;
        while ((left & ~0x7fL) != 0) {
            out.write((int) ((left & 0x7f) | 0x80));
            left >>>= 7;
        }
        out.write((int) left);
    }

    static void writeSigned(ByteArrayOutputStream out, long number) {
        write(out, (number << 1) ^ (number >> 63));
    }

    long next() {
        long number = 0;
        for (int shift = 0; ; shift += 7) {
            byte octet = encoded[position++];
            number |= (octet & 0x7fL) << shift;
            if (octet >= 0) {
                return number;
            }
        }
    }

    long nextSigned() {
        long number = next();
        return (number >>> 1) ^ -(number & 1);
    }

    boolean hasNext() {
        return position < encoded.length;
    }
}
