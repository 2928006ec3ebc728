package org.postern.interchange;

import java.time.DateTimeException;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.postern.store.InternalDate;

/// The line between two messages of an mbox: `From alice@example.org Thu Nov 26 13:00:00 2026` (RFC 4155 appendix A).
final class FromLine {
    static final String BEGINNING = "From ";

    private static final List<String> MONTHS =
            List.of("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec");
    private static final List<String> DAYS = List.of("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun");
    /// Seconds may be missing; a zone may stand before or after the year.
    private static final Pattern DATE = Pattern.compile(
            "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? +(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +(\\d{1,2})"
                    + " +(\\d{1,2}):(\\d\\d)(?::(\\d\\d))?(?: +([+-]\\d{4}|[A-Z]{1,5}))?(?: +[A-Z]{3,5})?"
                    + " +(\\d{4})(?: +([+-]\\d{4}))?");

    private FromLine() {}

    /// The date in a From_ line; UTC where it names no zone in digits.
    static Optional<InternalDate> date(String line) {
        Matcher matcher = DATE.matcher(line);
        if (!line.startsWith(BEGINNING) || !matcher.find()) {
            return Optional.empty();
        }
        try {
            String zone = matcher.group(8) != null ? matcher.group(8) : matcher.group(6);
            ZoneOffset offset =
                    zone == null || Character.isLetter(zone.charAt(0)) ? ZoneOffset.UTC : ZoneOffset.of(zone);
            OffsetDateTime date = LocalDateTime.of(
                            Integer.parseInt(matcher.group(7)),
                            MONTHS.indexOf(matcher.group(1)) + 1,
                            Integer.parseInt(matcher.group(2)),
                            Integer.parseInt(matcher.group(3)),
                            Integer.parseInt(matcher.group(4)),
                            matcher.group(5) == null ? 0 : Math.min(59, Integer.parseInt(matcher.group(5))))
                    .atOffset(offset);
            return Optional.of(new InternalDate(date.toInstant().toEpochMilli(), offset.getTotalSeconds() / 60));
        } catch (DateTimeException e) {
            return Optional.empty();
        }
    }

    /// For a message of that date, without its line end.
    static String of(InternalDate date) {
        OffsetDateTime utc = java.time.Instant.ofEpochMilli(date.epochMillis()).atOffset(ZoneOffset.UTC);
        return "From MAILER-DAEMON %s %s %2d %02d:%02d:%02d %04d"
                .formatted(
                        DAYS.get(utc.getDayOfWeek().getValue() - 1),
                        MONTHS.get(utc.getMonthValue() - 1),
                        utc.getDayOfMonth(),
                        utc.getHour(),
                        utc.getMinute(),
                        utc.getSecond(),
                        utc.getYear());
    }
}
