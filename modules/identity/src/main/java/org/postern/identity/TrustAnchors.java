package org.postern.identity;

import java.io.ByteArrayInputStream;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/// The certificates that a client trusts without further proof. Any certificate may be one, a root or not
/// (RFC 5280 §6.1.1 (d)); its dates and constraints count (RFC 5937).
public record TrustAnchors(List<X509Certificate> certificates) {
    public TrustAnchors {
        certificates = List.copyOf(new LinkedHashSet<>(certificates));
    }

    public static TrustAnchors of(X509Certificate... certificates) {
        return new TrustAnchors(List.of(certificates));
    }

    /// Reads certificates in PEM or DER.
    ///
    /// @throws IllegalArgumentException if there is none, or one cannot be read
    public static TrustAnchors parse(byte[] text) {
        return new TrustAnchors(parseCertificates(text));
    }

    static List<X509Certificate> parseCertificates(byte[] text) {
        try {
            Collection<?> parsed =
                    CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(text));
            if (parsed.isEmpty()) {
                throw new IllegalArgumentException("no certificate: expected PEM (-----BEGIN CERTIFICATE-----) or DER");
            }
            List<X509Certificate> certificates = new ArrayList<>();
            parsed.forEach(each -> certificates.add((X509Certificate) each));
            return certificates;
        } catch (CertificateException e) {
            throw new IllegalArgumentException("not a certificate: " + e.getMessage(), e);
        }
    }

    /// The anchors that the Java runtime came with.
    public static TrustAnchors ofRuntime() {
        try {
            TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init((@Nullable KeyStore) null);
            return new TrustAnchors(Arrays.stream(factory.getTrustManagers())
                    .filter(X509TrustManager.class::isInstance)
                    .flatMap(manager -> Arrays.stream(((X509TrustManager) manager).getAcceptedIssuers()))
                    .toList());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("the Java runtime's trust anchors cannot be read", e);
        }
    }
}
