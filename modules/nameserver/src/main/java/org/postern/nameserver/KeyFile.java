package org.postern.nameserver;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.GeneralSecurityException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.postern.files.DurableFile;

/// The keys of a zone on disk: one line for each. They are there before any record that needs them is served.
final class KeyFile {
    private static final String HEAD =
            "# The DNSSEC keys of this zone, with their secrets. Whoever has them can forge it.\n";

    private KeyFile() {}

    static void write(Path file, List<ZoneKey> keys) throws IOException {
        StringBuilder text = new StringBuilder(HEAD);
        Base64.Encoder base64 = Base64.getEncoder();
        for (ZoneKey key : keys) {
            text.append("role=").append(key.role());
            text.append(" state=").append(key.state());
            text.append(" algorithm=").append(key.algorithm());
            text.append(" since=").append(key.since());
            text.append(" counted=").append(key.counted());
            text.append(" remain=").append(key.remain());
            text.append(" public=").append(base64.encodeToString(key.octets()));
            text.append(" secret=").append(base64.encodeToString(key.secret().getEncoded()));
            text.append('\n');
        }
        DurableFile.replace(file, text.toString());
    }

    /// @param now keys wait from now on where the file does not say since when
    /// @throws IOException in the operator's words
    static List<ZoneKey> read(Path file, ZoneClock.Moment now) throws IOException {
        Set<PosixFilePermission> open = EnumSet.copyOf(Files.getPosixFilePermissions(file));
        open.removeAll(EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE));
        if (!open.isEmpty()) {
            throw new IOException(file + ": others may read these keys (chmod 600 " + file + ")");
        }
        List<ZoneKey> keys = new ArrayList<>();
        int number = 0;
        for (String line : Files.readAllLines(file, US_ASCII)) {
            number++;
            if (!line.isBlank() && !line.startsWith("#")) {
                try {
                    keys.add(parse(line, now));
                } catch (GeneralSecurityException | IllegalArgumentException | DateTimeException e) {
                    // what is wrong with it is not said in its own words: they might be the secret's
                    throw new IOException(file + ":" + number + ": not a key as it was written (restore the file)", e);
                }
            }
        }
        if (keys.isEmpty()) {
            throw new IOException(file + ": no key in it (restore the file)");
        }
        return keys;
    }

    private static ZoneKey parse(String line, ZoneClock.Moment now) throws GeneralSecurityException {
        Map<String, String> fields = new HashMap<>();
        for (String word : line.split(" ", -1)) {
            int equals = word.indexOf('=');
            if (equals > 0) {
                fields.put(word.substring(0, equals), word.substring(equals + 1));
            }
        }
        ZoneSettings.Algorithm algorithm = ZoneSettings.Algorithm.valueOf(fields.getOrDefault("algorithm", ""));
        Base64.Decoder base64 = Base64.getDecoder();
        return new ZoneKey(
                ZoneKey.Role.valueOf(fields.getOrDefault("role", "")),
                ZoneKey.State.valueOf(fields.getOrDefault("state", "")),
                algorithm,
                ZoneKey.decode(algorithm, base64.decode(fields.getOrDefault("secret", ""))),
                base64.decode(fields.getOrDefault("public", "")),
                Instant.parse(fields.getOrDefault("since", "")),
                Duration.parse(fields.getOrDefault("counted", now.counted().toString())),
                Duration.parse(fields.getOrDefault("remain", "")));
    }
}
