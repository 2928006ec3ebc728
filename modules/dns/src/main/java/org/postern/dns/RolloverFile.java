package org.postern.dns;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.postern.files.DurableFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonWriteFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// The states of all hosts on the disk: one file, replaced as a whole and forced, so that a crash leaves the one before
/// or the one after.
final class RolloverFile {
    private static final Logger LOG = LoggerFactory.getLogger(RolloverFile.class);
    private static final int VERSION = 1;
    private static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .enable(JsonWriteFeature.ESCAPE_NON_ASCII)
                    .build())
            .enable(SerializationFeature.INDENT_OUTPUT)
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /// @param hosts by their name
    record Saved(int version, RolloverClock clock, Map<String, RolloverState> hosts) {
        Saved {
            hosts = new TreeMap<>(hosts);
        }
    }

    private final Path file;

    RolloverFile(Path directory) {
        file = directory.resolve("rollover.json");
    }

    /// What was saved last. A file that cannot be read is put aside: mail goes on, and what the servers have is learned
    /// from them.
    Saved load(RolloverClock.Reading now) {
        if (!Files.exists(file)) {
            return new Saved(VERSION, RolloverClock.starting(now), Map.of());
        }
        try {
            Saved saved = MAPPER.readValue(Files.readString(file), Saved.class);
            if (saved.version() == VERSION) {
                return saved;
            }
            throw new IOException("it is of version " + saved.version() + ", and this Postern reads " + VERSION);
        } catch (IOException | JacksonException | IllegalArgumentException unreadable) {
            LOG.error(
                    "{} cannot be read ({}): {}; which records caches may hold is learned from the name servers anew, so"
                            + " let no key be replaced within twice the records' time to live",
                    file,
                    unreadable.getMessage(),
                    DurableFile.putAside(file));
            return new Saved(VERSION, RolloverClock.starting(now), Map.of());
        }
    }

    void save(RolloverClock clock, Map<String, RolloverState> hosts) {
        try {
            DurableFile.replace(file, MAPPER.writeValueAsString(new Saved(VERSION, clock, hosts)) + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be written", e);
        }
    }
}
