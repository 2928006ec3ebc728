package org.postern.interchange;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The name of an EML file as an export gives it, with when the message came and its UID: `20260131T120000Z-42.eml`.
record EmlName(Instant date, long uid) {
    private static final Pattern NAME = Pattern.compile("(\\d{8}T\\d{6})Z-(\\d{1,10})\\.eml");
    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss", Locale.ROOT).withZone(ZoneOffset.UTC);
    private static final long LAST = 253_402_300_799L; // the end of the year 9999, in seconds

    static EmlName of(long epochMillis, long uid) {
        long seconds = Math.clamp(Math.floorDiv(epochMillis, 1000), 0, LAST);
        return new EmlName(Instant.ofEpochSecond(seconds), uid);
    }

    /// Empty for every other name.
    static Optional<EmlName> parse(String name) {
        Matcher matcher = NAME.matcher(name);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        try {
            Instant date = LocalDateTime.parse(matcher.group(1), DATE).toInstant(ZoneOffset.UTC);
            EmlName parsed = new EmlName(date, Long.parseLong(matcher.group(2)));
            return parsed.text().equals(name) ? Optional.of(parsed) : Optional.empty();
        } catch (DateTimeException e) {
            return Optional.empty();
        }
    }

    String text() {
        return DATE.format(date) + "Z-" + uid + ".eml";
    }
}
