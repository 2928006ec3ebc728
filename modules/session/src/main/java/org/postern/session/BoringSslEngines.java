package org.postern.session;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.OpenSslCachingX509KeyManagerFactory;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.OpenSslServerContext;
import io.netty.handler.ssl.OpenSslSessionTicketKey;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.SimpleKeyManagerFactory;
import java.net.Socket;
import java.security.KeyStore;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import javax.net.ssl.KeyManager;
import javax.net.ssl.ManagerFactoryParameters;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;
import org.postern.tls.ClientRequest;
import org.postern.tls.ServedCertificate;
import org.postern.tls.ServedCertificates;
import org.postern.tls.TlsConfigurationException;
import org.postern.tls.TlsEngine;
import org.postern.tls.TlsPolicy;
import org.postern.tls.TlsSettings;

/// [TlsEngine#BORINGSSL]: one context for each virtual host, protocol and kind of key.
final class BoringSslEngines implements TlsEngines {
    private static final Duration TICKETS_LIVE = Duration.ofHours(24);
    /// Of one key: it encrypts tickets for so long, and reads them for twice that; then it is gone (RFC 9325 §3.4).
    private static final Duration TICKET_KEY = TICKETS_LIVE.dividedBy(2);

    private static final SecureRandom RANDOM = new SecureRandom();

    /// @param ecdsa true for clients that can do with a certificate for an ECDSA key
    /// @param asked whose certificates a client may have; empty where none is asked for
    private record Kind(
            ServedCertificates.VirtualHost host,
            List<String> protocols,
            boolean ecdsa,
            Optional<List<X509Certificate>> asked) {}

    private record Contexts(List<ServedCertificate> served, Map<Kind, Context> made) {}

    private final TlsSettings settings;
    private final ServedCertificates certificates;
    private final LongSupplier nanoTime;
    private volatile Contexts contexts;

    BoringSslEngines(TlsSettings settings, ServedCertificates certificates, LongSupplier nanoTime) {
        if (!OpenSsl.isAvailable()) {
            throw new TlsConfigurationException(
                    "tls.engine = boringssl: its native library does not work here ("
                            + OpenSsl.unavailabilityCause().getMessage()
                            + "). It is there for Linux on x86-64, and is unpacked to java.io.tmpdir, which must allow programs to"
                            + " be run; tls.engine = jdk needs none",
                    OpenSsl.unavailabilityCause());
        }
        this.settings = settings;
        this.certificates = certificates;
        this.nanoTime = nanoTime;
        this.contexts = new Contexts(certificates.served(), new ConcurrentHashMap<>());
    }

    @Override
    public SSLEngine newEngine(Client client, Protocol protocol, ByteBufAllocator allocator) {
        List<ServedCertificate> served = certificates.served();
        Contexts current = contexts;
        if (!current.served().equals(served)) {
            current = new Contexts(served, new ConcurrentHashMap<>()); // tickets go with the certificates
            contexts = current;
        }
        ClientRequest clients = certificates.clients();
        Kind kind = new Kind(
                certificates.virtualHost(client.serverName()),
                protocol.applicationProtocols(),
                client.verifiesEcdsa(),
                // R8314-40, and never needed: passwords work beside it
                protocol.hasLogins() && settings.mayAsk(client.tls13()) && clients.wanted()
                        ? Optional.of(clients.issuers())
                        : Optional.empty());
        return current.made().computeIfAbsent(kind, Context::new).ready().newEngine(allocator);
    }

    private final class Context {
        private final OpenSslServerContext context;
        // guarded by this
        private final Deque<OpenSslSessionTicketKey> ticketKeys = new ArrayDeque<>();
        private long newestMade; // nanoseconds

        Context(Kind kind) {
            try {
                context = (OpenSslServerContext) SslContextBuilder.forServer(new Keys(kind.ecdsa()).factory())
                        .sslProvider(SslProvider.OPENSSL)
                        .protocols(TlsPolicy.versions(settings.retiredVersions()))
                        .ciphers(TlsPolicy.cipherSuites(settings.retiredVersions()))
                        .option(
                                OpenSslContextOption.GROUPS,
                                TlsPolicy.groups(TlsEngine.BORINGSSL).toArray(String[]::new))
                        .option(OpenSslContextOption.USE_TASKS, true)
                        .applicationProtocolConfig(
                                kind.protocols().isEmpty()
                                        ? ApplicationProtocolConfig.DISABLED
                                        : new ApplicationProtocolConfig(
                                                ApplicationProtocolConfig.Protocol.ALPN,
                                                ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                                                ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                                                kind.protocols()))
                        .sessionTimeout(TICKETS_LIVE.toSeconds())
                        .clientAuth(kind.asked().isPresent() ? ClientAuth.OPTIONAL : ClientAuth.NONE)
                        .trustManager(certificates.trustManager())
                        .build();
            } catch (SSLException e) {
                throw new IllegalStateException("BoringSSL does not take the TLS policy", e);
            }
            context.sessionContext().setSessionIdContext(random(16));
        }

        /// With a ticket key that is not too old.
        synchronized OpenSslServerContext ready() {
            long now = nanoTime.getAsLong();
            long age = now - newestMade;
            if (age > TICKETS_LIVE.toNanos()) {
                ticketKeys.clear(); // nobody came meanwhile: what the last key has sealed is too old
            }
            if (ticketKeys.isEmpty() || age > TICKET_KEY.toNanos()) {
                ticketKeys.addFirst(new OpenSslSessionTicketKey(
                        random(OpenSslSessionTicketKey.NAME_SIZE),
                        random(OpenSslSessionTicketKey.HMAC_KEY_SIZE),
                        random(OpenSslSessionTicketKey.AES_KEY_SIZE)));
                if (ticketKeys.size() > 2) {
                    ticketKeys.removeLast();
                }
                newestMade = now;
                context.sessionContext().setTicketKeys(ticketKeys.toArray(OpenSslSessionTicketKey[]::new));
            }
            return context;
        }

        private static byte[] random(int octets) {
            byte[] bytes = new byte[octets];
            RANDOM.nextBytes(bytes);
            return bytes;
        }
    }

    /// Netty asks for a key of each kind that the policy knows, whatever the client can verify, and takes the first.
    /// So it hears of ECDSA keys only for clients that can do with them, and of RSA keys only where there are none.
    private final class Keys extends X509ExtendedKeyManager {
        private final boolean ecdsa;

        Keys(boolean ecdsa) {
            this.ecdsa = ecdsa;
        }

        OpenSslCachingX509KeyManagerFactory factory() {
            return new OpenSslCachingX509KeyManagerFactory(new SimpleKeyManagerFactory() {
                @Override
                protected void engineInit(@Nullable KeyStore store, char @Nullable [] password) {
                    // nothing to read: the manager is there
                }

                @Override
                protected void engineInit(ManagerFactoryParameters parameters) {
                    // as above
                }

                @Override
                protected KeyManager[] engineGetKeyManagers() {
                    return new KeyManager[] {Keys.this};
                }
            });
        }

        @Override
        public @Nullable String chooseEngineServerAlias(
                String keyType, Principal @Nullable [] issuers, SSLEngine engine) {
            boolean wantsEcdsa = keyType.startsWith("EC");
            X509ExtendedKeyManager all = certificates.keyManager();
            if (wantsEcdsa ? !ecdsa : ecdsa && all.chooseEngineServerAlias("EC", issuers, engine) != null) {
                return null;
            }
            return all.chooseEngineServerAlias(keyType, issuers, engine);
        }

        @Override
        public X509Certificate @Nullable [] getCertificateChain(String alias) {
            return certificates.keyManager().getCertificateChain(alias);
        }

        @Override
        public @Nullable PrivateKey getPrivateKey(String alias) {
            return certificates.keyManager().getPrivateKey(alias);
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
