package org.postern.session;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.postern.auth.AccountId;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/// All live sessions: runs each on its virtual thread, counts them against the limits, records their ends.
/// Safe for use by all threads.
final class Sessions {
    private static final Logger LOG = LoggerFactory.getLogger(Sessions.class);

    private final BooleanSupplier canServeTls;
    private final ConnectionCounts counts;
    private final Handshakes handshakes = new Handshakes();
    private int mostHandshakes;
    private final SessionRecords records;
    private final MeterRegistry meters;
    private final Map<String, Connection> live = new ConcurrentHashMap<>();
    private final Set<String> listening = ConcurrentHashMap.newKeySet();
    /// By protocol, then by command: the registry's own look-up costs more than many a command.
    private final Map<String, Map<String, Timer>> commands = new ConcurrentHashMap<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition none = lock.newCondition();

    Sessions(BooleanSupplier canServeTls, ConnectionLimits limits, SessionRecords records, MeterRegistry meters) {
        this.canServeTls = canServeTls;
        this.counts = new ConnectionCounts(limits);
        limit(limits);
        this.records = records;
        this.meters = meters;
    }

    /// Other limits for what comes from now on.
    synchronized void limit(ConnectionLimits limits) {
        counts.limit(limits);
        int more = limits.handshakes() - mostHandshakes;
        if (more >= 0) {
            handshakes.release(more);
        } else {
            handshakes.reducePermits(-more);
        }
        mostHandshakes = limits.handshakes();
    }

    private static final class Handshakes extends Semaphore {
        private static final long serialVersionUID = 1;

        Handshakes() {
            super(0);
        }

        @Override
        protected void reducePermits(int reduction) {
            super.reducePermits(reduction);
        }
    }

    /// What is counted for each listener is there from the start, at zero. One may go and come back.
    void listening(String listener) {
        if (!listening.add(listener)) {
            return;
        }
        Gauge.builder("postern.sessions", this, sessions -> sessions.count(listener))
                .description("Sessions that are open now.")
                .tag("listener", listener)
                .register(meters);
        refusals(listener);
    }

    private long count(String listener) {
        return live.values().stream()
                .filter(connection -> connection.listener().name().equals(listener))
                .count();
    }

    /// Counts a connection that becomes no session.
    void refused(String listener) {
        refusals(listener).increment();
    }

    private Counter refusals(String listener) {
        return Counter.builder("postern.connections.refused")
                .description("Connections one too many, in all or from their address, or from an address not allowed.")
                .tag("listener", listener)
                .register(meters);
    }

    Timer commandTimer(String protocol, String name) {
        return commands.computeIfAbsent(protocol, _ -> new ConcurrentHashMap<>())
                .computeIfAbsent(
                        name,
                        _ -> Timer.builder("postern.commands")
                                .description("The server's work on commands, without waits for the client.")
                                .tag("protocol", protocol)
                                .tag("command", name)
                                .register(meters));
    }

    boolean canServeTls() {
        return canServeTls.getAsBoolean();
    }

    /// Counts a new connection; false if its source, or the server, has too many.
    boolean enter(Connection connection) {
        if (!counts.enter(connection.remoteAddress())) {
            refused(connection.listener().name());
            return false;
        }
        live.put(connection.id(), connection);
        return true;
    }

    boolean enter(AccountId account) {
        return counts.enter(account);
    }

    boolean beginHandshake() {
        return handshakes.tryAcquire();
    }

    void endHandshake() {
        handshakes.release();
    }

    void secured(TlsFacts facts) {
        Counter.builder("postern.handshakes")
                .description("TLS handshakes that succeeded.")
                .tag("version", facts.version())
                .tag("suite", facts.cipherSuite())
                .register(meters)
                .increment();
    }

    /// Gives the connection its thread.
    void start(Connection connection) {
        Thread.ofVirtual().name("session-" + connection.id()).start(() -> run(connection));
    }

    private void run(Connection connection) {
        Protocol protocol = connection.listener().protocol();
        MDC.put("session", connection.id());
        try {
            connection.requirePermittedTls();
            protocol.serve(connection);
            connection.flush();
            connection.ending(EndReason.ORDERLY);
        } catch (SessionEnded e) {
            connection.ending(e.reason());
        } catch (java.io.IOException e) {
            LOG.debug("session {} ended by its connection", connection.id(), e);
        } catch (Throwable fault) {
            LOG.error("session {}: internal fault", connection.id(), fault);
            connection.ending(EndReason.INTERNAL_ERROR);
            try {
                connection.write(protocol.farewell(EndReason.INTERNAL_ERROR));
                connection.flush();
            } catch (java.io.IOException e) {
                LOG.debug("session {}: no farewell", connection.id(), e);
            }
        } finally {
            connection.commandDone();
            connection.close();
            leave(connection);
        }
    }

    /// Ends the books of a connection, whether it ever had a thread or not.
    void leave(Connection connection) {
        if (live.remove(connection.id()) == null) {
            return;
        }
        counts.leave(connection.remoteAddress());
        connection.principal().ifPresent(principal -> counts.leave(principal.account()));
        SessionRecord record = connection.record();
        Counter.builder("postern.sessions.ended")
                .description("Sessions that ended, and why.")
                .tag("listener", record.listener())
                .tag("end", record.end().name())
                .register(meters)
                .increment();
        records.ended(record);
        lock.lock();
        try {
            none.signalAll();
        } finally {
            lock.unlock();
        }
    }

    List<SessionInformation> list() {
        return live.values().stream().map(Connection::information).toList();
    }

    boolean end(String id, EndReason reason) {
        Connection connection = live.get(id);
        if (connection != null) {
            connection.requestEnd(reason);
        }
        return connection != null;
    }

    void endAll(AccountId account, EndReason reason) {
        for (Connection connection : live.values()) {
            connection
                    .principal()
                    .filter(principal -> principal.account().equals(account))
                    .ifPresent(principal -> connection.requestEnd(reason));
        }
    }

    /// Asks every session to end, waits, then closes the channels of those that did not. No thread is
    /// interrupted: one may be inside the store.
    void endAll(EndReason reason, Duration grace) {
        live.values().forEach(connection -> connection.requestEnd(reason));
        if (!awaitNone(grace)) {
            LOG.warn("{} sessions did not end within {}: closing their connections", live.size(), grace);
            live.values().forEach(Connection::abort);
            awaitNone(Duration.ofSeconds(5));
        }
    }

    private boolean awaitNone(Duration patience) {
        lock.lock();
        try {
            long left = patience.toNanos();
            while (!live.isEmpty()) {
                if (left <= 0) {
                    return false;
                }
                // a session leaves the map before it signals: a short slice closes that gap
                left -= Math.max(
                        1, TimeUnit.MILLISECONDS.toNanos(50) - none.awaitNanos(TimeUnit.MILLISECONDS.toNanos(50)));
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            lock.unlock();
        }
    }
}
