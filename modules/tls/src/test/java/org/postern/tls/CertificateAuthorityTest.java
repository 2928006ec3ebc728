package org.postern.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.PublicKey;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.identity.PresentedIdentifiers;
import org.postern.testkit.Programs;
import org.postern.testkit.Requirement;

class CertificateAuthorityTest {
    private static final List<String> SERVICES = List.of("imaps", "imap", "submissions", "submission");
    private static final CertificateNames NAMES = new CertificateNames(
            List.of("mail.example.test", "localhost"),
            List.of("127.0.0.1", "::1"),
            List.of("example.test", "xn--bcher-kva.test"),
            SERVICES);

    @TempDir
    Path directory;

    @Test
    @Requirement({"SEED-41", "SEED-42", "R7817-9", "R9525-5"})
    void theServerNamesHostsDomainsAndServices() {
        CertificateAuthority authority = CertificateAuthority.open(directory, NAMES);
        X509Certificate leaf = authority.serverCertificate(NAMES).leaf();

        PresentedIdentifiers presented = PresentedIdentifiers.of(leaf);
        assertThat(presented.coversDnsName("mail.example.test")).isTrue();
        assertThat(presented.coversDnsName("example.test")).isTrue();
        assertThat(presented.coversDnsName("other.test")).isFalse();
        for (String service : SERVICES) {
            assertThat(presented.coversService(service, "example.test")).isTrue();
            assertThat(presented.coversService(service, "xn--bcher-kva.test")).isTrue();
        }
        assertThat(presented.coversService("pop3s", "example.test")).isFalse();
        assertThat(leaf.getSubjectX500Principal().getName()).isEqualTo("CN=mail.example.test");
    }

    @Test
    void theJavaRuntimeAcceptsTheChain() throws Exception {
        CertificateAuthority authority = CertificateAuthority.open(directory, NAMES);
        validate(authority.serverCertificate(NAMES).leaf(), authority.certificate());
    }

    @Test
    @Requirement({"R7817-12", "SEED-29"})
    void nobodyAcceptsTheAuthorityForOtherNames() throws Exception {
        CertificateAuthority authority = CertificateAuthority.open(directory, NAMES);
        // the same key under an authority that was made for another domain
        Path elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
        Files.copy(directory.resolve("ca-key.pem"), elsewhere.resolve("ca-key.pem"));
        Files.copy(directory.resolve("ca.pem"), elsewhere.resolve("ca.pem"));
        var foreign = new CertificateNames(List.of("mail.bank.test"), List.of(), List.of("bank.test"), SERVICES);
        CertificateAuthority widened = CertificateAuthority.open(elsewhere, foreign);
        X509Certificate leaf = widened.serverCertificate(foreign).leaf();
        leaf.verify(authority.certificate().getPublicKey()); // rightly signed, and yet:
        Programs.require("openssl");
        assertThat(openssl(authority.certificateFile(), write(leaf), "-verify_hostname", "mail.bank.test"))
                .contains("permitted subtree violation");
    }

    @Test
    void opensslAcceptsNamesAndAddresses() throws Exception {
        Programs.require("openssl");
        CertificateAuthority authority = CertificateAuthority.open(directory, NAMES);
        Path leaf = write(authority.serverCertificate(NAMES).leaf());

        for (String name : List.of("mail.example.test", "example.test", "localhost", "xn--bcher-kva.test")) {
            assertThat(openssl(authority.certificateFile(), leaf, "-verify_hostname", name))
                    .contains(": OK");
        }
        for (String address : NAMES.addresses()) {
            assertThat(openssl(authority.certificateFile(), leaf, "-verify_ip", address))
                    .contains(": OK");
        }
        assertThat(openssl(authority.certificateFile(), leaf, "-verify_hostname", "imap.example.test"))
                .contains("hostname mismatch");
    }

    @Test
    void everythingStaysWhileItFits() {
        CertificateAuthority authority = CertificateAuthority.open(directory, NAMES);
        X509Certificate leaf = authority.serverCertificate(NAMES).leaf();

        CertificateAuthority again = CertificateAuthority.open(directory, NAMES);
        assertThat(again.certificate()).isEqualTo(authority.certificate());
        assertThat(again.serverCertificate(NAMES).leaf()).isEqualTo(leaf);
    }

    @Test
    void aNewDomainMakesNewCertificatesUnderTheSameKey() throws Exception {
        CertificateAuthority authority = CertificateAuthority.open(directory, NAMES);
        X509Certificate leaf = authority.serverCertificate(NAMES).leaf();
        var more = new CertificateNames(
                NAMES.hosts(), NAMES.addresses(), List.of("example.test", "example.net"), SERVICES);

        CertificateAuthority widened = CertificateAuthority.open(directory, more);
        assertThat(widened.certificate()).isNotEqualTo(authority.certificate());
        assertThat(widened.certificate().getPublicKey())
                .isEqualTo(authority.certificate().getPublicKey());
        X509Certificate replacement = widened.serverCertificate(more).leaf();
        assertThat(replacement).isNotEqualTo(leaf);
        assertThat(replacement.getPublicKey())
                .as("no client has to learn a key")
                .isEqualTo(leaf.getPublicKey());
        validate(replacement, widened.certificate());
    }

    @Test
    void theAnnouncedKeyIsTheNextOne() {
        CertificateAuthority authority = CertificateAuthority.open(directory, NAMES);
        X509Certificate leaf = authority.serverCertificate(NAMES).leaf();
        PublicKey next = authority.nextKey();
        assertThat(next).isEqualTo(authority.nextKey()).isNotEqualTo(leaf.getPublicKey());
        assertThat(authority.issueNow(NAMES).leaf().getPublicKey()).isEqualTo(next);
        PublicKey following = authority.nextKey();
        assertThat(following).isNotEqualTo(next);
        authority.discardNextKey();
        assertThat(authority.issueNow(NAMES).leaf().getPublicKey()).isNotEqualTo(following);
    }

    @Test
    void anUnusableServerFileIsReplaced() throws IOException {
        CertificateAuthority authority = CertificateAuthority.open(directory, NAMES);
        X509Certificate leaf = authority.serverCertificate(NAMES).leaf();
        Files.writeString(directory.resolve("server.pem"), "half a f");

        X509Certificate replacement = CertificateAuthority.open(directory, NAMES)
                .serverCertificate(NAMES)
                .leaf();
        assertThat(replacement).isNotEqualTo(leaf);
    }

    @Test
    void keysAreForTheirOwnerOnly() throws IOException {
        CertificateAuthority authority = CertificateAuthority.open(directory, NAMES);
        authority.serverCertificate(NAMES);
        for (String secret : List.of("ca-key.pem", "server.pem")) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory.resolve(secret))))
                    .isEqualTo("rw-------");
        }
        Files.setPosixFilePermissions(directory.resolve("ca-key.pem"), PosixFilePermissions.fromString("rw-r-----"));
        assertThatThrownBy(() -> CertificateAuthority.open(directory, NAMES))
                .isInstanceOf(TlsConfigurationException.class)
                .hasMessageContaining("chmod 600")
                .hasMessageContaining("ca-key.pem");
    }

    @Test
    void aLostCertificateIsNotReplacedInSilence() throws IOException {
        CertificateAuthority.open(directory, NAMES);
        Files.delete(directory.resolve("ca.pem"));
        assertThatThrownBy(() -> CertificateAuthority.open(directory, NAMES))
                .isInstanceOf(TlsConfigurationException.class)
                .hasMessageContaining("ca.pem is missing");
    }

    @Test
    void pemFilesThatDoNotFitAreNamed() throws IOException {
        CertificateAuthority authority = CertificateAuthority.open(directory, NAMES);
        Path leaf = write(authority.serverCertificate(NAMES).leaf());
        assertThatThrownBy(() -> PemFiles.load(leaf, directory.resolve("ca-key.pem")))
                .hasMessageContaining("is not the key of the first certificate in " + leaf);
        assertThatThrownBy(() -> PemFiles.load(directory.resolve("none.pem"), directory.resolve("ca-key.pem")))
                .hasMessageContaining("none.pem does not exist");
        Path empty = Files.writeString(directory.resolve("empty.pem"), "");
        assertThatThrownBy(() -> PemFiles.load(empty, directory.resolve("ca-key.pem")))
                .hasMessageContaining("empty.pem holds no certificate");
        assertThat(PemFiles.load(directory.resolve("server.pem"), directory.resolve("server.pem"))
                        .leaf())
                .isEqualTo(authority.serverCertificate(NAMES).leaf());
    }

    private Path write(X509Certificate leaf) {
        Path file = directory.resolve("leaf.pem");
        PemFiles.write(file, false, leaf);
        return file;
    }

    private static void validate(X509Certificate leaf, X509Certificate anchor) throws Exception {
        var parameters = new PKIXParameters(Set.of(new TrustAnchor(anchor, null)));
        parameters.setRevocationEnabled(false);
        CertPathValidator.getInstance("PKIX")
                .validate(CertificateFactory.getInstance("X.509").generateCertPath(List.of(leaf)), parameters);
    }

    private static String openssl(Path authority, Path leaf, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(
                List.of("openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", authority.toString()));
        command.addAll(List.of(arguments));
        command.add(leaf.toString());
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return output;
    }
}
