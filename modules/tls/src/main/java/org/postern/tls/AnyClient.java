package org.postern.tls;

import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/// Lets a handshake go on with whatever certificate a client shows, once it has proved that it has the key: whose
/// it is, is decided at the login, and a certificate that is nobody's leaves the other mechanisms.
final class AnyClient extends X509ExtendedTrustManager {
    private static final int LONGEST_CHAIN = 10;

    private final ClientRequest request;

    AnyClient(ClientRequest request) {
        this.request = request;
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
        if (chain.length > LONGEST_CHAIN) {
            throw new CertificateException("a chain of more than " + LONGEST_CHAIN + " certificates");
        }
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return request.issuers().toArray(X509Certificate[]::new);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, @Nullable Socket socket)
            throws CertificateException {
        throw new CertificateException("servers use engines");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
        throw new CertificateException("servers use engines");
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, @Nullable Socket socket)
            throws CertificateException {
        throw new CertificateException("this end is a server");
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
        throw new CertificateException("this end is a server");
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
        throw new CertificateException("this end is a server");
    }
}
