package org.postern.identity;

/// One name under which a client looks for a server (RFC 9525 §6.1), and where the client has it from. Made before
/// connecting, of nothing that the server says.
public sealed interface ReferenceIdentifier {
    Origin origin();

    /// A host or domain name, as lower-case A-labels.
    record DnsId(String name, Origin origin) implements ReferenceIdentifier {
        @Override
        public String toString() {
            return "DNS-ID " + name;
        }
    }

    /// A service of a domain: `imaps`, `submission` …, without underscore.
    record SrvId(String service, String domain, Origin origin) implements ReferenceIdentifier {
        @Override
        public String toString() {
            return "SRV-ID _" + service + "." + domain;
        }
    }

    /// An address that the user typed, in the notation of [java.net.InetAddress#getHostAddress].
    record IpId(String address, Origin origin) implements ReferenceIdentifier {
        @Override
        public String toString() {
            return "IP-ID " + address;
        }
    }

    /// Why the client may look for this name (RFC 9525 §6.1.1, RFC 7817 §3).
    enum Origin {
        /// the user, or the account's settings, name the host
        CONFIGURED_HOST,
        /// the part of the mail address after the `@`
        MAIL_DOMAIN,
        /// learned from DNS, every step of it validated by DNSSEC: an SRV target, the end of an alias
        SECURE_DNS
    }
}
