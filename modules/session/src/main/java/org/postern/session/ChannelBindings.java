package org.postern.session;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SSLKeyException;
import org.postern.auth.ChannelBinding;

/// What a TLS connection offers to bind a login to.
final class ChannelBindings {
    private static final int EXPORTED_OCTETS = 32;
    /// `SHA384withECDSA`, `SHA256WITHRSA`
    private static final Pattern SIGNATURE = Pattern.compile("(?<digest>[A-Z0-9]+)WITH[A-Z0-9]+");

    private ChannelBindings() {}

    /// Of a server's session, after the handshake.
    static Map<ChannelBinding, byte[]> of(ExtendedSSLSession session) {
        Map<ChannelBinding, byte[]> bindings = new EnumMap<>(ChannelBinding.class);
        exported(session).ifPresent(value -> bindings.put(ChannelBinding.TLS_EXPORTER, value));
        endPoint(session).ifPresent(value -> bindings.put(ChannelBinding.TLS_SERVER_END_POINT, value));
        return Map.copyOf(bindings);
    }

    /// RFC 9266 §2. Empty in TLS 1.2 without the extended master secret (RFC 9266 §3), and where the engine has no
    /// exporter.
    private static Optional<byte[]> exported(ExtendedSSLSession session) {
        try { // the context is empty, not absent: in TLS 1.2 these are two
            return Optional.of(
                    session.exportKeyingMaterialData("EXPORTER-Channel-Binding", new byte[0], EXPORTED_OCTETS));
        } catch (SSLKeyException | UnsupportedOperationException e) {
            return Optional.empty();
        }
    }

    /// RFC 5929 §4.1: the certificate under the hash function of its signature, SHA-256 in place of MD5 and SHA-1;
    /// empty where the signature has none (Ed25519) or has parameters of its own (RSASSA-PSS).
    private static Optional<byte[]> endPoint(ExtendedSSLSession session) {
        java.security.cert.Certificate[] chain = session.getLocalCertificates();
        if (chain == null || chain.length == 0 || !(chain[0] instanceof X509Certificate leaf)) {
            return Optional.empty();
        }
        Matcher signature = SIGNATURE.matcher(leaf.getSigAlgName().toUpperCase(Locale.ROOT));
        if (!signature.matches()) {
            return Optional.empty();
        }
        String digest = switch (signature.group("digest")) {
            case "MD5", "SHA1" -> "SHA-256";
            case String name -> name.replaceFirst("^SHA(?=\\d)", "SHA-");
        };
        try {
            return Optional.of(MessageDigest.getInstance(digest).digest(leaf.getEncoded()));
        } catch (GeneralSecurityException e) {
            return Optional.empty();
        }
    }
}
