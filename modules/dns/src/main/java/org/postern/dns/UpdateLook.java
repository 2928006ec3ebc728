package org.postern.dns;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.postern.dns.UpdateProblem.Kind;
import org.postern.dns.UpdateRecords.Place;
import org.postern.resolver.DomainName;
import org.xbill.DNS.DClass;
import org.xbill.DNS.ExtendedFlags;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.NSRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/// What the primary server has at some places of its zone.
final class UpdateLook {
    private static final int AT_ONCE = 32; // questions under way on one connection
    private static final int PAYLOAD = 1_232; // octets; of no meaning in TCP

    /// What is at one place.
    ///
    /// @param records none where a wildcard answered: the place itself is empty then
    /// @param timeToLive seconds; 0 without records
    /// @param alias whether a CNAME record is there (and that was not the question)
    record Held(Set<Record> records, long timeToLive, boolean alias) {
        static final Held NOTHING = new Held(Set.of(), 0, false);
    }

    private UpdateLook() {}

    static Map<Place, Held> at(Collection<Place> places, UpdateConnection connection, UpdateSettings settings)
            throws UpdateProblem {
        Map<Place, String> elsewhere = new LinkedHashMap<>();
        Map<Place, Held> found = at(places, connection, settings, elsewhere);
        if (!elsewhere.isEmpty()) {
            throw new UpdateProblem(Kind.FINAL, String.join("\n", elsewhere.values()));
        }
        return found;
    }

    /// @param elsewhere gets the places that the zone has delegated, in words: nobody sees what it has there
    static Map<Place, Held> at(
            Collection<Place> places,
            UpdateConnection connection,
            UpdateSettings settings,
            Map<Place, String> elsewhere)
            throws UpdateProblem {
        Map<Place, Held> found = new LinkedHashMap<>();
        List<Place> all = List.copyOf(places);
        for (int first = 0; first < all.size(); first += AT_ONCE) {
            List<Place> some = all.subList(first, Math.min(all.size(), first + AT_ONCE));
            List<Message> questions = new ArrayList<>();
            some.forEach(place -> questions.add(question(place)));
            List<Message> answers = connection.exchange(questions);
            for (int index = 0; index < some.size(); index++) {
                Place place = some.get(index);
                Optional<String> zone = delegated(place, answers.get(index), settings);
                if (zone.isPresent()) {
                    elsewhere.put(place, zone.get());
                } else {
                    found.put(place, held(place, answers.get(index), settings));
                }
            }
        }
        return found;
    }

    private static Message question(Place place) {
        Message question = new Message();
        question.addRecord(
                Record.newRecord(UpdateRecords.name(place.owner()), place.number(), DClass.IN), Section.QUESTION);
        // signatures come along: only they tell what a wildcard has answered
        question.addRecord(new OPTRecord(PAYLOAD, 0, 0, ExtendedFlags.DO), Section.ADDITIONAL);
        return question;
    }

    private static Held held(Place place, Message answer, UpdateSettings settings) throws UpdateProblem {
        int code = answer.getRcode();
        if (code == Rcode.SERVFAIL) {
            throw new UpdateProblem(Kind.LATER, settings.server() + " cannot say what is " + place + " (SERVFAIL)");
        }
        if (code != Rcode.NOERROR && code != Rcode.NXDOMAIN) {
            throw new UpdateProblem(
                    Kind.FINAL,
                    settings.server() + " does not say what is " + place + " (" + Rcode.string(code)
                            + "): is it the primary server of " + settings.zone() + ", and may " + settings.key()
                            + " ask it (allow-query)?");
        }
        if (!answer.getHeader().getFlag(Flags.AA)) {
            throw new UpdateProblem(
                    Kind.FINAL,
                    settings.server() + " is not authoritative for " + place + ": is it the primary server of "
                            + settings.zone() + "?");
        }
        Name owner = UpdateRecords.name(place.owner());
        Set<Record> records = new LinkedHashSet<>();
        long timeToLive = 0;
        boolean alias = false;
        boolean wildcard = false;
        for (Record record : answer.getSection(Section.ANSWER)) {
            if (!record.getName().equals(owner)) {
                continue; // behind an alias
            }
            if (record.getType() == place.number()) {
                records.add(record);
                timeToLive = record.getTTL();
            } else if (record.getType() == Type.CNAME) {
                alias = true;
            } else if (record instanceof RRSIGRecord signature && signature.getTypeCovered() == place.number()) {
                // RFC 4034 §3.1.3: fewer labels than the name has
                wildcard |= signature.getLabels() < owner.labels() - 1;
            }
        }
        return wildcard ? Held.NOTHING : new Held(records, timeToLive, alias);
    }

    private static Optional<String> delegated(Place place, Message answer, UpdateSettings settings) {
        if (answer.getRcode() == Rcode.NOERROR && !answer.getHeader().getFlag(Flags.AA)) {
            for (Record record : answer.getSection(Section.AUTHORITY)) {
                if (record instanceof NSRecord && !record.getName().equals(UpdateRecords.name(settings.zone()))) {
                    return Optional.of(place + " is in a zone of its own, "
                            + new DomainName(record.getName().toString()) + ", that " + settings.zone()
                            + " delegates: configure that zone, too");
                }
            }
        }
        return Optional.empty();
    }
}
