package org.postern.bench;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.List;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/// A key and its certificate for `localhost`, made by OpenSSL; every server that is compared gets the same.
///
/// @param name as the table has it
record ServerKey(String name, Path certificate, Path key) {
    static ServerKey ecdsa(Path directory) throws IOException, InterruptedException {
        return make(directory, "P-256", List.of("ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"));
    }

    static ServerKey rsa(Path directory) throws IOException, InterruptedException {
        return make(directory, "RSA-2048", List.of("rsa:2048"));
    }

    private static ServerKey make(Path directory, String name, List<String> kind)
            throws IOException, InterruptedException {
        var made = new ServerKey(name, directory.resolve(name + ".pem"), directory.resolve(name + "-key.pem"));
        Programs.run(
                Stream.of(
                        List.of("openssl", "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-newkey"),
                        kind,
                        List.of("-addext", "subjectAltName=DNS:localhost", "-addext", "extendedKeyUsage=serverAuth"),
                        List.of("-keyout", made.key.toString(), "-out", made.certificate.toString())),
                "");
        Files.setPosixFilePermissions(made.key, PosixFilePermissions.fromString("rw-------"));
        return made;
    }

    /// A client's, with a session cache of its own, that trusts this certificate and nothing else.
    SSLContext client() throws IOException, GeneralSecurityException {
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null, null);
        try (InputStream pem = Files.newInputStream(certificate)) {
            trusted.setCertificateEntry(
                    "server", CertificateFactory.getInstance("X.509").generateCertificate(pem));
        }
        var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(trusted);
        SSLContext context = SSLContext.getInstance("TLSv1.3");
        context.init(null, factory.getTrustManagers(), null);
        return context;
    }
}
