package org.postern.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import org.postern.files.DurableFile;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonWriteFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.cfg.DateTimeFeature;
import tools.jackson.databind.json.JsonMapper;

/// How records and JSON become each other: on the control socket, under `--json`, and in files of the data directory.
final class Json {
    /// A nesting that nothing here comes near to.
    private static final int MOST_NESTING = 32;

    /// Strict in what it reads: an unknown or a missing component is an error, not a guess.
    static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(MOST_NESTING)
                            .build())
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .disable(StreamReadFeature.AUTO_CLOSE_SOURCE)
                    .disable(StreamWriteFeature.AUTO_CLOSE_TARGET)
                    // U+0085, U+2028 and the like would begin a line of the audit log for some who read it
                    .enable(JsonWriteFeature.ESCAPE_NON_ASCII)
                    .build())
            .disable(DateTimeFeature.WRITE_DATES_AS_TIMESTAMPS)
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /// A component that a file of an earlier version does not have is null: its record says what it can do without.
    private static final ObjectReader FILES =
            MAPPER.reader().without(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES);

    private Json() {}

    /// What a file of the data directory says; empty where there is none.
    ///
    /// @throws IOException if it cannot be read, or its record refuses what it says
    static <T> Optional<T> read(Path file, Class<T> type) throws IOException {
        try {
            return Optional.of(FILES.forType(type).readValue(Files.readString(file)));
        } catch (NoSuchFileException none) {
            return Optional.empty();
        } catch (JacksonException unreadable) {
            throw new IOException(unreadable.getOriginalMessage(), unreadable);
        }
    }

    /// Replaces a file as a whole, durably.
    static void replace(Path file, Object content) throws IOException {
        DurableFile.replace(file, MAPPER.writeValueAsString(content) + "\n");
    }
}
