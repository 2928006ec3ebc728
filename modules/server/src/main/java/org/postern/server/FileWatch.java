package org.postern.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Sees that files changed: looks at them every now and then, which also finds what an ACME client does with
/// symbolic links and works on every file system. Tells of a change when the files rest since the last look: a
/// chain and its key are written one after the other.
final class FileWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FileWatch.class);

    private final Supplier<? extends Collection<Path>> files;
    private final Runnable changed;
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("files").factory());
    /// As they were at the last look, and when they were last told of. Used by the timer's thread alone.
    private Map<Path, String> seen;
    private Map<Path, String> told;

    /// @param files to look at, asked at each look
    FileWatch(Supplier<? extends Collection<Path>> files, Duration interval, Runnable changed) {
        this.files = files;
        this.changed = changed;
        seen = look();
        told = seen;
        timer.scheduleWithFixedDelay(this::check, interval.toMillis(), interval.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void check() {
        try {
            Map<Path, String> now = look();
            if (now.equals(seen) && !now.equals(told)) {
                told = now;
                changed.run();
            }
            seen = now;
        } catch (RuntimeException e) { // the next look may do better
            LOG.error("changed files could not be taken over", e);
        }
    }

    private Map<Path, String> look() {
        Map<Path, String> marks = new LinkedHashMap<>();
        for (Path file : files.get()) {
            marks.put(file, mark(file));
        }
        return marks;
    }

    private static String mark(Path file) {
        try {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            return attributes.fileKey() + " " + attributes.size() + " " + attributes.lastModifiedTime();
        } catch (IOException e) {
            return "none";
        }
    }

    @Override
    public void close() {
        timer.shutdown();
    }
}
