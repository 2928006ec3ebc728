package org.postern.mua;

import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;

/// What was agreed in a handshake, and presented in it.
///
/// @param version as `TLSv1.3`
/// @param suite as IANA registers it
/// @param group as IANA registers it, read from the handshake; empty where it shows none
/// @param serverName what was sent as SNI
/// @param applicationProtocol what the server chose by ALPN
/// @param chain the server's own certificate first
/// @param ocspResponses stapled ones, in DER
public record TlsSession(
        String version,
        String suite,
        Optional<String> group,
        Optional<String> serverName,
        Optional<String> applicationProtocol,
        List<X509Certificate> chain,
        List<byte[]> ocspResponses) {
    public TlsSession {
        chain = List.copyOf(chain);
        ocspResponses = List.copyOf(ocspResponses);
    }
}
