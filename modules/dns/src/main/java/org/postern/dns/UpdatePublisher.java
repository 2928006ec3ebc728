package org.postern.dns;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.postern.dns.UpdateLook.Held;
import org.postern.dns.UpdatePlan.Change;
import org.postern.dns.UpdateProblem.Kind;
import org.postern.dns.UpdateRecords.Place;
import org.postern.resolver.DomainName;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.Type;
import org.xbill.DNS.Update;

/// Publishes into somebody's zone by update messages to its primary server (RFC 2136), signed with a shared
/// secret.
///
/// It looks what is there, works out the difference, writes it down, sends it under the condition that nothing
/// has changed since the look, and looks again. What became of a message whose answer was lost is learned by
/// looking, too. Where others' records are in the way it publishes nothing at that place and says so; the rest
/// is published all the same. One thread at a time.
public final class UpdatePublisher implements Publisher, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(UpdatePublisher.class);
    private static final int MESSAGE_OCTETS = 16_000; // of records; RFC 2136 sets no bound, TCP 65,535
    private static final int MESSAGE_CHANGES = 100; // RRsets
    private static final int LARGEST_CHANGE = 60_000; // octets: it cannot be cut, and a message is 65,535
    private static final int ROUNDS = 5; // of looking, where somebody else changes the zone at the same time
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);
    private static final int REFUSED_AT_MOST = 5; // places in turn: then it is the key, not the place

    /// What the journal tells.
    ///
    /// @param number of the message; 0 where it is about none
    /// @param outcome `sent`, `accepted`, `confirmed`, `refused`, `unknown`, `settled`, `gone`, `adopted`,
    ///     `strangers`
    /// @param changes `+` or `-`, and a record as `owner TTL type data`
    public record JournalEntry(Instant time, long number, String outcome, String text, List<String> changes) {}

    private final UpdateSettings settings;
    private final Name zone;
    private final ReentrantLock lock = new ReentrantLock(true);
    private final ReentrantLock waiting = new ReentrantLock();
    private final Condition stopped = waiting.newCondition();
    private final UpdateJournal journal;
    private volatile boolean closed;

    /// @throws PublicationException if the journal cannot be read
    public UpdatePublisher(UpdateSettings settings) throws PublicationException {
        this.settings = settings;
        zone = UpdateRecords.name(settings.zone());
        journal = new UpdateJournal(settings.journal(), settings.clock());
    }

    @Override
    public DomainName zone() {
        return settings.zone();
    }

    /// The last entries of the journal, oldest first.
    public List<JournalEntry> journal() {
        return journal.entries().stream()
                .map(entry -> new JournalEntry(
                        entry.time(),
                        entry.number(),
                        entry.kind().name().toLowerCase(java.util.Locale.ROOT),
                        entry.text(),
                        entry.changes()))
                .toList();
    }

    @Override
    public void publish(List<RecordSet> wanted) throws PublicationException {
        Map<Place, Set<Record>> sets = check(wanted);
        lock.lock();
        try {
            persist(connection -> publish(sets, connection));
        } finally {
            lock.unlock();
        }
    }

    /// From now on what the server has there is Postern's: to be changed and taken away. Returns it in
    /// presentation form.
    public List<String> adopt(DomainName owner, RecordType type) throws PublicationException {
        Place place = new Place(owner, type);
        mine(place);
        Set<Record> adopted = new LinkedHashSet<>();
        lock.lock();
        try {
            persist(connection -> UpdateLook.at(List.of(place), connection, settings)
                    .values()
                    .forEach(held -> adopted.addAll(held.records())));
            if (adopted.isEmpty()) {
                throw new PublicationException("there is no " + place + " to adopt");
            }
            journal.adopt(adopted);
            return adopted.stream().map(UpdateRecords::text).toList();
        } finally {
            lock.unlock();
        }
    }

    private Map<Place, Set<Record>> check(List<RecordSet> wanted) throws PublicationException {
        Map<Place, Set<Record>> sets = new LinkedHashMap<>();
        for (RecordSet set : wanted) {
            Place place = Place.of(set);
            mine(place);
            if (sets.put(place, UpdateRecords.of(set)) != null) {
                throw new PublicationException(place + " is wanted twice");
            }
        }
        return sets;
    }

    private void mine(Place place) throws PublicationException {
        if (!place.owner().isWithin(settings.zone())) {
            throw new PublicationException(place + " is not in the zone " + settings.zone());
        }
        switch (place.type()) {
            case SOA, DNSKEY, CDS, CDNSKEY ->
                throw new PublicationException(place + " is the business of " + settings.server());
            case A, AAAA, CAA, CNAME, DS, MX, NS, SRV, TLSA, TXT -> {}
        }
    }

    /// A task for one connection.
    private interface Task {
        void run(UpdateConnection connection) throws UpdateProblem, PublicationException;
    }

    /// Tries again, after longer and longer pauses, where the server is not there or not able to.
    private void persist(Task task) throws PublicationException {
        Duration pause = settings.pause();
        for (int attempt = 1; ; attempt++) {
            try (UpdateConnection connection = new UpdateConnection(settings)) {
                task.run(connection);
                return;
            } catch (UpdateProblem problem) {
                boolean again = switch (problem.kind()) {
                    case LOST, LATER -> attempt < settings.attempts();
                    case CHANGED, REFUSED, FINAL -> false;
                };
                if (!again || !pause(pause)) {
                    throw new PublicationException(
                            settings.zone() + ": " + problem.text()
                                    + (attempt > 1 ? " (" + attempt + " attempts)" : ""),
                            problem);
                }
                LOG.info("{}: {}; attempt {} follows", settings.zone(), problem.text(), attempt + 1);
                pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) < 0 ? pause.multipliedBy(2) : LONGEST_PAUSE;
            }
        }
    }

    private void publish(Map<Place, Set<Record>> wanted, UpdateConnection connection)
            throws UpdateProblem, PublicationException {
        Map<Place, String> complaints = new LinkedHashMap<>(); // of the server
        for (int round = 1; ; round++) {
            Set<Place> places = new LinkedHashSet<>(wanted.keySet());
            wanted.keySet().forEach(place -> places.addAll(UpdatePlan.rivals(place)));
            places.addAll(journal.places());
            Map<Place, String> elsewhere = new LinkedHashMap<>();
            Map<Place, Held> held = UpdateLook.at(places, connection, settings, elsewhere);
            // what Postern left below a delegation is seen by nobody; it is Postern's again when that goes
            elsewhere.forEach((place, text) -> {
                if (wanted.containsKey(place)) {
                    complaints.put(place, text);
                }
            });
            journal.settle(held);
            journal.bound();
            UpdatePlan plan = UpdatePlan.of(held, journal::ours, wanted);
            List<Change> changes = plan.changes().stream()
                    .filter(change -> !complaints.containsKey(change.place()))
                    .toList();
            try {
                send(changes, connection, complaints);
            } catch (UpdateProblem problem) {
                if (problem.kind() != Kind.CHANGED || round == ROUNDS) {
                    throw problem;
                }
                continue;
            }
            // what was taken away may have been in the way
            if (plan.refusals().isEmpty() || changes.isEmpty() || round == ROUNDS) {
                for (String text : plan.strangers().values()) {
                    LOG.warn("{}", text);
                    journal.strangers(text);
                }
                complaints.putAll(plan.refusals());
                break;
            }
        }
        if (!complaints.isEmpty()) {
            Map<RecordSet.Key, String> refusals = new LinkedHashMap<>();
            complaints.forEach((place, text) -> refusals.put(new RecordSet.Key(place.owner(), place.type()), text));
            throw new PublicationException(refusals);
        }
    }

    private void send(List<Change> changes, UpdateConnection connection, Map<Place, String> complaints)
            throws UpdateProblem, PublicationException {
        int refused = 0;
        for (List<Change> some : portions(changes, complaints)) {
            try {
                send(some, connection);
                continue;
            } catch (UpdateProblem problem) {
                if (problem.kind() != Kind.REFUSED) {
                    throw problem;
                }
                if (some.size() == 1) {
                    complaints.put(some.getFirst().place(), some.getFirst().place() + ": " + problem.text());
                    continue;
                }
            }
            // A key may have the right to some names only: one place's refusal is not another's.
            for (Change each : some) {
                try {
                    send(List.of(each), connection);
                    refused = Integer.MIN_VALUE; // the key is good for something
                } catch (UpdateProblem problem) {
                    if (problem.kind() != Kind.REFUSED || ++refused == REFUSED_AT_MOST) {
                        throw problem;
                    }
                    complaints.put(each.place(), each.place() + ": " + problem.text());
                }
            }
        }
    }

    private static List<List<Change>> portions(Collection<Change> changes, Map<Place, String> complaints) {
        List<List<Change>> portions = new ArrayList<>();
        List<Change> portion = new ArrayList<>();
        int octets = 0;
        for (Change change : changes) {
            int size = size(change.held()) + size(change.add()) + size(change.remove()) + 300;
            if (size > LARGEST_CHANGE) {
                complaints.put(change.place(), change.place() + " does not fit into a message: too many records");
                continue;
            }
            if (!portion.isEmpty() && (octets + size > MESSAGE_OCTETS || portion.size() == MESSAGE_CHANGES)) {
                portions.add(portion);
                portion = new ArrayList<>();
                octets = 0;
            }
            portion.add(change);
            octets += size;
        }
        if (!portion.isEmpty()) {
            portions.add(portion);
        }
        return portions;
    }

    private static int size(Set<Record> records) {
        return records.stream()
                .mapToInt(record -> record.toWire(org.xbill.DNS.Section.UPDATE).length)
                .sum();
    }

    private void send(List<Change> changes, UpdateConnection connection) throws UpdateProblem, PublicationException {
        Message message = message(changes);
        long number = journal.sent(changes, settings.server());
        Message answer;
        try {
            answer = connection.exchange(message);
        } catch (UpdateProblem problem) {
            journal.outcome(number, UpdateJournal.Kind.UNKNOWN, problem.text());
            throw problem;
        }
        try {
            UpdateAnswers.judgeUpdate(answer, settings);
        } catch (UpdateProblem problem) {
            journal.outcome(number, UpdateJournal.Kind.REFUSED, problem.text());
            throw problem;
        }
        journal.outcome(number, UpdateJournal.Kind.ACCEPTED, "");
        Map<Place, Held> held =
                UpdateLook.at(changes.stream().map(Change::place).toList(), connection, settings);
        for (Change change : changes) {
            Held there = held.getOrDefault(change.place(), Held.NOTHING);
            if (!there.records().equals(change.after())) {
                throw new UpdateProblem(
                        Kind.CHANGED,
                        change.place() + " was accepted by " + settings.server()
                                + " and is not there: somebody puts back what was,"
                                + " or there are several servers behind this address");
            }
        }
        journal.outcome(number, UpdateJournal.Kind.CONFIRMED, "");
    }

    private Message message(List<Change> changes) {
        Update update = new Update(zone);
        for (Change change : changes) {
            Name owner = UpdateRecords.name(change.place().owner());
            int type = change.place().number();
            // RFC 2136 §2.4: all of it as it was seen, nothing more and nothing less
            if (change.held().isEmpty()) {
                update.absent(owner, type);
            }
            change.held().forEach(record -> update.present(withoutTime(record)));
            if (!change.add().isEmpty() && type != Type.CNAME) {
                update.absent(owner, Type.CNAME); // §3.4.2.2: beside an alias it would be passed over in silence
            }
        }
        for (Change change : changes) { // all that goes first: an alias may follow other records at its name
            change.remove().forEach(update::delete);
        }
        for (Change change : changes) {
            change.add().forEach(update::add);
        }
        return update;
    }

    // RFC 2136 §2.4.2: the time to live of a prerequisite is zero
    private static Record withoutTime(Record record) {
        return UpdateRecords.read(
                record.getName() + " 0 " + Type.string(record.getType()) + " " + record.rdataToString());
    }

    /// False if Postern stops meanwhile.
    private boolean pause(Duration duration) {
        waiting.lock();
        try {
            long left = duration.toNanos();
            while (left > 0 && !closed) {
                left = stopped.awaitNanos(left);
            }
            return !closed;
        } catch (InterruptedException e) {
            return false; // nobody interrupts: only a dying JVM gets here
        } finally {
            waiting.unlock();
        }
    }

    /// Ends a pause between attempts; waits for what is being sent.
    @Override
    public void close() {
        closed = true;
        waiting.lock();
        try {
            stopped.signalAll();
        } finally {
            waiting.unlock();
        }
        lock.lock();
        try {
            journal.close();
        } finally {
            lock.unlock();
        }
    }
}
