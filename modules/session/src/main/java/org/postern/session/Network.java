package org.postern.session;

import java.net.InetAddress;
import java.util.List;

/// The addresses that share their first bits with one: `192.0.2.0/24`, `2001:db8::/32` (RFC 4632 §3.1, RFC 4291 §2.3).
public record Network(InetAddress address, int prefix) {
    public static final List<Network> EVERYWHERE = List.of(parse("0.0.0.0/0"), parse("::/0"));
    public static final List<Network> LOOPBACK = List.of(parse("127.0.0.0/8"), parse("::1"));

    public Network {
        int bits = address.getAddress().length * 8;
        if (prefix < 0 || prefix > bits) {
            throw new IllegalArgumentException("/" + prefix + " is not from /0 to /" + bits);
        }
        for (int bit = prefix; bit < bits; bit++) {
            if (isSet(address.getAddress(), bit)) {
                throw new IllegalArgumentException(
                        "'" + address.getHostAddress() + "/" + prefix + "' has bits behind its prefix");
            }
        }
    }

    /// An address, with or without `/` and the number of its bits that count.
    ///
    /// @throws IllegalArgumentException saying what is wrong with it
    public static Network parse(String text) {
        int slash = text.indexOf('/');
        try {
            InetAddress address = InetAddress.ofLiteral(slash < 0 ? text : text.substring(0, slash));
            int prefix =
                    slash < 0 ? address.getAddress().length * 8 : Integer.parseInt(text, slash + 1, text.length(), 10);
            return new Network(address, prefix);
        } catch (NumberFormatException malformed) {
            throw new IllegalArgumentException(
                    "'" + text + "' is no network, as 192.0.2.0/24 or 2001:db8::/32", malformed);
        }
    }

    public boolean contains(InetAddress candidate) {
        byte[] ours = address.getAddress();
        byte[] theirs = candidate.getAddress();
        if (ours.length != theirs.length) {
            return false;
        }
        for (int bit = 0; bit < prefix; bit++) {
            if (isSet(ours, bit) != isSet(theirs, bit)) {
                return false;
            }
        }
        return true;
    }

    private static boolean isSet(byte[] octets, int bit) {
        return (octets[bit / 8] & 0x80 >> bit % 8) != 0;
    }
}
