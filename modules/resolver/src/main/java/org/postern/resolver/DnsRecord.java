package org.postern.resolver;

import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/// The data of one resource record.
public sealed interface DnsRecord {
    /// A or AAAA.
    record Address(InetAddress address) implements DnsRecord {
        @Override
        public String toString() {
            return address.getHostAddress();
        }
    }

    record Cname(DomainName target) implements DnsRecord {
        @Override
        public String toString() {
            return target.text();
        }
    }

    record Mx(int preference, DomainName exchange) implements DnsRecord {
        @Override
        public String toString() {
            return preference + " " + exchange;
        }
    }

    /// RFC 2782; the target `.` says that the service is not offered.
    record Srv(int priority, int weight, int port, DomainName target) implements DnsRecord {
        @Override
        public String toString() {
            return priority + " " + weight + " " + port + " " + target;
        }
    }

    /// RFC 6698 §2.1, whatever the numbers are.
    record Tlsa(int usage, int selector, int matchingType, byte[] data) implements DnsRecord {
        @Override
        public String toString() {
            return usage + " " + selector + " " + matchingType + " "
                    + HexFormat.of().formatHex(data);
        }
    }

    /// The character strings of a TXT record, joined (RFC 7208 §3.3 and all that came after).
    record Txt(byte[] octets) implements DnsRecord {
        @Override
        public String toString() {
            return new String(octets, StandardCharsets.UTF_8);
        }
    }

    /// What can be asked for.
    enum Type {
        A(1),
        AAAA(28),
        CNAME(5),
        MX(15),
        SRV(33),
        TLSA(52),
        TXT(16);

        final int number;

        Type(int number) {
            this.number = number;
        }
    }
}
