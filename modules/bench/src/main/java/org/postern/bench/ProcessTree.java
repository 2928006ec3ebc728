package org.postern.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/// A process and all that it has started. Linux only: it reads /proc.
record ProcessTree(ProcessHandle root) {
    private static final int TICKS = 100; // a second, to user space on every Linux

    private Stream<ProcessHandle> all() {
        return Stream.concat(Stream.of(root), root.descendants());
    }

    /// Processor time until now, that of processes which have ended and were waited for among it.
    Duration processorTime() throws IOException {
        long ticks = 0;
        for (ProcessHandle process : all().toList()) {
            try {
                String stat = Files.readString(proc(process, "stat"));
                // proc_pid_stat(5): utime, stime, cutime, cstime are fields 14 to 17; the name, field 2, may have
                // blanks
                List<String> fields =
                        List.of(stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1));
                for (int field = 14; field <= 17; field++) {
                    ticks += Long.parseLong(fields.get(field - 3));
                }
            } catch (NoSuchFileException ended) {
                // its time is with who waited for it
            }
        }
        return Duration.ofMillis(ticks * 1000 / TICKS);
    }

    private static Path proc(ProcessHandle process, String file) {
        return Path.of("/proc", Long.toString(process.pid()), file);
    }

    /// Ends it, and returns when it has ended.
    void stop() {
        root.destroy();
        root.onExit().join();
    }
}
