package org.postern.server;

import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.OptionalLong;

/// Zones of the own name server, for people.
final class ZoneDisplay {
    private ZoneDisplay() {}

    static String text(Answer.Zones answer) {
        StringBuilder text = new StringBuilder();
        for (Answer.Zone zone : answer.zones()) {
            text.append("%s: serial %d, %d records, signatures are good until %s%n"
                    .formatted(zone.zone(), zone.serial(), zone.records(), zone.signaturesEnd()));
            Table keys = new Table("KEY", "ALGORITHM", "TAG", "SINCE", "STATE");
            for (Answer.ZoneKey key : zone.keys()) {
                keys.row(
                        key.role().toLowerCase(Locale.ROOT),
                        key.algorithm().toLowerCase(Locale.ROOT).replace('_', '-'),
                        Integer.toString(key.tag()),
                        key.since().toString(),
                        key.state());
            }
            text.append(keys);
            zone.change().ifPresent(change -> text.append(text(change)));
            if (!zone.delegated()) {
                text.append("the zone above is to have this DS record, and no other:\n");
                zone.delegation()
                        .forEach(record -> text.append("  ").append(record).append('\n'));
            }
            zone.fault()
                    .ifPresent(fault -> text.append("records of others are as they were last: ")
                            .append(fault)
                            .append('\n'));
            for (Answer.Secondary secondary : zone.secondaries()) {
                text.append("secondary %s port %d: %s%n"
                        .formatted(secondary.address(), secondary.port(), told(secondary, zone.serial())));
            }
        }
        return text.toString();
    }

    private static String text(Answer.ZoneChange change) {
        return "from %s to %s, step %d of %d: %s%s%n"
                .formatted(
                        change.from(),
                        change.to(),
                        change.step(),
                        change.steps(),
                        change.state(),
                        change.until()
                                .map(until ->
                                        "; goes on at " + until.truncatedTo(ChronoUnit.SECONDS) + " at the earliest")
                                .orElse(""));
    }

    private static String told(Answer.Secondary secondary, long serial) {
        OptionalLong confirmed = secondary.confirmed();
        if (confirmed.isEmpty()) {
            return "has not answered yet";
        }
        return confirmed.getAsLong() == serial
                ? "knows of this serial"
                : "knows of serial " + confirmed.getAsLong() + ", and has not answered since";
    }

    static String delegation(Answer.Zones answer) {
        StringBuilder text = new StringBuilder();
        answer.zones()
                .forEach(zone ->
                        zone.delegation().forEach(record -> text.append(record).append('\n')));
        return text.toString();
    }
}
