package org.postern.tls;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// The names that IANA gave to the numbers of TLS (registry "TLS Parameters"; versions as Java and OpenSSL write them).
public final class TlsNames {
    private static final Map<Integer, String> VERSIONS = Map.of(
            0x0300, "SSLv3",
            0x0301, "TLSv1",
            0x0302, "TLSv1.1",
            0x0303, "TLSv1.2",
            0x0304, "TLSv1.3");

    /// Those of the policy, and those with which clients of retired versions are told why ([RetiredVersions]).
    private static final Map<Integer, String> CIPHER_SUITES = Map.ofEntries(
            Map.entry(0x1301, "TLS_AES_128_GCM_SHA256"),
            Map.entry(0x1302, "TLS_AES_256_GCM_SHA384"),
            Map.entry(0x1303, "TLS_CHACHA20_POLY1305_SHA256"),
            Map.entry(0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
            Map.entry(0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
            Map.entry(0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
            Map.entry(0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
            Map.entry(0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
            Map.entry(0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
            Map.entry(0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"),
            Map.entry(0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"),
            Map.entry(0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"),
            Map.entry(0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"));

    private static final Map<Integer, String> GROUPS = Map.of(
            0x0017, "secp256r1",
            0x0018, "secp384r1",
            0x0019, "secp521r1",
            0x001d, "x25519",
            0x001e, "x448",
            0x11eb, "SecP256r1MLKEM768",
            0x11ec, "X25519MLKEM768",
            0x11ed, "SecP384r1MLKEM1024");

    private TlsNames() {}

    public static String version(int number) {
        return VERSIONS.getOrDefault(number, hexadecimal(number));
    }

    /// A suite without a name here is written as its number: it wants to be looked at (R8314-28).
    public static String cipherSuite(int number) {
        return CIPHER_SUITES.getOrDefault(number, hexadecimal(number));
    }

    /// Empty where it has no name here: a `group` clause is left out rather than guessed (R8314-29).
    public static Optional<String> group(int number) {
        return Optional.ofNullable(GROUPS.get(number));
    }

    private static String hexadecimal(int number) {
        return String.format(Locale.ROOT, "0x%04X", number);
    }
}
