package org.postern.store;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.h2.mvstore.DataUtils;
import org.h2.mvstore.MVStoreException;

/// What a header block of H2's file says: the chunk of the newest version, and which chunks had not been forced when it
/// was written. Without those it is a header as H2 itself writes it.
///
/// @param attributes of the file, as H2 set them
/// @param chunk the newest chunk; empty while there is none
/// @param clean H2's word that the file was closed in order
/// @param unforced what must be whole, besides what was forced before, if the newest chunk is to count; empty if H2
///     itself wrote the header
record DatabaseHeader(
        Map<String, String> attributes, Optional<Named> chunk, boolean clean, Optional<List<Written>> unforced) {
    static final int BLOCK = 4096;

    private static final String CHUNK = "chunk";
    private static final String PLACE = "block";
    private static final String VERSION = "version";
    private static final String CLEAN = "clean";
    private static final String UNFORCED = "unforced";
    private static final String CHECKSUM = "fletcher";

    /// A chunk, by its place in the file.
    record Named(int id, long block, long version) {}

    /// Blocks that were written at once, and their CRC-32C.
    record Written(long block, int blocks, int checksum) {}

    /// Empty if the block is not whole.
    static Optional<DatabaseHeader> parse(byte[] block) {
        String text = new String(block, ISO_8859_1).trim() /* zeros too */;
        int end = text.lastIndexOf("," + CHECKSUM + ":");
        try {
            if (end < 0 || !text.substring(end).equals(checksum(text.substring(0, end)))) {
                return Optional.empty();
            }
            Map<String, String> attributes = new TreeMap<>(DataUtils.parseMap(text.substring(0, end)));
            String id = attributes.remove(CHUNK);
            String place = attributes.remove(PLACE);
            String version = attributes.remove(VERSION);
            boolean clean = attributes.remove(CLEAN) != null;
            Optional<List<Written>> unforced =
                    Optional.ofNullable(attributes.remove(UNFORCED)).map(DatabaseHeader::written);
            Optional<Named> named = id == null || place == null || version == null
                    ? Optional.empty()
                    : Optional.of(new Named(
                            HexFormat.fromHexDigits(id),
                            HexFormat.fromHexDigitsToLong(place),
                            HexFormat.fromHexDigitsToLong(version)));
            return Optional.of(new DatabaseHeader(attributes, named, clean, unforced));
        } catch (MVStoreException | IllegalArgumentException | ArithmeticException notOne) {
            return Optional.empty();
        }
    }

    private static List<Written> written(String text) {
        List<Written> written = new ArrayList<>();
        String[] each = text.split("\\+", -1);
        for (int index = 1; index < each.length; index++) {
            String[] part = each[index].split("\\.", 3);
            written.add(new Written(
                    HexFormat.fromHexDigitsToLong(part[0]),
                    HexFormat.fromHexDigits(part[1]),
                    HexFormat.fromHexDigits(part[2])));
        }
        if (HexFormat.fromHexDigits(each[0]) != written.size()) {
            throw new IllegalArgumentException(text);
        }
        return written;
    }

    DatabaseHeader naming(Named newest, List<Written> since) {
        return new DatabaseHeader(attributes, Optional.of(newest), false, Optional.of(List.copyOf(since)));
    }

    /// As H2 writes it when it closes in order: then it opens what is named, and looks for nothing else.
    DatabaseHeader asClean() {
        return new DatabaseHeader(attributes, chunk, true, Optional.empty());
    }

    /// The text that goes to the beginning of the block.
    byte[] octets() {
        var text = new StringBuilder();
        attributes.forEach((key, value) -> DataUtils.appendMap(text, key, value));
        chunk.ifPresent(named -> {
            DataUtils.appendMap(text, PLACE, named.block());
            DataUtils.appendMap(text, CHUNK, named.id());
            DataUtils.appendMap(text, VERSION, named.version());
        });
        if (clean) {
            DataUtils.appendMap(text, CLEAN, 1);
        }
        unforced.ifPresent(chunks -> {
            var list = new StringBuilder(Integer.toHexString(chunks.size()));
            for (Written each : chunks) {
                list.append('+').append(Long.toHexString(each.block()));
                list.append('.').append(Integer.toHexString(each.blocks()));
                list.append('.').append(Integer.toHexString(each.checksum()));
            }
            DataUtils.appendMap(text, UNFORCED, list.toString());
        });
        return text.append(checksum(text.toString())).append('\n').toString().getBytes(ISO_8859_1);
    }

    private static String checksum(String text) {
        byte[] octets = text.getBytes(ISO_8859_1);
        return "," + CHECKSUM + ":" + Integer.toHexString(DataUtils.getFletcher32(octets, 0, octets.length));
    }
}
