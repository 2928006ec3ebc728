package org.postern.session;

import io.netty.buffer.ByteBufAllocator;
import java.util.Optional;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import org.postern.tls.ServedCertificates;
import org.postern.tls.TlsSettings;

/// Makes what speaks TLS, for one [TlsEngine]. All else is the same for both: policy, certificates, facts. For event
/// loops.
interface TlsEngines {
    /// For a client that has said what it can do.
    ///
    /// @param protocol whose names are agreed upon where the client offers any (ALPN)
    SSLEngine newEngine(Client client, Protocol protocol, ByteBufAllocator allocator);

    /// What a client has said that matters to an engine.
    ///
    /// @param serverName that the client asks for
    /// @param verifiesEcdsa true if the client can do with a certificate for an ECDSA key
    /// @param tls13 true if it can do TLS 1.3, which is chosen then
    record Client(Optional<String> serverName, boolean verifiesEcdsa, boolean tls13) {}

    /// For the engine that was chosen.
    ///
    /// @throws org.postern.tls.TlsConfigurationException where this machine has no such engine
    static TlsEngines of(TlsSettings settings, ServedCertificates certificates) {
        return switch (settings.engine()) {
            case JDK -> new Jdk(settings, certificates);
            case BORINGSSL -> new BoringSslEngines(settings, certificates, System::nanoTime);
        };
    }

    /// [TlsEngine#JDK]
    record Jdk(TlsSettings settings, ServedCertificates certificates) implements TlsEngines {
        @Override
        public SSLEngine newEngine(Client client, Protocol protocol, ByteBufAllocator allocator) {
            SSLEngine engine = certificates.newServerEngine(
                    settings.retiredVersions(),
                    client.serverName(),
                    protocol.hasLogins() && settings.mayAsk(client.tls13()));
            SSLParameters parameters = engine.getSSLParameters();
            parameters.setApplicationProtocols(protocol.applicationProtocols().toArray(String[]::new));
            engine.setSSLParameters(parameters);
            return engine;
        }
    }
}
