package org.postern.server;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// Amounts as people read and type them.
final class Units {
    private static final String[] BINARY = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    private static final Pattern AMOUNT = Pattern.compile("([0-9]{1,15})\\s*(?:([KMGT])(?:iB)?)?");

    private Units() {}

    /// `1.5 GiB`
    static String octets(long octets) {
        if (octets < 1024) {
            return octets + " B";
        }
        int power = Math.min(BINARY.length - 1, (63 - Long.numberOfLeadingZeros(octets)) / 10);
        return String.format(Locale.ROOT, "%.1f %s", octets / (double) (1L << (10 * power)), BINARY[power]);
    }

    /// To the second.
    static String time(Instant instant) {
        return instant.truncatedTo(ChronoUnit.SECONDS).toString();
    }

    /// `none`, `1000`, `500M`, `5GiB`: multiples of 1024.
    static final class Limit implements ITypeConverter<OptionalLong> {
        @Override
        public OptionalLong convert(String text) {
            if (text.equals("none")) {
                return OptionalLong.empty();
            }
            Matcher amount = AMOUNT.matcher(text);
            if (!amount.matches()) {
                throw new TypeConversionException("'" + text + "' is no limit: none, or a number as 1000, 500M or 5G");
            }
            int power = amount.group(2) == null ? 0 : 1 + "KMGT".indexOf(amount.group(2));
            try {
                return OptionalLong.of(Math.multiplyExact(Long.parseLong(amount.group(1)), 1L << (10 * power)));
            } catch (ArithmeticException e) {
                throw new TypeConversionException("'" + text + "' is too much");
            }
        }
    }
}
