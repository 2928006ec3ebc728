package org.postern.acme;

import java.net.URI;
import java.util.List;

/// An account as its authority knows it.
///
/// @param directory of the authority
/// @param location its URL (RFC 8555 §7.3)
/// @param identities the names that the authority looks for in CAA records (RFC 8555 §9.7.6)
public record AcmeAccount(URI directory, String location, List<String> identities) {
    public AcmeAccount {
        identities = List.copyOf(identities);
    }
}
