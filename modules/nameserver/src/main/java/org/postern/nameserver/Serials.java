package org.postern.nameserver;

/// Serial numbers, which go round (RFC 1982 §3.2).
final class Serials {
    private Serials() {}

    static boolean isAfter(long serial, long other) {
        return serial != other && ((serial - other) & 0xffff_ffffL) < 0x8000_0000L;
    }
}
