package org.postern.tls;

import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;
import org.postern.identity.PresentedIdentifiers;

/// What is served on every TLS port: certificates chosen by the name that the client asks for (SNI), the first one
/// where it asks for none or for an unknown name. Replaced as a whole, atomically: a handshake sees
/// either the old set or the new one. Safe for use by all threads.
public final class ServedCertificates {
    private volatile List<ServedCertificate> served;
    private final SSLContext context;

    public ServedCertificates(List<ServedCertificate> served) {
        this.served = List.copyOf(served);
        try {
            context = SSLContext.getInstance("TLS");
            context.init(new KeyManager[] {new ByServerName()}, null, null);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java runtime has no TLS", e);
        }
    }

    /// Serves these from the next handshake on. The caller has checked them ([PemFiles], [CertificateAuthority]).
    public void replace(List<ServedCertificate> replacement) {
        served = List.copyOf(replacement);
    }

    public List<ServedCertificate> served() {
        return served;
    }

    /// False where a handshake would fail: then STARTTLS is not offered (R8314-17).
    public boolean available() {
        Instant now = Instant.now();
        return served.stream()
                .anyMatch(certificate ->
                        now.isBefore(certificate.leaf().getNotAfter().toInstant())
                                && now.isAfter(certificate.leaf().getNotBefore().toInstant()));
    }

    /// A new engine under the [TlsPolicy], in server mode.
    public SSLEngine newServerEngine() {
        SSLEngine engine = context.createSSLEngine();
        engine.setUseClientMode(false);
        TlsPolicy.apply(engine);
        return engine;
    }

    /// Among the certificates that fit the name, the first whose key type the handshake can use.
    private Optional<String> choose(String keyType, Optional<String> serverName) {
        List<ServedCertificate> now = served;
        int fallback = -1;
        for (int index = 0; index < now.size(); index++) {
            ServedCertificate certificate = now.get(index);
            if (!fits(keyType, certificate.leaf())) {
                continue;
            }
            if (serverName.isPresent()
                    && PresentedIdentifiers.of(certificate.leaf()).coversDnsName(serverName.get())) {
                return Optional.of(alias(certificate));
            }
            if (fallback < 0) {
                fallback = index;
            }
        }
        return fallback < 0 ? Optional.empty() : Optional.of(alias(now.get(fallback)));
    }

    private static boolean fits(String keyType, X509Certificate leaf) {
        String algorithm = leaf.getPublicKey().getAlgorithm();
        return keyType.equals(algorithm)
                || keyType.startsWith(algorithm + "_") // "EC_EC" and the like, from TLS 1.2
                || (keyType.equals("RSASSA-PSS") && algorithm.equals("RSA"));
    }

    /// The alias names one certificate for good, so that key and chain of one handshake belong together even if the
    /// set is replaced between the two calls.
    private static String alias(ServedCertificate certificate) {
        return certificate.leaf().getSerialNumber().toString(16) + "/" + System.identityHashCode(certificate);
    }

    private @Nullable ServedCertificate byAlias(String alias) {
        for (ServedCertificate certificate : served) {
            if (alias(certificate).equals(alias)) {
                return certificate;
            }
        }
        return null; // replaced in the middle of a handshake: this one fails, the client's next one sees the new set
    }

    private final class ByServerName extends X509ExtendedKeyManager {
        @Override
        public @Nullable String chooseEngineServerAlias(
                String keyType, Principal @Nullable [] issuers, SSLEngine engine) {
            return choose(keyType, requestedName(engine)).orElse(null);
        }

        private static Optional<String> requestedName(SSLEngine engine) {
            if (engine.getHandshakeSession() instanceof ExtendedSSLSession session) {
                return session.getRequestedServerNames().stream()
                        .filter(SNIHostName.class::isInstance)
                        .map(name -> ((SNIHostName) name).getAsciiName())
                        .findFirst();
            }
            return Optional.empty();
        }

        @Override
        public X509Certificate @Nullable [] getCertificateChain(String alias) {
            ServedCertificate certificate = byAlias(alias);
            return certificate == null ? null : certificate.chain().toArray(X509Certificate[]::new);
        }

        @Override
        public @Nullable PrivateKey getPrivateKey(String alias) {
            ServedCertificate certificate = byAlias(alias);
            return certificate == null ? null : certificate.key();
        }

        @Override
        public String @Nullable [] getServerAliases(String keyType, Principal @Nullable [] issuers) {
            return null;
        }

        @Override
        public @Nullable String chooseServerAlias(
                String keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
            return null;
        }

        @Override
        public String @Nullable [] getClientAliases(String keyType, Principal @Nullable [] issuers) {
            return null;
        }

        @Override
        public @Nullable String chooseClientAlias(
                String[] keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
            return null;
        }
    }
}
