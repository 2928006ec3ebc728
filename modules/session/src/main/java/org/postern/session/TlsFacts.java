package org.postern.session;

import java.util.Optional;

/// What is known of a session's TLS once the handshake is done.
///
/// @param version `TLSv1.2` or `TLSv1.3`
/// @param cipherSuite the IANA name, as `TLS_AES_128_GCM_SHA256`
/// @param group the IANA group name where it is known for certain (R8314-29), never a guess
/// @param implicit true on an implicit TLS port, false after STARTTLS
public record TlsFacts(
        String version,
        String cipherSuite,
        Optional<String> group,
        Optional<String> serverName,
        Optional<String> applicationProtocol,
        boolean resumed,
        boolean implicit) {}
