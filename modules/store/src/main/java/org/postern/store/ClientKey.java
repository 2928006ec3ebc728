package org.postern.store;

import java.time.Instant;
import java.util.HexFormat;

/// The public key of a client's certificate that is registered for an account.
///
/// @param name the account's own word for it
/// @param digest SHA-256 over the SubjectPublicKeyInfo
public record ClientKey(String name, byte[] digest, Instant created) {
    /// The digest, hexadecimal.
    public String sha256() {
        return HexFormat.of().formatHex(digest);
    }
}
