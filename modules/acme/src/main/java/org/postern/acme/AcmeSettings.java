package org.postern.acme;

import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.postern.tls.KeyKind;

/// What an operator decides about ACME.
///
/// @param directory the authority's, an `https` URL
/// @param contacts where the authority may write to: `mailto:…`
/// @param http where the answer to http-01 listens while it is asked for
/// @param tlsAlpn the same of tls-alpn-01
/// @param keys for each kind one certificate
/// @param reuseKey whether a renewal goes on with the key; else it takes the one that was announced as the next
/// @param externalAccount what binds to an account that the authority knows already
/// @param trust certificates in PEM that vouch for the directory, in place of the runtime's
public record AcmeSettings(
        URI directory,
        List<URI> contacts,
        ChallengeKind challenge,
        InetSocketAddress http,
        InetSocketAddress tlsAlpn,
        List<KeyKind> keys,
        boolean reuseKey,
        Optional<ExternalAccount> externalAccount,
        Optional<Path> trust) {
    /// RFC 8555 §7.3.4.
    ///
    /// @param secret the MAC key, base64url
    public record ExternalAccount(String keyIdentifier, String secret) {
        @Override
        public String toString() {
            return "ExternalAccount[" + keyIdentifier + "]"; // never the secret
        }
    }
}
