package org.postern.recordgroups;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Base64;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.crypto.params.AsymmetricKeyParameter;
import org.bouncycastle.crypto.params.Ed25519PrivateKeyParameters;
import org.bouncycastle.crypto.params.Ed25519PublicKeyParameters;
import org.bouncycastle.crypto.params.RSAKeyParameters;
import org.bouncycastle.crypto.params.RSAPrivateCrtKeyParameters;
import org.bouncycastle.crypto.util.PrivateKeyFactory;
import org.bouncycastle.crypto.util.PublicKeyFactory;
import org.bouncycastle.crypto.util.SubjectPublicKeyInfoFactory;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;

/// The public half of a key that signs mail, as its record has it (RFC 6376 §3.6.1, RFC 8463 §4.2).
///
/// @param kind of the tag `k`
/// @param data of the tag `p`, in base64
record DkimKey(String kind, String data) {
    private static final int LEAST_BITS = 1024; // RFC 8301 §3.2: no reader takes less
    private static final long LARGEST_FILE = 64 * 1024; // octets

    /// Reads a private or a public key, in PEM.
    ///
    /// @throws IOException if there is none, in words
    static DkimKey read(Path file) throws IOException {
        try {
            if (Files.size(file) > LARGEST_FILE) {
                throw new IOException("it is too large");
            }
            try (Reader text = Files.newBufferedReader(file);
                    PEMParser parser = new PEMParser(text)) {
                return of(
                        switch (parser.readObject()) {
                            case PEMKeyPair pair -> PublicKeyFactory.createKey(pair.getPublicKeyInfo());
                            case PrivateKeyInfo secret -> publicHalf(PrivateKeyFactory.createKey(secret));
                            case SubjectPublicKeyInfo open -> PublicKeyFactory.createKey(open);
                            case null, default ->
                                throw new IOException("no private or public key in PEM can be read there");
                        });
            }
        } catch (NoSuchFileException e) {
            throw new IOException("there is no file " + file, e);
        } catch (AccessDeniedException e) {
            throw new IOException(file + " may not be read (the public key is enough)", e);
        } catch (RuntimeException | IOException e) { // the reader throws many kinds
            throw new IOException(file + " holds no key for DKIM: " + e.getMessage(), e);
        }
    }

    private static AsymmetricKeyParameter publicHalf(AsymmetricKeyParameter key) {
        return switch (key) {
            case RSAPrivateCrtKeyParameters rsa ->
                new RSAKeyParameters(false, rsa.getModulus(), rsa.getPublicExponent());
            case Ed25519PrivateKeyParameters edwards -> edwards.generatePublicKey();
            default -> throw new IllegalArgumentException("it is neither RSA nor Ed25519");
        };
    }

    private static DkimKey of(AsymmetricKeyParameter key) throws IOException {
        return switch (key) {
            case RSAKeyParameters rsa -> {
                if (rsa.getModulus().bitLength() < LEAST_BITS) {
                    throw new IllegalArgumentException("RSA with "
                            + rsa.getModulus().bitLength() + " bits is too short, 2048 are usual (RFC 8301 §3.2)");
                }
                yield new DkimKey(
                        "rsa",
                        base64(SubjectPublicKeyInfoFactory.createSubjectPublicKeyInfo(rsa)
                                .getEncoded()));
            }
            // RFC 8463 §4.2: the octets of the key alone
            case Ed25519PublicKeyParameters edwards -> new DkimKey("ed25519", base64(edwards.getEncoded()));
            default -> throw new IllegalArgumentException("it is neither RSA nor Ed25519");
        };
    }

    private static String base64(byte[] octets) {
        return Base64.getEncoder().encodeToString(octets);
    }

    /// Whether a record has a key that is not withdrawn (RFC 6376 §3.6.1: an empty one is).
    static boolean isKey(String record) {
        try {
            TagList tags = TagList.parse(record);
            return tags.value("v").orElse("DKIM1").equals("DKIM1")
                    && !tags.value("p").orElse("").isEmpty();
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    String record() {
        return "v=DKIM1; k=" + kind + "; p=" + data;
    }
}
