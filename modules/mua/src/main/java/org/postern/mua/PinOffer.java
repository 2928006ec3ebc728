package org.postern.mua;

import java.security.cert.X509Certificate;

/// Exists only where a user may pin a certificate: in setup, for a server that nobody vouches for and nothing
/// speaks against. Show the fingerprint, ask to compare it with the provider's, and make "no" the default (RFC 8314
/// §5.4).
public final class PinOffer {
    private final String host;
    private final X509Certificate certificate;

    PinOffer(String host, X509Certificate certificate) {
        this.host = host;
        this.certificate = certificate;
    }

    public String host() {
        return host;
    }

    public X509Certificate certificate() {
        return certificate;
    }

    /// SHA-256, for a person to compare: `AB:CD:…`.
    public String fingerprint() {
        return Pin.of(certificate).fingerprint();
    }

    /// The user knows that it is right. The pin is bound to this host of this account; the account still has to
    /// allow pins ([Account.Minimum#PINNED]) before it is used.
    public Account acceptedBy(Account account) {
        return account.withPin(host, Pin.of(certificate));
    }

    @Override
    public String toString() {
        return host + " " + fingerprint();
    }
}
