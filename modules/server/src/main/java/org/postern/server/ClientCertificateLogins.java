package org.postern.server;

import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.postern.auth.ClientCertificates;
import org.postern.store.Accounts;
import org.postern.tls.ClientAuthority;
import org.postern.tls.ClientRequest;
import org.postern.tls.Fingerprints;
import org.postern.tls.TlsConfigurationException;

/// Whose the certificates of clients are: keys that are registered for accounts, and addresses that authorities of the
/// configuration vouch for. Where there is neither, no client is asked (R8314-40).
final class ClientCertificateLogins implements ClientCertificates, ClientRequest {
    private final Accounts accounts;
    private volatile List<ClientAuthority> authorities;

    /// @throws TlsConfigurationException where an authority cannot be read
    ClientCertificateLogins(Accounts accounts, Configuration configuration) {
        this.accounts = accounts;
        this.authorities = read(configuration);
    }

    /// The authorities of a configuration.
    ///
    /// @throws TlsConfigurationException naming the file that cannot be used
    static List<ClientAuthority> read(Configuration configuration) {
        return configuration.clientAuthorities().stream()
                .map(ClientAuthority::load)
                .toList();
    }

    void take(List<ClientAuthority> next) {
        authorities = next;
    }

    @Override
    public List<String> accounts(List<X509Certificate> chain) {
        Set<String> addresses = new LinkedHashSet<>(accounts.addressesOfClientKey(
                HexFormat.of().parseHex(Fingerprints.sha256(chain.getFirst().getPublicKey()))));
        Instant now = Instant.now();
        authorities.forEach(authority -> addresses.addAll(authority.addresses(chain, now)));
        return List.copyOf(addresses);
    }

    @Override
    public boolean wanted() {
        return !authorities.isEmpty() || accounts.hasClientKeys();
    }

    /// None where keys are registered: their certificates have any issuer.
    @Override
    public List<X509Certificate> issuers() {
        return accounts.hasClientKeys()
                ? List.of()
                : authorities.stream()
                        .flatMap(authority -> authority.certificates().stream())
                        .toList();
    }
}
