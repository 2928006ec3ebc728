package org.postern.audit;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;

/// Tells public addresses from those of a house, a host or a test (RFC 6890): DNS is written by strangers, and must not
/// lead a server of ours into its own network.
final class PublicAddress {
    private PublicAddress() {}

    static boolean is(InetAddress address) {
        if (address.isLoopbackAddress()
                || address.isAnyLocalAddress()
                || address.isLinkLocalAddress()
                || address.isSiteLocalAddress()
                || address.isMulticastAddress()) {
            return false;
        }
        byte[] octets = address.getAddress();
        int first = octets[0] & 0xff;
        int second = octets[1] & 0xff;
        return switch (address) {
            case Inet4Address _ ->
                first != 0 // this network
                        && first < 240 // reserved
                        && !(first == 100 && second >= 64 && second < 128) // RFC 6598: shared by carriers
                        && !(first == 198 && (second == 18 || second == 19)) // RFC 2544: benchmarks
                        && !(first == 192 && second == 0 && octets[2] == 0); // RFC 6890: protocol assignments
            case Inet6Address _ ->
                (first & 0xe0) == 0x20 // RFC 4291 §2.4: global unicast is 2000::/3; RFC 4193 and all else is not
                        && !(first == 0x20 && second == 0x02) // RFC 3056: 6to4 hides an IPv4 address
                        && !(first == 0x20 && second == 0x01 && octets[2] == 0 && octets[3] == 0); // RFC 4380: Teredo
            default -> false;
        };
    }
}
