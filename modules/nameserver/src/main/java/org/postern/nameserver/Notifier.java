package org.postern.nameserver;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/// Tells one secondary of each new version of a zone (RFC 1996), until it answers. On a virtual thread of its own.
final class Notifier implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Notifier.class);

    private final HostedZone zone;
    private final InetSocketAddress address;
    private final TransferKey key;
    private final Duration patience;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition news = lock.newCondition();
    private boolean stopped;
    private @Nullable DatagramSocket open;
    private volatile Optional<Long> confirmed = Optional.empty();

    /// @param patience how long an answer is waited for first; each time twice as long, up to 64 times
    Notifier(HostedZone zone, InetSocketAddress address, TransferKey key, Duration patience) {
        this.zone = zone;
        this.address = address;
        this.key = key;
        this.patience = patience;
    }

    boolean tells(InetSocketAddress other, TransferKey by) {
        return address.equals(other) && key.same(by);
    }

    void start() {
        Thread.ofVirtual().name("dns-notify").start(this::run);
    }

    /// There is another version.
    void wake() {
        lock.lock();
        try {
            news.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        try {
            int tries = 0;
            long told = -1; // the serial of the last try
            while (awaitNews(tries)) {
                long serial = zone.zone().serial();
                tries = serial == told ? tries + 1 : 1;
                told = serial;
                if (announce(serial)) {
                    confirmed = Optional.of(serial);
                    tries = 0;
                } else if (tries == 4) {
                    LOG.warn(
                            "{}: the secondary {} does not answer to NOTIFY of serial {}; it is told again and again",
                            zone.settings().origin(),
                            address,
                            serial);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // nobody does
        }
    }

    /// Waits until there is something to tell, or to tell again; false: the server stops.
    private boolean awaitNews(int tries) throws InterruptedException {
        lock.lock();
        try {
            // RFC 1996 §3.6: less and less often
            long left = tries == 0 ? 0 : patience.toNanos() << Math.min(tries - 1, 6);
            while (!stopped) {
                boolean known =
                        confirmed.isPresent() && confirmed.get() == zone.zone().serial();
                if (known) {
                    news.await();
                } else if (left > 0) {
                    left = news.awaitNanos(left);
                } else {
                    return true;
                }
            }
            return false;
        } finally {
            lock.unlock();
        }
    }

    private boolean announce(long serial) {
        try (DatagramSocket socket = new DatagramSocket()) {
            lock.lock();
            try {
                if (stopped) {
                    return false;
                }
                open = socket;
            } finally {
                lock.unlock();
            }
            Message message = new Message();
            message.getHeader().setOpcode(Opcode.NOTIFY);
            message.getHeader().setFlag(Flags.AA);
            message.addRecord(Record.newRecord(zone.origin(), Type.SOA, DClass.IN), Section.QUESTION);
            message.addRecord(zone.zone().soa(), Section.ANSWER); // RFC 1996 §3.7: a hint
            message.setTSIG(key.tsig());
            byte[] octets = message.toWire(512);
            socket.connect(address);
            socket.send(new DatagramPacket(octets, octets.length));
            long deadline = System.nanoTime() + Math.min(patience.toNanos(), TimeUnit.SECONDS.toNanos(5));
            DatagramPacket packet = new DatagramPacket(new byte[1_232], 1_232);
            for (long left = deadline - System.nanoTime(); left > 0; left = deadline - System.nanoTime()) {
                socket.setSoTimeout((int) Math.max(1, TimeUnit.NANOSECONDS.toMillis(left)));
                socket.receive(packet);
                Message answer = new Message(Arrays.copyOf(packet.getData(), packet.getLength()));
                if (answer.getHeader().getID() == message.getHeader().getID()
                        && answer.getHeader().getFlag(Flags.QR)) {
                    if (answer.getRcode() == Rcode.NOERROR) {
                        return true;
                    }
                    LOG.debug("{}: {} answers NOTIFY with {}", zone.origin(), address, Rcode.string(answer.getRcode()));
                    return false;
                }
            }
        } catch (SocketTimeoutException e) {
            LOG.debug("{}: no answer to NOTIFY of {} from {}", zone.origin(), serial, address);
        } catch (IOException | RuntimeException e) {
            LOG.debug("{}: NOTIFY to {}: {}", zone.origin(), address, e.getMessage());
        }
        return false;
    }

    ZoneStatus.Secondary status() {
        return new ZoneStatus.Secondary(address, confirmed);
    }

    @Override
    public void close() {
        lock.lock();
        try {
            stopped = true;
            if (open != null) {
                open.close();
            }
            news.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
