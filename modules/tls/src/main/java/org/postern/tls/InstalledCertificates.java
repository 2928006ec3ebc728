package org.postern.tls;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.postern.identity.PresentedIdentifier;
import org.postern.identity.PresentedIdentifiers;

/// Certificates that an operator brings by command. Keys of requests that wait for an answer are in `requests`; an
/// answer goes to `installed` together with its key, as one file, so that a crash never leaves one without the other.
public final class InstalledCertificates {
    private static final Pattern FILE = Pattern.compile("[A-Za-z0-9_.-]{1,250}\\.pem");
    private static final int NAME_LENGTH = 200; // of a file; a host name may have 253 octets

    private final Path requests;
    private final Path installed;

    /// @param directory where the server keeps certificates and keys
    public InstalledCertificates(Path directory) {
        requests = directory.resolve("requests");
        installed = directory.resolve("installed");
    }

    /// Where they are.
    public Path directory() {
        return installed;
    }

    /// A request with a new key.
    ///
    /// @param keyFile where the key waits for the certificate
    /// @param keySha256 fingerprint of the public key
    public record Requested(String pem, Path keyFile, String keySha256) {}

    /// Makes a request; its key is written before anybody sees it.
    public Requested request(KeyKind kind, CertificateNames names) {
        KeyPair pair = kind.newPair();
        String fingerprint = Fingerprints.sha256(pair.getPublic());
        Path file = made(requests).resolve(fingerprint + ".pem");
        PemFiles.write(file, true, pair.getPrivate());
        return new Requested(SigningRequest.of(pair, names).pem(), file, fingerprint);
    }

    /// Checks and keeps a chain with its key, in place of an earlier one for the same name and kind of key.
    ///
    /// @param chain in PEM, the server's own certificate first
    /// @param key in PEM; empty where the request was made here, or the key of an installed certificate goes on
    /// @return the file
    /// @throws TlsConfigurationException where they cannot be served
    public Path install(String chain, Optional<String> key) {
        List<X509Certificate> certificates = PemFiles.certificates(chain, "the chain");
        X509Certificate leaf = certificates.getFirst();
        PrivateKey ours = key.map(text -> PemFiles.privateKey(text, "the key"))
                .or(() -> keyOf(leaf))
                .orElseThrow(
                        () -> new TlsConfigurationException("no request was made here for the key of this certificate ("
                                + Fingerprints.sha256(leaf.getPublicKey())
                                + "): give the key with it, or make a request first"));
        ServedCertificate checked = PemFiles.checked(ours, certificates, "the chain", "the key");
        Path file = made(installed).resolve(fileName(checked));
        Object[] items = Stream.concat(Stream.of(ours), certificates.stream()).toArray();
        PemFiles.write(file, true, items);
        try {
            Files.deleteIfExists(requests.resolve(Fingerprints.sha256(leaf.getPublicKey()) + ".pem"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return file;
    }

    private Optional<PrivateKey> keyOf(X509Certificate leaf) {
        Path requested = requests.resolve(Fingerprints.sha256(leaf.getPublicKey()) + ".pem");
        if (Files.exists(requested)) {
            return Optional.of(PemFiles.readPrivateKey(requested));
        }
        if (!Files.isDirectory(installed)) {
            return Optional.empty();
        }
        return PemDirectory.pairs(installed).stream()
                .filter(pair -> PemFiles.readCertificates(pair.chain())
                        .getFirst()
                        .getPublicKey()
                        .equals(leaf.getPublicKey()))
                .map(pair -> PemFiles.readPrivateKey(pair.key()))
                .findFirst();
    }

    private static String fileName(ServedCertificate certificate) {
        String name = PresentedIdentifiers.of(certificate.leaf()).all().stream()
                .filter(PresentedIdentifier.DnsId.class::isInstance)
                .map(identifier -> ((PresentedIdentifier.DnsId) identifier).pattern())
                .findFirst()
                .orElseThrow(() -> new TlsConfigurationException("the certificate has no DNS-ID: no client accepts it"))
                .replaceAll("[^a-z0-9.-]", "_"); // a wildcard's "*", and whatever an authority may have put there
        String shortened =
                name.substring(0, Math.min(name.length(), NAME_LENGTH)).replaceAll("^\\.+", "_");
        return shortened + "-"
                + certificate
                        .leaf()
                        .getPublicKey()
                        .getAlgorithm()
                        .replaceAll("[^A-Za-z0-9]", "")
                        .toLowerCase(Locale.ROOT)
                + ".pem";
    }

    /// Takes one away.
    ///
    /// @param file its name
    /// @return false where there is none
    public boolean remove(String file) {
        try {
            return FILE.matcher(file).matches() && Files.deleteIfExists(installed.resolve(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path made(Path directory) {
        try {
            return Files.createDirectories(
                    directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } catch (IOException e) {
            throw new UncheckedIOException(directory + " cannot be made", e);
        }
    }
}
