package org.postern.tls;

import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIMatcher;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.StandardConstants;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/// What is served on every TLS port: certificates chosen by the name that the client asks for (SNI), those of the
/// first one's names where it asks for none. Replaced as a whole, atomically: a handshake sees either the old set
/// or the new one. Safe for use by all threads.
public final class ServedCertificates {
    private volatile CertificateSelection selection;
    /// The set before: a handshake that has chosen from it may still ask for the key.
    private volatile CertificateSelection before;
    private final ClientRequest clients;
    private final AnyClient trustManager;
    private final X509ExtendedKeyManager keyManager = new ByServerName();
    /// By virtual host: each has its own ticket keys, which its context makes anew every hour.
    private volatile Map<VirtualHost, SSLContext> contexts = new ConcurrentHashMap<>();

    public ServedCertificates(List<ServedCertificate> served) {
        this(served, UnknownServerName.DEFAULT_CERTIFICATE);
    }

    public ServedCertificates(List<ServedCertificate> served, UnknownServerName unknown) {
        this(served, unknown, ClientRequest.NONE);
    }

    /// @param clients whether clients are asked for certificates
    public ServedCertificates(List<ServedCertificate> served, UnknownServerName unknown, ClientRequest clients) {
        this.clients = clients;
        this.trustManager = new AnyClient(clients);
        selection = new CertificateSelection(served, unknown);
        before = selection;
    }

    /// Who answers for a name: the certificates that are served for it. No session that was begun at one virtual host
    /// is resumed at another (RFC 9325 §3.4, TLS-4); left to themselves, both engines would.
    ///
    /// @param certificates empty for those that ask for no name that is served
    public record VirtualHost(List<ServedCertificate> certificates) {}

    public VirtualHost virtualHost(Optional<String> serverName) {
        return new VirtualHost(serverName.map(selection::named).orElse(List.of()));
    }

    private SSLContext newContext() {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(new KeyManager[] {keyManager}, new TrustManager[] {trustManager}, null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java runtime has no TLS", e);
        }
    }

    /// Serves these from the next handshake on. The caller has checked them ([PemFiles], [CertificateAuthority]).
    public void replace(List<ServedCertificate> replacement) {
        replace(replacement, selection.unknown());
    }

    public synchronized void replace(List<ServedCertificate> replacement, UnknownServerName unknown) {
        if (replacement.equals(selection.all()) && unknown == selection.unknown()) {
            return; // a configuration that was read again: tickets stay good
        }
        before = selection;
        selection = new CertificateSelection(replacement, unknown);
        contexts = new ConcurrentHashMap<>(); // tickets go with the certificates under which they were given
    }

    public List<ServedCertificate> served() {
        return selection.all();
    }

    /// What clients get that ask for this name: one for each kind of key, none where they are turned away.
    public List<ServedCertificate> servedFor(String serverName) {
        return selection.servedFor(serverName);
    }

    /// The same of a set that is not served yet.
    public static List<ServedCertificate> servedFor(
            String serverName, List<ServedCertificate> set, UnknownServerName unknown) {
        return new CertificateSelection(set, unknown).servedFor(serverName);
    }

    /// False where a handshake would fail: then STARTTLS is not offered (R8314-17).
    public boolean available() {
        Instant now = Instant.now();
        return selection.all().stream().anyMatch(certificate -> certificate.validAt(now));
    }

    /// What another engine than the JDK's asks for key and chain.
    public X509ExtendedKeyManager keyManager() {
        return keyManager;
    }

    /// False where a client that asks for this name is turned away (K4, RFC 9325 §3.7).
    public boolean answersFor(String serverName) {
        return selection.answersFor(serverName);
    }

    /// What another engine than the JDK's asks about a client's certificate.
    public X509ExtendedTrustManager trustManager() {
        return trustManager;
    }

    /// Whether clients are asked for certificates.
    public ClientRequest clients() {
        return clients;
    }

    /// A new engine of the JDK's under the [TlsPolicy], in server mode.
    ///
    /// @param serverName that the client asks for
    /// @param logins whether there are any: then a client may be asked for its certificate
    public SSLEngine newServerEngine(RetiredVersions retired, Optional<String> serverName, boolean logins) {
        SSLEngine engine = contexts.computeIfAbsent(virtualHost(serverName), _ -> newContext())
                .createSSLEngine();
        engine.setUseClientMode(false);
        TlsPolicy.apply(engine, retired);
        if (selection.unknown() == UnknownServerName.REFUSE) {
            SSLParameters parameters = engine.getSSLParameters();
            parameters.setSNIMatchers(List.of(new ServedNames()));
            engine.setSSLParameters(parameters);
        }
        if (logins && clients.wanted()) {
            engine.setWantClientAuth(true); // R8314-40, and never needed: passwords work beside it
        }
        return engine;
    }

    /// Has the engine send `unrecognized_name` (RFC 6066 §3) to whoever asks for a name that is not served.
    private final class ServedNames extends SNIMatcher {
        ServedNames() {
            super(StandardConstants.SNI_HOST_NAME);
        }

        @Override
        public boolean matches(SNIServerName name) {
            try {
                return selection.answersFor(new SNIHostName(name.getEncoded()).getAsciiName());
            } catch (IllegalArgumentException malformed) {
                return false;
            }
        }
    }

    private @Nullable ServedCertificate byAlias(String alias) {
        // replaced twice in the middle of a handshake: this one fails
        return selection.byAlias(alias).or(() -> before.byAlias(alias)).orElse(null);
    }

    private final class ByServerName extends X509ExtendedKeyManager {
        @Override
        public @Nullable String chooseEngineServerAlias(
                String keyType, Principal @Nullable [] issuers, SSLEngine engine) {
            return selection
                    .choose(keyType, requestedName(engine))
                    .map(CertificateSelection::alias)
                    .orElse(null);
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
