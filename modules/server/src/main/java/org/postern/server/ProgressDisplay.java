package org.postern.server;

import java.io.Console;
import java.io.PrintWriter;
import java.util.Optional;

/// A bar on a terminal, else a line for each step and one every ten seconds.
final class ProgressDisplay implements Progress, AutoCloseable {
    private static final int WIDTH = 30; // characters of the bar
    private static final long LINE_INTERVAL = 10_000_000_000L; // nanoseconds
    private static final long BAR_INTERVAL = 100_000_000L; // nanoseconds

    private final PrintWriter out;
    private final boolean terminal;
    private String step = "";
    private long last;
    private int drawn;

    ProgressDisplay(PrintWriter out) {
        this(out, Optional.ofNullable(System.console()).map(Console::isTerminal).orElse(false));
    }

    ProgressDisplay(PrintWriter out, boolean terminal) {
        this.out = out;
        this.terminal = terminal;
    }

    @Override
    public void report(String newStep, long done, long total, Unit unit) {
        long now = System.nanoTime();
        boolean begins = !newStep.equals(step);
        if (!begins && done != total && now - last < (terminal ? BAR_INTERVAL : LINE_INTERVAL)) {
            return;
        }
        if (begins) {
            close();
        }
        step = newStep;
        last = now;
        if (terminal) {
            String line = bar(done, total) + text(done, total, unit);
            out.print("\r" + line + " ".repeat(Math.max(0, drawn - line.length())));
            drawn = line.length();
        } else {
            out.println(text(done, total, unit));
        }
        out.flush();
    }

    private static String bar(long done, long total) {
        if (total <= 0) {
            return "";
        }
        int filled = (int) Math.clamp((double) done / total * WIDTH, 0, WIDTH);
        return "[" + "#".repeat(filled) + " ".repeat(WIDTH - filled) + "] ";
    }

    private String text(long done, long total, Unit unit) {
        String so = amount(done, unit);
        return step + ": "
                + (total <= 0
                        ? so
                        : so + " of " + amount(total, unit) + " (" + (int) Math.min(100, 100.0 * done / total) + " %)");
    }

    private static String amount(long count, Unit unit) {
        return switch (unit) {
            case ITEMS -> Long.toString(count);
            case OCTETS -> Units.octets(count);
        };
    }

    @Override
    public void close() {
        leaveLine();
    }

    /// Leaves the bar as it is; what is printed next stands below.
    void leaveLine() {
        if (drawn > 0) {
            out.println();
            out.flush();
            drawn = 0;
        }
    }
}
