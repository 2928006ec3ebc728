package org.postern.pop3;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.postern.store.MessageContent;

/// How many octets a message has as POP3 sends it (RFC 1939 §11: each line end counts as two). The store
/// counts octets as they are stored, and APPEND takes bare LFs and last lines without an end: only
/// reading tells. A content never changes, so what was read once is remembered for all sessions, within a
/// bound. Safe for use by all sessions.
final class MessageSizes {
    private static final int REMEMBERED = 50_000; // some 5 MiB
    private static final int BUFFER_OCTETS = 64 * 1024;

    // guarded by itself; the one used longest ago first
    private final Map<Long, Long> known = new LinkedHashMap<>(16, 0.75f, true) {
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
    long of(long message, Source source) {
        synchronized (known) {
            Long size = known.get(message);
            if (size != null) {
                return size;
            }
        }
        long size = measure(source);
        synchronized (known) {
            known.put(message, size);
        }
        return size;
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
