package org.postern.resolver;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;

/// Messages as upstream sent them, until the first of their records is too old; the least recently used one goes
/// first. They are validated each time they are used, so nothing here is trusted. Thread-safe.
final class MessageCache {
    static final Duration LONGEST = Duration.ofDays(1); // RFC 8767 §4 calls a week generous
    static final Duration LONGEST_NEGATIVE = Duration.ofHours(1); // RFC 2308 §5: one to three hours

    record Key(Name name, int type) {}

    /// @param expires by [System#nanoTime]
    record Kept(Message message, long expires) {}

    private final ReentrantLock lock = new ReentrantLock();
    private final LinkedHashMap<Key, Kept> entries;

    MessageCache(int maximum) {
        entries = new LinkedHashMap<>(16, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<Key, Kept> eldest) {
                return size() > maximum;
            }
        };
    }

    @Nullable
    Kept get(Key key) {
        lock.lock();
        try {
            Kept entry = entries.get(key);
            if (entry != null && entry.expires - System.nanoTime() <= 0) {
                entries.remove(key);
                return null;
            }
            return entry;
        } finally {
            lock.unlock();
        }
    }

    void put(Key key, Message message) {
        Duration life = timeToLive(message);
        if (life.isPositive()) {
            lock.lock();
            try {
                entries.put(key, new Kept(message, System.nanoTime() + life.toNanos()));
            } finally {
                lock.unlock();
            }
        }
    }

    void remove(Key key) {
        lock.lock();
        try {
            entries.remove(key);
        } finally {
            lock.unlock();
        }
    }

    int size() {
        lock.lock();
        try {
            return entries.size();
        } finally {
            lock.unlock();
        }
    }

    static Duration timeToLive(Message message) {
        long seconds = LONGEST.toSeconds();
        boolean positive = message.getRcode() == Rcode.NOERROR
                && !message.getSection(Section.ANSWER).isEmpty();
        if (!positive) {
            seconds = 0; // RFC 2308 §5: without an SOA a denial is not kept
        }
        for (int section : new int[] {Section.ANSWER, Section.AUTHORITY}) {
            for (Record record : message.getSection(section)) {
                if (!positive && record instanceof SOARecord authority) {
                    seconds = Math.min(
                            LONGEST_NEGATIVE.toSeconds(), Math.min(authority.getTTL(), authority.getMinimum()));
                }
                if (positive) {
                    seconds = Math.min(seconds, record.getTTL());
                }
            }
        }
        return Duration.ofSeconds(seconds);
    }
}
