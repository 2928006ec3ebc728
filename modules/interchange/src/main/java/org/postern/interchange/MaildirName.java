package org.postern.interchange;

import java.util.OptionalLong;
import org.postern.store.Flags;

/// The name of a message's file in a Maildir: `unique,S=octets,W=octets:2,flags`. Any text is one.
///
/// @param unique all before the colon: it stays when flags change
/// @param letters keywords, as letters a to z in Dovecot's way
/// @param forwarded the flag P (passed)
/// @param virtualSize the size with CRLF line ends, as Dovecot has served it
record MaildirName(String unique, long systemFlags, String letters, boolean forwarded, OptionalLong virtualSize) {
    static MaildirName parse(String name) {
        int colon = name.indexOf(':');
        String unique = colon < 0 ? name : name.substring(0, colon);
        String information = colon < 0 ? "" : name.substring(colon + 1);
        long flags = 0;
        boolean forwarded = false;
        var letters = new StringBuilder();
        if (information.startsWith("2,")) { // "1," is an experiment of long ago
            for (char letter : information.substring(2).toCharArray()) {
                if (letter == ',') {
                    break; // what follows is not of flags
                }
                flags |= flag(letter);
                forwarded |= letter == 'P';
                if (letter >= 'a' && letter <= 'z' && letters.indexOf(String.valueOf(letter)) < 0) {
                    letters.append(letter);
                }
            }
        }
        return new MaildirName(unique, flags, letters.toString(), forwarded, hint(unique, ",W="));
    }

    private static long flag(char letter) {
        return switch (letter) {
            case 'S' -> Flags.SEEN;
            case 'R' -> Flags.ANSWERED;
            case 'F' -> Flags.FLAGGED;
            case 'T' -> Flags.DELETED;
            case 'D' -> Flags.DRAFT;
            default -> 0;
        };
    }

    private static OptionalLong hint(String unique, String key) {
        int at = unique.indexOf(key);
        if (at < 0) {
            return OptionalLong.empty();
        }
        int from = at + key.length();
        int to = from;
        long value = 0;
        while (to < unique.length() && to - from < 12 && unique.charAt(to) >= '0' && unique.charAt(to) <= '9') {
            value = value * 10 + (unique.charAt(to++) - '0');
        }
        boolean whole = to > from && (to == unique.length() || unique.charAt(to) == ',');
        return whole ? OptionalLong.of(value) : OptionalLong.empty();
    }

    /// The seconds that most names begin with: when the message came. 0 where there are none.
    long seconds() {
        long value = 0;
        for (int at = 0; at < unique.length() && at < 12; at++) {
            char digit = unique.charAt(at);
            if (digit < '0' || digit > '9') {
                break;
            }
            value = value * 10 + (digit - '0');
        }
        return value;
    }
}
