package org.postern.interchange;

import java.io.IOException;
import java.io.InputStream;
import java.time.DateTimeException;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.postern.store.InternalDate;

/// The Date field of a message, for files that tell no better when it came.
final class DateField {
    private static final int MOST_LINES = 2000;
    private static final int MOST_CHARACTERS = 1000; // of the field
    private static final List<String> MONTHS =
            List.of("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec");
    /// RFC 5322 §3.3, §4.3: date-time, with years of two digits and zones in letters; comments behind it are not read.
    private static final Pattern DATE_TIME = Pattern.compile(
            "\\s*(?:\\p{Alpha}{3,9}\\s*,)?\\s*(\\d{1,2})[\\s-]+(\\p{Alpha}{3})\\p{Alpha}*[\\s-]+(\\d{4}|\\d{2})\\s+(\\d{1,2}):(\\d{2})"
                    + "(?::(\\d{2}))?\\s*([+-]\\d{4}|\\p{Alpha}{1,5})?.*",
            Pattern.DOTALL);

    private DateField() {}

    /// The date in the header of a message; empty where it has none that can be understood.
    static Optional<InternalDate> find(InputStream message) throws IOException {
        var lines = new OctetLines(message);
        StringBuilder field = null;
        for (int number = 0; number < MOST_LINES; number++) {
            String line = next(lines);
            boolean folded = line != null && (line.startsWith(" ") || line.startsWith("\t"));
            if (field != null && !folded) {
                return parse(field.toString());
            }
            if (line == null || line.strip().isEmpty()) {
                return Optional.empty();
            }
            if (field != null && field.length() + line.length() <= MOST_CHARACTERS) {
                field.append(line.strip());
            } else if (field == null && line.regionMatches(true, 0, "Date:", 0, 5)) {
                field = new StringBuilder(line.substring(5, Math.min(line.length(), MOST_CHARACTERS)));
            }
        }
        return Optional.empty();
    }

    private static @Nullable String next(OctetLines lines) throws IOException {
        try {
            return lines.next();
        } catch (IOException tooLong) {
            return null; // no header goes on like that
        }
    }

    static Optional<InternalDate> parse(String text) {
        Matcher date = DATE_TIME.matcher(text);
        if (!date.matches()) {
            return Optional.empty();
        }
        try {
            int year = Integer.parseInt(date.group(3));
            if (date.group(3).length() == 2) { // RFC 5322 §4.3
                year += year < 50 ? 2000 : 1900;
            }
            ZoneOffset zone = zone(date.group(7));
            OffsetDateTime moment = LocalDateTime.of(
                            year,
                            MONTHS.indexOf(date.group(2).toLowerCase(Locale.ROOT)) + 1,
                            Integer.parseInt(date.group(1)),
                            Integer.parseInt(date.group(4)),
                            Integer.parseInt(date.group(5)),
                            date.group(6) == null ? 0 : Math.min(59, Integer.parseInt(date.group(6))))
                    .atOffset(zone);
            return Optional.of(new InternalDate(moment.toInstant().toEpochMilli(), zone.getTotalSeconds() / 60));
        } catch (DateTimeException e) {
            return Optional.empty();
        }
    }

    private static ZoneOffset zone(@Nullable String zone) {
        if (zone == null) {
            return ZoneOffset.UTC;
        }
        return switch (zone.toUpperCase(Locale.ROOT)) {
            case "EDT" -> ZoneOffset.ofHours(-4);
            case "EST", "CDT" -> ZoneOffset.ofHours(-5);
            case "CST", "MDT" -> ZoneOffset.ofHours(-6);
            case "MST", "PDT" -> ZoneOffset.ofHours(-7);
            case "PST" -> ZoneOffset.ofHours(-8);
            // RFC 5322 §4.3: what else is in letters tells nothing
            default -> Character.isLetter(zone.charAt(0)) ? ZoneOffset.UTC : ZoneOffset.of(zone);
        };
    }
}
