package org.postern.interchange;

import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// Which UIDs Dovecot has given to the files of a Maildir: its `dovecot-uidlist`.
///
/// ```
/// 3 V1700000000 N14 G0a1b…          version, UIDVALIDITY, UIDNEXT, the mailbox's own id
/// 12 W2345 :1700000000.M1P2.host    UID, fields of a letter each, the file's name with or without flags
/// ```
///
/// In version 1 (Dovecot 1, Courier) the header is `1 UIDVALIDITY UIDNEXT` and a line `UID name`.
final class UidList {
    private static final long MOST = 0xffff_ffffL;

    private final long uidValidity;
    private final long uidNext;
    private final Map<String, Integer> uids;

    private UidList(long uidValidity, long uidNext, Map<String, Integer> uids) {
        this.uidValidity = uidValidity;
        this.uidNext = uidNext;
        this.uids = uids;
    }

    /// Its first line.
    record Header(boolean old, long uidValidity, long uidNext) {}

    static Header header(InputStream in) throws IOException {
        return header(new OctetLines(in));
    }

    private static Header header(OctetLines lines) throws IOException {
        String header = lines.next();
        if (header == null) {
            throw new IOException("it is empty");
        }
        String[] words = header.split(" ", -1);
        boolean old = words[0].equals("1");
        if (!old && !words[0].equals("3")) {
            throw new IOException("it is of version " + words[0] + "; versions 1 and 3 are known");
        }
        long uidValidity = old ? word(words, 1) : field(words, 'V');
        long uidNext = old ? word(words, 2) : field(words, 'N');
        if (uidValidity == 0 || uidNext == 0) {
            throw new IOException("its first line names no UIDVALIDITY or no next UID: " + header);
        }
        return new Header(old, uidValidity, uidNext);
    }

    /// @throws IOException naming the line that it does not understand
    static UidList read(InputStream in) throws IOException {
        var lines = new OctetLines(in);
        Header header = header(lines);
        Map<String, Integer> uids = new HashMap<>();
        long last = 0;
        for (String line = lines.next(); line != null; line = lines.next()) {
            int space = line.indexOf(' ');
            long uid = space < 0 ? 0 : number(line.substring(0, space));
            String name = uid == 0 ? null : name(line, space + 1, header.old());
            if (name == null || uid <= last) {
                throw new IOException("line " + lines.number() + " is not a UID above " + last + " and a file's name");
            }
            last = uid;
            uids.put(MaildirName.parse(name).unique(), (int) uid);
        }
        if (last == MOST) {
            throw new IOException("its UIDs are used up");
        }
        // lines are added without a new header
        return new UidList(header.uidValidity(), Math.max(header.uidNext(), last + 1), uids);
    }

    private static @Nullable String name(String line, int from, boolean old) {
        int at = from;
        while (!old && at < line.length() && line.charAt(at) != ':') {
            int space = line.indexOf(' ', at);
            if (space < 0) {
                return null;
            }
            at = space + 1;
        }
        int start = old ? at : at + 1;
        return start < line.length() ? line.substring(start) : null;
    }

    private static long word(String[] words, int index) {
        return index < words.length ? number(words[index]) : 0;
    }

    private static long field(String[] words, char letter) {
        for (int index = 1; index < words.length; index++) {
            if (!words[index].isEmpty() && words[index].charAt(0) == letter) {
                return number(words[index].substring(1));
            }
        }
        return 0;
    }

    /// 0 where it is none of 1 to 2³²-1.
    private static long number(String digits) {
        if (digits.isEmpty() || digits.length() > 10 || !digits.chars().allMatch(each -> each >= '0' && each <= '9')) {
            return 0;
        }
        long value = Long.parseLong(digits);
        return value > MOST ? 0 : value;
    }

    long uidValidity() {
        return uidValidity;
    }

    long uidNext() {
        return uidNext;
    }

    int size() {
        return uids.size();
    }

    OptionalLong uid(String unique) {
        Integer uid = uids.get(unique);
        return uid == null ? OptionalLong.empty() : OptionalLong.of(Integer.toUnsignedLong(uid));
    }
}
