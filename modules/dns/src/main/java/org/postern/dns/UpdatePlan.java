package org.postern.dns;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.postern.dns.UpdateLook.Held;
import org.postern.dns.UpdateRecords.Place;
import org.xbill.DNS.Record;
import org.xbill.DNS.Type;

/// What has to be sent so that Postern's records are those that are wanted and everybody else's stay; pure.
///
/// @param changes in the order of the places
/// @param refusals places where Postern publishes nothing, and why
/// @param strangers records of others that stand beside Postern's where they do harm
record UpdatePlan(List<Change> changes, Map<Place, String> refusals, Map<Place, String> strangers) {
    /// Of those that are at names where Postern wants an alias.
    private static final List<RecordType> RIVALS =
            List.of(RecordType.TLSA, RecordType.A, RecordType.AAAA, RecordType.TXT);

    /// @param held what is there, all of it: the prerequisite
    record Change(Place place, Set<Record> held, Set<Record> add, Set<Record> remove) {
        /// What is there when it is done.
        Set<Record> after() {
            Set<Record> after = new LinkedHashSet<>(held);
            after.removeAll(remove);
            after.addAll(add);
            return after;
        }
    }

    /// @param held what is where something is wanted or was published, and of [#rivals]
    /// @param ours what Postern has published there
    static UpdatePlan of(Map<Place, Held> held, Function<Place, Set<Record>> ours, Map<Place, Set<Record>> wanted) {
        UpdatePlan plan = new UpdatePlan(new ArrayList<>(), new LinkedHashMap<>(), new LinkedHashMap<>());
        held.forEach((place, there) -> {
            Set<Record> want = wanted.getOrDefault(place, Set.of());
            boolean followed = place.type() == RecordType.TLSA && !want.isEmpty() && there.alias();
            if (followed
                    && ours.apply(new Place(place.owner(), RecordType.CNAME)).isEmpty()) {
                return; // RFC 7671 §7: readers follow; whether they find what is wanted is seen when they are asked
            }
            Optional<String> rival = rivals(place).stream()
                    .filter(_ -> !want.isEmpty())
                    .flatMap(other -> rival(other, held.getOrDefault(other, Held.NOTHING), ours.apply(other)).stream())
                    .findFirst();
            if (rival.isPresent()) {
                plan.refusals.put(place, place + " is not published: " + rival.get());
            } else {
                plan.add(place, there, ours.apply(place), want);
            }
        });
        return plan;
    }

    /// Where records would keep an alias out that somebody else may have put there.
    static List<Place> rivals(Place place) {
        return place.type() == RecordType.CNAME
                ? RIVALS.stream().map(type -> new Place(place.owner(), type)).toList()
                : List.of();
    }

    private static Optional<String> rival(Place place, Held held, Set<Record> published) {
        return held.alias() || published.containsAll(held.records())
                ? Optional.empty()
                : Optional.of(
                        place + " is there, an alias stands alone, and Postern did not put it there; remove it, or"
                                + " say that it is Postern's: postern dns adopt " + place.owner() + " " + place.type());
    }

    private void add(Place place, Held held, Set<Record> published, Set<Record> wanted) {
        Set<Record> ours = new LinkedHashSet<>(held.records());
        ours.retainAll(published);
        Set<Record> others = new LinkedHashSet<>(held.records());
        others.removeAll(ours);
        Set<Record> strangers = new LinkedHashSet<>(others);
        strangers.removeAll(wanted);
        if (!wanted.isEmpty() && held.alias()) {
            refusals.put(place, place + " cannot be published: a CNAME record is there (remove it)");
            return;
        }
        Optional<String> harm = wanted.isEmpty()
                ? Optional.empty()
                : Neighbours.harm(UpdateRecords.set(place, wanted), UpdateRecords.data(strangers));
        if (harm.isPresent() && ours.isEmpty()) {
            refusals.put(
                    place,
                    place + " is not published: " + harm.get()
                            + ", and Postern did not put it there; remove it, or say that it is Postern's: postern dns adopt "
                            + place.owner() + " " + place.type());
            return;
        }
        harm.ifPresent(text -> strangers().put(place, place + ": " + text + " besides Postern's"));
        Set<Record> add = new LinkedHashSet<>(wanted);
        add.removeAll(held.records());
        Set<Record> remove = new LinkedHashSet<>(ours);
        remove.removeAll(wanted);
        if (others.isEmpty()) {
            boolean otherTime = !wanted.isEmpty()
                    && !held.records().isEmpty()
                    && wanted.iterator().next().getTTL() != held.timeToLive();
            if (otherTime) { // BIND takes the time of a record that is there already, Knot does not
                remove = new LinkedHashSet<>(ours);
                add = new LinkedHashSet<>(wanted);
            }
        } else {
            // RFC 2181 §5.2: one time to live for all of an RRset; others' records keep theirs
            Set<Record> same = new LinkedHashSet<>();
            add.forEach(record -> same.add(withTime(record, held.timeToLive())));
            add = same;
        }
        if (!add.isEmpty() || !remove.isEmpty()) {
            changes.add(new Change(place, held.records(), add, remove));
        }
    }

    private static Record withTime(Record record, long timeToLive) {
        return UpdateRecords.read(record.getName() + " " + timeToLive + " " + Type.string(record.getType()) + " "
                + record.rdataToString());
    }
}
