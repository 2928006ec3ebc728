package org.postern.imap;

import java.io.IOException;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.postern.store.InternalDate;

/// Reads the two date forms of RFC 3501 §9.
final class DateReader {
    static final List<String> MONTHS =
            List.of("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec");

    private static final String DAY = "( \\d|\\d{1,2})-([A-Za-z]{3})-(\\d{4})";
    private static final Pattern DATE = Pattern.compile(DAY);
    private static final Pattern DATE_TIME =
            Pattern.compile(DAY + " (\\d{2}):(\\d{2}):(\\d{2}) ([+-])(\\d{2})(\\d{2})");

    private DateReader() {}

    /// date      = date-text / DQUOTE date-text DQUOTE date-text = date-day "-" date-month "-" date-year
    ///
    /// @return days since 1970-01-01
    static int expectDate(WireReader wire) throws IOException {
        String text = WireReader.latin(wire.expectAstring());
        Matcher matcher = DATE.matcher(text);
        if (!matcher.matches()) {
            throw BadCommand.syntax("Date expected");
        }
        return Math.toIntExact(day(matcher).toEpochDay());
    }

    /// date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE
    ///
    /// Leniency `one-digit-day`: a day below 10 may come without its leading space or zero.
    static InternalDate expectDateTime(WireReader wire) throws IOException {
        Matcher matcher = DATE_TIME.matcher(WireReader.latin(wire.expectQuoted()));
        if (!matcher.matches()) {
            throw BadCommand.syntax("Date and time expected");
        }
        int offset = number(matcher, 8) * 60 + number(matcher, 9);
        if (number(matcher, 9) > 59 || offset > 18 * 60) {
            throw BadCommand.syntax("No such time zone");
        }
        int offsetMinutes = matcher.group(7).equals("-") ? -offset : offset;
        try {
            LocalDateTime local = day(matcher)
                    .atTime(number(matcher, 4), number(matcher, 5), Math.min(number(matcher, 6), 59)); // leap second
            long epochMillis = local.toInstant(ZoneOffset.ofTotalSeconds(offsetMinutes * 60))
                    .toEpochMilli();
            return new InternalDate(epochMillis, offsetMinutes);
        } catch (DateTimeException noSuchTime) {
            throw BadCommand.syntax("No such time");
        }
    }

    private static LocalDate day(Matcher matcher) {
        String month = matcher.group(2).toLowerCase(Locale.ROOT);
        for (int i = 0; i < MONTHS.size(); i++) {
            if (MONTHS.get(i).toLowerCase(Locale.ROOT).equals(month)) {
                try {
                    return LocalDate.of(
                            number(matcher, 3),
                            i + 1,
                            Integer.parseInt(matcher.group(1).strip()));
                } catch (DateTimeException noSuchDay) {
                    throw BadCommand.syntax("No such day");
                }
            }
        }
        throw BadCommand.syntax("No such month");
    }

    private static int number(Matcher matcher, int group) {
        return Integer.parseInt(matcher.group(group));
    }
}
