package org.postern.acme;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.KeyPair;
import java.util.Optional;
import org.postern.tls.KeyKind;
import org.shredzone.acme4j.Identifier;
import org.shredzone.acme4j.challenge.Challenge;
import org.shredzone.acme4j.challenge.Dns01Challenge;
import org.shredzone.acme4j.challenge.Http01Challenge;
import org.shredzone.acme4j.challenge.TlsAlpn01Challenge;

/// Makes the answer to a challenge visible, until it is closed. Ports are open for so long alone: a web server may have
/// them the rest of the time.
final class ChallengeResponders {
    private final AcmeSettings settings;
    private final Optional<DnsPublisher> dns;

    ChallengeResponders(AcmeSettings settings, Optional<DnsPublisher> dns) {
        this.settings = settings;
        this.dns = dns;
    }

    AutoCloseable answer(Challenge challenge, Identifier identifier) throws AcmeFailedException {
        try {
            return switch (challenge) {
                case Http01Challenge http ->
                    new HttpResponder(settings.http(), http.getToken(), http.getAuthorization());
                case TlsAlpn01Challenge alpn -> {
                    KeyPair pair = KeyKind.RSA_2048.newPair(); // the library signs this certificate with RSA
                    yield new TlsAlpnResponder(settings.tlsAlpn(), pair, alpn.createCertificate(pair, identifier));
                }
                case Dns01Challenge record ->
                    dns.orElseThrow(() -> new AcmeFailedException(
                                    "dns-01 needs somebody who publishes records, and nobody here does"))
                            .publish(record.getRRName(identifier).replaceAll("\\.$", ""), record.getDigest());
                default -> throw new AcmeFailedException("a challenge of an unknown kind: " + challenge.getType());
            };
        } catch (IOException e) {
            throw new AcmeFailedException(
                    settings.challenge().type() + " cannot be answered: " + place() + e.getMessage(),
                    e,
                    Optional.empty());
        }
    }

    private String place() {
        return switch (settings.challenge()) {
            case HTTP_01 -> listening("http", settings.http());
            case TLS_ALPN_01 -> listening("tls-alpn", settings.tlsAlpn());
            case DNS_01 -> "";
        };
    }

    private static String listening(String setting, InetSocketAddress address) {
        return "cannot listen on " + address.getAddress().getHostAddress() + " port " + address.getPort()
                + "; where another server has the port, have it pass the authority's requests on to another one, and set"
                + " tls.acme." + setting + ".port: ";
    }
}
