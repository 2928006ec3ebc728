package org.postern.message;

import java.time.DateTimeException;
import java.time.LocalDate;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// The day that a Date field names, in the zone of its author: SENTBEFORE, SENTON and SENTSINCE disregard time and
/// zone (RFC 3501 §6.4.4).
final class SentDate {
    static final int UNKNOWN = Integer.MIN_VALUE;

    private static final String MONTHS = "janfebmaraprmayjunjulaugsepoctnovdec";

    private SentDate() {}

    /// Days since 1970-01-01, or UNKNOWN. Looks for `day month year` and leaves the rest of the field alone.
    static int days(@Nullable String date) {
        if (date == null) {
            return UNKNOWN;
        }
        String[] words = date.substring(0, Math.min(date.length(), 200)).split("[\\s,()-]+", 12);
        for (int i = 1; i + 1 < words.length; i++) {
            int month = month(words[i]);
            int day = number(words[i - 1], 2);
            int year = number(words[i + 1], 4);
            if (month > 0 && day > 0 && year >= 0) {
                return days(fullYear(year, words[i + 1].length()), month, day);
            }
        }
        return UNKNOWN;
    }

    private static int days(int year, int month, int day) {
        try {
            return (int) LocalDate.of(year, month, day).toEpochDay();
        } catch (DateTimeException e) {
            return UNKNOWN;
        }
    }

    /// RFC 5322 §4.3: two digits up to 49 are of this century, three count from 1900.
    private static int fullYear(int year, int digits) {
        if (digits == 2) {
            return year < 50 ? 2000 + year : 1900 + year;
        }
        return digits == 3 ? 1900 + year : year;
    }

    private static int month(String word) {
        int index = word.length() == 3 ? MONTHS.indexOf(word.toLowerCase(Locale.ROOT)) : -1;
        return index >= 0 && index % 3 == 0 ? index / 3 + 1 : 0;
    }

    private static int number(String word, int digits) {
        if (word.isEmpty() || word.length() > digits) {
            return -1;
        }
        int number = 0;
        for (int i = 0; i < word.length(); i++) {
            char c = word.charAt(i);
            if (c < '0' || c > '9') {
                return -1;
            }
            number = number * 10 + c - '0';
        }
        return number;
    }
}
