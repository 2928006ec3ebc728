package org.postern.server;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import org.postern.dns.MailService;
import org.postern.dns.RolloverClock;
import org.postern.files.DurableFile;
import org.postern.server.Configuration.Listener;
import org.postern.server.Configuration.Service;
import org.postern.session.Endpoint;
import org.postern.session.ListenerSettings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What is known of listeners over restarts: where they were, which records lead there, and which of them are to go.
/// One file, replaced as a whole. Times are counted time ([RolloverClock]): a clock that somebody sets closes no port
/// early. Not safe for use by several threads.
final class ListenerMemory {
    /// In the data directory.
    static final String FILE = "listeners.json";

    private static final Logger LOG = LoggerFactory.getLogger(ListenerMemory.class);
    private static final int VERSION = 1;

    private final Path file;
    private final Supplier<RolloverClock.Reading> clocks;
    private RolloverClock clock;
    private Kept kept;

    /// Where clients were served.
    record Place(Service service, String address, int port) {
        /// Empty where no record leads to.
        static Optional<Place> of(ListenerSettings settings) {
            return settings.endpoint() instanceof Endpoint.Port port
                            && MailService.named(settings.name()).isPresent()
                    ? Optional.of(new Place(
                            Service.valueOf(settings.name().toUpperCase(Locale.ROOT)),
                            port.address().getAddress().getHostAddress(),
                            port.address().getPort()))
                    : Optional.empty();
        }

        /// For everybody, as it was: only listeners for clients are published.
        Listener listener() {
            return new Listener(service, InetAddress.ofLiteral(address), port, true);
        }
    }

    /// Records that lead to a port.
    ///
    /// @param goneSince since when no name server has them; empty while one may
    record Lead(int port, Duration timeToLive, Optional<Duration> goneSince) {}

    /// A listener that is configured no more.
    record Going(Place place, Duration since) {}

    /// As it stands in the file.
    record Kept(int version, RolloverClock clock, List<Place> listening, List<Lead> leads, List<Going> going) {
        Kept {
            Objects.requireNonNull(clock);
            listening = List.copyOf(listening);
            leads = List.copyOf(leads);
            going = List.copyOf(going);
        }
    }

    private ListenerMemory(Path file, Supplier<RolloverClock.Reading> clocks) {
        this.file = file;
        this.clocks = clocks;
        kept = load();
        clock = kept.clock();
    }

    /// What was kept last. A file that cannot be read is put aside: mail goes on.
    static ListenerMemory in(Path directory, Supplier<RolloverClock.Reading> clocks) {
        return new ListenerMemory(directory.resolve(FILE), clocks);
    }

    private Kept load() {
        try {
            Optional<Kept> read = Json.read(file, Kept.class);
            if (read.isPresent()) {
                if (read.get().version() == VERSION) {
                    return read.get();
                }
                throw new IOException(
                        "it is of version " + read.get().version() + ", and this Postern reads " + VERSION);
            }
        } catch (IOException | IllegalArgumentException unreadable) {
            LOG.error(
                    "{} cannot be read ({}): {}; a port that went from the configuration lately is closed, though caches"
                            + " may have records that lead to it",
                    file,
                    unreadable.getMessage(),
                    DurableFile.putAside(file));
        }
        return new Kept(VERSION, RolloverClock.starting(clocks.get()), List.of(), List.of(), List.of());
    }

    Kept kept() {
        return kept;
    }

    /// Counted time.
    Duration now() {
        clock = clock.advance(clocks.get()).clock();
        return clock.counted();
    }

    /// Without this on the disk a restart closes ports early, and nothing else is wrong: the server goes on.
    void keep(List<Place> listening, List<Lead> leads, List<Going> going) {
        if (listening.equals(kept.listening()) && leads.equals(kept.leads()) && going.equals(kept.going())) {
            return;
        }
        kept = new Kept(VERSION, clock, listening, leads, going);
        write();
    }

    /// With the time that has passed: after a start of the machine nobody knows it.
    void keepTime() {
        if (kept.leads().isEmpty()) {
            return;
        }
        now();
        kept = new Kept(VERSION, clock, kept.listening(), kept.leads(), kept.going());
        write();
    }

    private void write() {
        try {
            Json.replace(file, kept);
        } catch (IOException e) {
            LOG.error(
                    "{} cannot be written: a restart will not know which ports are to stay open for a while: {}",
                    file,
                    e.getMessage());
        }
    }
}
