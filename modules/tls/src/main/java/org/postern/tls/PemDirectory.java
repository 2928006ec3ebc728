package org.postern.tls;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// A directory of certificates that something else keeps. Which files belong together, their names tell:
///
/// - `NAME.pem`, `NAME.crt` or `NAME.cer` with its key in `NAME-key.pem` or `NAME.key`, or in the same file;
/// - a directory below it, with `fullchain.pem` and `privkey.pem`, as certbot and others leave them.
public final class PemDirectory {
    private static final List<String> CHAIN_ENDINGS = List.of(".pem", ".crt", ".cer");
    private static final String KEY_ENDING = "-key.pem";

    private PemDirectory() {}

    /// Its pairs by name; what holds no certificate is none.
    ///
    /// @throws TlsConfigurationException where the directory cannot be listed
    public static List<PemPair> pairs(Path directory) {
        List<PemPair> pairs = new ArrayList<>();
        for (Path entry : entries(directory)) {
            if (Files.isDirectory(entry)) {
                Path chain = entry.resolve("fullchain.pem");
                if (Files.exists(chain)) {
                    pairs.add(new PemPair(chain, entry.resolve("privkey.pem")));
                }
            } else {
                chainName(entry).ifPresent(name -> pair(entry, name).ifPresent(pairs::add));
            }
        }
        return pairs;
    }

    private static List<Path> entries(Path directory) {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.filter(entry -> !entry.getFileName().toString().startsWith("."))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new TlsConfigurationException(
                    directory + " cannot be listed; a directory of certificates must exist, and its server may read it",
                    e);
        }
    }

    /// Without its ending; empty for keys and what else lies there.
    private static Optional<String> chainName(Path file) {
        String name = file.getFileName().toString();
        return name.endsWith(KEY_ENDING)
                ? Optional.empty()
                : CHAIN_ENDINGS.stream()
                        .filter(name::endsWith)
                        .map(ending -> name.substring(0, name.length() - ending.length()))
                        .findFirst();
    }

    private static Optional<PemPair> pair(Path chain, String name) {
        for (Path key : List.of(chain.resolveSibling(name + KEY_ENDING), chain.resolveSibling(name + ".key"))) {
            if (Files.exists(key)) {
                return Optional.of(new PemPair(chain, key));
            }
        }
        // A certificate alone may be one of an authority, or what a client left beside its chain: nothing to serve.
        return holdsKey(chain) ? Optional.of(new PemPair(chain, chain)) : Optional.empty();
    }

    private static boolean holdsKey(Path file) {
        try {
            return Files.readString(file, StandardCharsets.ISO_8859_1).contains("PRIVATE KEY-----");
        } catch (IOException e) {
            return true; // it is named, with the reason, when it is loaded
        }
    }
}
