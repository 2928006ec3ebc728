package org.postern.nameserver;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.LongSupplier;

/// How many answers of one kind go to one network by UDP in a second, so that nobody is flooded with answers to
/// questions that somebody asks in its name.
///
/// One table of fixed size: each place holds answers left and the time of the last look. Networks that share a place
/// share its answers; who shares with whom is different with each start.
final class ResponseRateLimit {
    enum Verdict {
        ANSWER,
        /// as short as can be, truncated: a true client comes back by TCP
        SLIP,
        DROP
    }

    private static final int PLACES = 1 << 16;
    private static final int SECONDS_OF_BURST = 3;

    private final AtomicLongArray places = new AtomicLongArray(PLACES);
    private final SipHash hash;
    private final int perSecond;
    private final LongSupplier milliseconds;
    private final long start;

    /// @param perSecond 0: no limit
    /// @param milliseconds a clock that nobody sets
    ResponseRateLimit(int perSecond, LongSupplier milliseconds) {
        byte[] key = new byte[16];
        new SecureRandom().nextBytes(key);
        this.hash = new SipHash(key);
        this.perSecond = perSecond;
        this.milliseconds = milliseconds;
        this.start = milliseconds.getAsLong();
    }

    /// @param kind what the answer is like, and for which name; answers of one kind count together
    Verdict judge(InetAddress client, long kind) {
        if (perSecond == 0) {
            return Verdict.ANSWER;
        }
        byte[] address = client.getAddress();
        byte[] network = new byte[8]; // IPv4 /24, IPv6 /56
        System.arraycopy(address, 0, network, 0, address.length == 4 ? 3 : 7);
        byte[] input = ByteBuffer.allocate(17)
                .put((byte) address.length)
                .put(network)
                .putLong(kind)
                .array();
        int place = (int) hash.hash(input) & (PLACES - 1);
        // thousandths of an answer in the lower half, milliseconds since the start in the upper one
        int now = (int) (milliseconds.getAsLong() - start) + 1; // so that no place that is used is all zero
        long most = 1_000L * perSecond * SECONDS_OF_BURST;
        while (true) {
            long before = places.get(place);
            long elapsed = before == 0 ? Integer.MAX_VALUE : (now - (int) (before >>> 32)) & 0xffff_ffffL;
            long left = Math.min(most, (before & 0xffff_ffffL) + Math.min(elapsed, 1_000_000) * perSecond);
            boolean enough = left >= 1_000;
            // Who is over it pays, too, down to nothing: each second refused answer slips, as a whole thousandth shows
            long after = enough ? left - 1_000 : left ^ 1;
            if (places.compareAndSet(place, before, ((long) now << 32) | (after & 0xffff_ffffL))) {
                return enough ? Verdict.ANSWER : (left & 1) == 0 ? Verdict.SLIP : Verdict.DROP;
            }
        }
    }
}
