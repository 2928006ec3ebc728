package org.postern.auth;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.text.Normalizer;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongSupplier;

/// Makes guessing slow: after some failures each further attempt waits, twice as long as the one before,
/// up to a bound; nobody is ever locked out. Failures are counted by source (IPv4 address or IPv6 /64),
/// by the name that was tried, and by both together. Who has logged in from a source before waits only
/// for failures of its own there: neither a guesser elsewhere nor a broken device behind the same address
/// slows it.
///
/// An attempt counts as failed until it has succeeded, so that many at once do not share one delay. Half
/// of the failures are forgotten every ten minutes.
final class LoginThrottle {
    private static final Duration FIRST_DELAY = Duration.ofMillis(250);
    private static final Duration HALF_LIFE = Duration.ofMinutes(10);
    /// A phone whose password was changed tries a few times at once.
    private static final int FREE = 5;
    /// Of each kind are remembered, the least recently used go first.
    private static final int MOST = 100_000;

    private record Failures(double count, long at) {}

    private final long longest;
    private final LongSupplier nanoTime;
    // guarded by this
    private final Map<String, Failures> failures = leastRecentlyUsed();
    private final Map<String, Boolean> known = leastRecentlyUsed();

    /// @param longest no delay is longer
    LoginThrottle(Duration longest, LongSupplier nanoTime) {
        this.longest = longest.toNanos();
        this.nanoTime = nanoTime;
    }

    private static <V> Map<String, V> leastRecentlyUsed() {
        return new LinkedHashMap<>(16, 0.75f, true) {
            private static final long serialVersionUID = 1;

            @Override
            protected boolean removeEldestEntry(Map.Entry<String, V> eldest) {
                return size() > MOST;
            }
        };
    }

    /// One attempt, counted as failed so far.
    record Attempt(Duration delay, String source, String name, String both) {}

    synchronized Attempt begin(InetAddress address, String loginName) {
        String source = "source " + network(address);
        String name =
                "name " + Normalizer.normalize(loginName, Normalizer.Form.NFC).toLowerCase(Locale.ROOT);
        String both = source + " " + name;
        double count = count(both);
        if (!known.containsKey(both)) {
            count = Math.max(count, Math.max(count(source), count(name)));
        }
        add(source, 1);
        add(name, 1);
        add(both, 1);
        return new Attempt(delay(count), source, name, both);
    }

    /// The attempt is no failure after all.
    synchronized void succeeded(Attempt attempt) {
        add(attempt.source(), -1);
        add(attempt.name(), -1);
        failures.remove(attempt.both());
        known.put(attempt.both(), true);
    }

    private double count(String key) {
        Failures found = failures.get(key);
        if (found == null) {
            return 0;
        }
        double halvings = (double) (nanoTime.getAsLong() - found.at()) / HALF_LIFE.toNanos();
        return found.count() * Math.pow(0.5, halvings);
    }

    private void add(String key, int change) {
        double count = count(key) + change;
        if (count < 0.1) {
            failures.remove(key);
        } else {
            failures.put(key, new Failures(count, nanoTime.getAsLong()));
        }
    }

    private Duration delay(double count) {
        int over = (int) Math.round(count) - FREE;
        if (over < 0) {
            return Duration.ZERO;
        }
        long nanos = over > 20 ? longest : Math.min(longest, FIRST_DELAY.toNanos() << over);
        return Duration.ofNanos(nanos);
    }

    /// IPv4: the address; IPv6: a host has a whole /64.
    static String network(InetAddress address) {
        return address instanceof Inet6Address
                ? HexFormat.of().formatHex(Arrays.copyOf(address.getAddress(), 8))
                : address.getHostAddress();
    }
}
