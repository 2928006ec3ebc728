package org.postern.identity;

/// One name that a certificate presents in its subjectAltName (RFC 9525 §2, RFC 4985). Common names are none.
public sealed interface PresentedIdentifier {
    /// A DNS-ID: an A-label name, its left-most label possibly `*`
    record DnsId(String pattern) implements PresentedIdentifier {
        @Override
        public String toString() {
            return "DNS-ID " + pattern;
        }
    }

    /// An SRV-ID: `_service.domain`, without `_tcp` (RFC 4985 §2).
    record SrvId(String service, String domain) implements PresentedIdentifier {
        /// The form that stands in the certificate.
        public String name() {
            return "_" + service + "." + domain;
        }

        @Override
        public String toString() {
            return "SRV-ID " + name();
        }
    }

    /// An address, in the notation of [java.net.InetAddress#getHostAddress]
    record IpId(String address) implements PresentedIdentifier {
        @Override
        public String toString() {
            return "IP-ID " + address;
        }
    }

    /// A URI. It is shown in evidence and never compared (RFC 7817 §3).
    record UriId(String uri) implements PresentedIdentifier {
        @Override
        public String toString() {
            return "URI-ID " + uri;
        }
    }
}
