package org.postern.tls;

import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;

/// Which versions, cipher suites and groups a server of Postern negotiates: one policy for all protocols.
///
/// TLS 1.2 and 1.3 only (RFC 8997); suites of RFC 9325 §4.2 with forward secrecy and authenticated encryption, the
/// server's order. No compression: the engine has none (RFC 9325 §3.3).
public final class TlsPolicy {
    static {
        // The JDK lets a client of TLS 1.2 renegotiate, and asks this property once, before the first handshake of a
        // server: all engines are made after this class (RFC 9325 §3.5, TLS-3).
        System.setProperty("jdk.tls.rejectClientInitiatedRenegotiation", "true");
    }

    private static final String[] PROTOCOLS = {"TLSv1.3", "TLSv1.2"};

    private static final String[] CIPHER_SUITES = {
        "TLS_AES_128_GCM_SHA256",
        "TLS_AES_256_GCM_SHA384",
        "TLS_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    };

    private static final String[] NAMED_GROUPS = {"x25519", "secp256r1", "secp384r1"};

    private TlsPolicy() {}

    static void apply(SSLEngine engine) {
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setProtocols(PROTOCOLS.clone());
        parameters.setCipherSuites(CIPHER_SUITES.clone());
        parameters.setNamedGroups(NAMED_GROUPS.clone());
        parameters.setUseCipherSuitesOrder(true);
        parameters.setWantClientAuth(false); // R8314-40: no CertificateRequest without a mapping
        engine.setSSLParameters(parameters);
    }

    /// True if credentials may be read in a session of this version: a second lock behind the negotiation.
    public static boolean permitsCredentials(String version) {
        return version.equals("TLSv1.3") || version.equals("TLSv1.2"); // R8314-23, R8997-1
    }
}
