package org.postern.acme;

import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.Stream;
import org.postern.files.DurableFile;
import org.postern.tls.KeyKind;
import org.postern.tls.PemFiles;
import org.postern.tls.PemPair;

/// What is kept of ACME, in one directory (0700):
///
/// - `account-key.pem`: the account is found by it;
/// - `certificate-ec.pem`, `certificate-rsa.pem`: a key and its chain in one file;
/// - `next-key-ec.pem` …: the key of the next certificate, so that it can be announced before it is served;
/// - `account`: what the authority calls it;
/// - `state`: failures so far, what the last one was, and when it is tried again.
final class AcmeFiles {
    private final Path directory;

    AcmeFiles(Path directory) {
        this.directory = directory;
    }

    void makeDirectory() {
        try {
            Files.createDirectories(
                    directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } catch (IOException e) {
            throw new UncheckedIOException(directory + " cannot be made", e);
        }
    }

    static String word(KeyKind kind) {
        return switch (kind) {
            case EC_P256 -> "ec";
            case RSA_2048 -> "rsa";
        };
    }

    Path certificate(KeyKind kind) {
        return AcmeCertificates.file(directory, kind);
    }

    /// Of those kinds that are there.
    List<PemPair> pairs(List<KeyKind> kinds) {
        return kinds.stream()
                .map(this::certificate)
                .filter(Files::exists)
                .map(file -> new PemPair(file, file))
                .toList();
    }

    synchronized KeyPair accountKey() {
        return keyIn(directory.resolve("account-key.pem"), KeyKind.EC_P256);
    }

    /// That of the next certificate; made, and on the disk, if there is none yet.
    synchronized KeyPair nextKey(KeyKind kind) {
        return keyIn(nextKeyFile(kind), kind);
    }

    /// The next certificate gets a key that nobody has heard of.
    synchronized void discardNextKey(KeyKind kind) {
        try {
            Files.deleteIfExists(nextKeyFile(kind));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Path nextKeyFile(KeyKind kind) {
        return directory.resolve("next-key-" + word(kind) + ".pem");
    }

    private static KeyPair keyIn(Path file, KeyKind kind) {
        if (Files.exists(file)) {
            return PemFiles.readKeyPair(file);
        }
        KeyPair made = kind.newPair();
        PemFiles.writeKeyPair(file, made);
        return made;
    }

    /// From now on this is served. The key is the next one no longer.
    synchronized void keep(KeyKind kind, KeyPair key, List<X509Certificate> chain) {
        PemFiles.writePair(certificate(kind), key.getPrivate(), chain);
        try {
            if (Files.exists(nextKeyFile(kind))
                    && PemFiles.readKeyPair(nextKeyFile(kind)).getPublic().equals(key.getPublic())) {
                Files.delete(nextKeyFile(kind));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// What is remembered.
    record State(int failures, Optional<String> failure, Instant nextAttempt) {
        static final State NONE = new State(0, Optional.empty(), Instant.EPOCH);
    }

    State state() {
        Path file = directory.resolve("state");
        if (!Files.exists(file)) {
            return State.NONE;
        }
        try {
            Properties read = new Properties();
            read.load(new StringReader(Files.readString(file)));
            return new State(
                    Integer.parseInt(read.getProperty("failures", "0")),
                    Optional.ofNullable(read.getProperty("failure")),
                    Instant.parse(read.getProperty("next-attempt", Instant.EPOCH.toString())));
        } catch (IOException | RuntimeException unreadable) {
            return State.NONE; // it saves requests to the authority, no more
        }
    }

    /// Empty before the first order.
    Optional<AcmeAccount> account() {
        Path file = directory.resolve("account");
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            Properties read = new Properties();
            read.load(new StringReader(Files.readString(file)));
            return Optional.of(new AcmeAccount(
                    URI.create(read.getProperty("directory")),
                    read.getProperty("location"),
                    Stream.of(read.getProperty("identities", "").split(" ", -1))
                            .filter(identity -> !identity.isEmpty())
                            .toList()));
        } catch (IOException | RuntimeException unreadable) {
            return Optional.empty(); // the next order tells it again
        }
    }

    void remember(AcmeAccount account) {
        Properties written = new Properties();
        written.setProperty("directory", account.directory().toString());
        written.setProperty("location", account.location());
        written.setProperty("identities", String.join(" ", account.identities()));
        write("account", written);
    }

    void remember(State state) {
        Properties written = new Properties();
        written.setProperty("failures", String.valueOf(state.failures()));
        state.failure().ifPresent(failure -> written.setProperty("failure", failure));
        written.setProperty("next-attempt", state.nextAttempt().toString());
        write("state", written);
    }

    private void write(String name, Properties written) {
        StringWriter text = new StringWriter();
        try {
            written.store(text, null);
            DurableFile.replace(directory.resolve(name), text.toString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
