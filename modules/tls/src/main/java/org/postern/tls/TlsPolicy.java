package org.postern.tls;

import java.security.Security;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;

/// Which versions, cipher suites and groups a server of Postern negotiates: one policy for all protocols and both
/// engines ([TlsEngine]).
///
/// TLS 1.2 and 1.3 only (RFC 8997); suites of RFC 9325 §4.2 with forward secrecy and authenticated encryption, in the
/// server's order. No compression, no early data: the engines have neither switched on (RFC 9325 §3.3, §3.10). The
/// extended master secret is used with every client that has it (RFC 9325 §3.5).
public final class TlsPolicy {
    static {
        // The JDK lets a client of TLS 1.2 renegotiate, and asks this property once, before the first handshake of a
        // server: all engines are made after this class (RFC 9325 §3.5, TLS-3).
        System.setProperty("jdk.tls.rejectClientInitiatedRenegotiation", "true");
    }

    private static final List<String> VERSIONS = List.of("TLSv1.3", "TLSv1.2");
    private static final List<String> RETIRED = List.of("TLSv1.1", "TLSv1");

    private static final List<String> CIPHER_SUITES = List.of(
            "TLS_AES_128_GCM_SHA256",
            "TLS_AES_256_GCM_SHA384",
            "TLS_CHACHA20_POLY1305_SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256");

    /// All that TLS 1.0 and 1.1 have with forward secrecy. No password ever travels under them.
    private static final List<String> CIPHER_SUITES_OF_RETIRED = List.of(
            "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
            "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
            "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
            "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA");

    private static final List<String> GROUPS = List.of("x25519", "secp256r1", "secp384r1");

    private TlsPolicy() {}

    /// The best first.
    public static List<String> versions(RetiredVersions retired) {
        return switch (retired) {
            case REFUSE -> VERSIONS;
            case EXPLAIN -> concatenated(VERSIONS, RETIRED);
        };
    }

    /// In the server's order.
    public static List<String> cipherSuites(RetiredVersions retired) {
        return switch (retired) {
            case REFUSE -> CIPHER_SUITES;
            case EXPLAIN -> concatenated(CIPHER_SUITES, CIPHER_SUITES_OF_RETIRED);
        };
    }

    /// In the server's order; what resists a quantum computer first, where the engine has it (the JDK's from 27 on).
    public static List<String> groups(TlsEngine engine) {
        return switch (engine) {
            case JDK -> GROUPS;
            case BORINGSSL -> concatenated(List.of("X25519MLKEM768"), GROUPS);
        };
    }

    private static List<String> concatenated(List<String> first, List<String> second) {
        List<String> all = new ArrayList<>(first);
        all.addAll(second);
        return List.copyOf(all);
    }

    /// Lets the JDK's engine speak the retired versions at all: it has them disabled for the whole process, and
    /// looks once, before its first handshake. Whatever speaks TLS as a client in this process goes on without
    /// them.
    public static void enableRetiredVersions() {
        String property = "jdk.tls.disabledAlgorithms";
        Set<String> enabled = Set.of("TLSv1", "TLSv1.1");
        String left = String.join(
                ", ",
                Arrays.stream(Security.getProperty(property).split("\\s*,\\s*", -1))
                        .filter(algorithm -> !enabled.contains(algorithm))
                        .toList());
        Security.setProperty(property, left);
        System.setProperty("jdk.tls.client.protocols", String.join(",", VERSIONS));
    }

    static void apply(SSLEngine engine, RetiredVersions retired) {
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setProtocols(versions(retired).toArray(String[]::new));
        parameters.setCipherSuites(cipherSuites(retired).toArray(String[]::new));
        parameters.setNamedGroups(groups(TlsEngine.JDK).toArray(String[]::new));
        parameters.setUseCipherSuitesOrder(true);
        parameters.setWantClientAuth(false); // R8314-40: no CertificateRequest without a mapping
        engine.setSSLParameters(parameters);
    }

    /// True if credentials may be read in such a session: a second lock behind the negotiation, and the one that keeps
    /// passwords from clients who are only told why ([RetiredVersions#EXPLAIN]).
    public static boolean permitsCredentials(String version, String cipherSuite) {
        return VERSIONS.contains(version) && CIPHER_SUITES.contains(cipherSuite); // R8314-23, -24, R8997-1
    }
}
