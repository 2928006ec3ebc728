package org.postern.pop3;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import org.postern.store.MessageContent;

/// How many octets a message has as POP3 sends it (RFC 1939 §11: each line end counts as two). The store
/// counts octets as they are stored, and APPEND takes bare LFs and last lines without an end: only reading
/// tells. A content never changes, so what was read once is remembered for all sessions: one bit for a
/// message that is sent as it is stored, as nearly all are; an entry, within a bound, for any other. Safe for
/// use by all sessions.
final class MessageSizes {
    private static final int REMEMBERED = 20_000; // some 2 MiB
    private static final int MOST_BITS = 100_000_000; // 12 MiB
    private static final int BUFFER_OCTETS = 64 * 1024;

    // guarded by this; the store numbers contents consecutively
    private final BitSet sentAsStored = new BitSet();
    // guarded by this; the one used longest ago first
    private final Map<Long, Long> others = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, Long> eldest) {
            return size() > REMEMBERED;
        }
    };

    /// Makes the content of a message, if it must be read.
    interface Source {
        MessageContent load() throws IOException;
    }

    /// @param message the store's number of the content
    /// @param stored its octets as they are stored
    long of(long message, long stored, Source source) {
        OptionalLong known = known(message, stored);
        if (known.isPresent()) {
            return known.getAsLong();
        }
        long size = measure(source);
        remember(message, stored, size);
        return size;
    }

    private synchronized OptionalLong known(long message, long stored) {
        if (message < MOST_BITS && sentAsStored.get((int) message)) {
            return OptionalLong.of(stored);
        }
        Long size = others.get(message);
        return size == null ? OptionalLong.empty() : OptionalLong.of(size);
    }

    private synchronized void remember(long message, long stored, long size) {
        if (size == stored && message < MOST_BITS) {
            sentAsStored.set((int) message);
        } else {
            others.put(message, size);
        }
    }

    private static long measure(Source source) {
        try {
            MessageContent content = source.load();
            var lines = new ByteStuffing((octets, offset, length) -> {}, ByteStuffing.WHOLE);
            byte[] buffer = new byte[Math.clamp(content.size(), 1, BUFFER_OCTETS)];
            try (InputStream octets = content.open(0, content.size())) {
                for (int count = octets.read(buffer); count >= 0; count = octets.read(buffer)) {
                    lines.write(buffer, 0, count);
                }
            }
            lines.finish();
            return lines.size();
        } catch (IOException e) {
            throw new UncheckedIOException(e); // the store's: nothing here speaks to the client
        }
    }
}
