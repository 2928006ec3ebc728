package org.postern.interchange;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Set;

/// The small files that Dovecot keeps beside the messages of a Maildir.
final class DovecotFiles {
    private static final int LETTERS = 26;

    private DovecotFiles() {}

    /// `dovecot-keywords`: lines of a number and a keyword; letter a is number 0. Gaps are empty.
    static String[] keywords(InputStream in) throws IOException {
        String[] keywords = new String[LETTERS];
        Arrays.fill(keywords, "");
        var lines = new OctetLines(in);
        for (String line = lines.next(); line != null; line = lines.next()) {
            int space = line.indexOf(' ');
            if (space > 0 && space <= 2 && line.substring(0, space).chars().allMatch(Character::isDigit)) {
                int number = Integer.parseInt(line.substring(0, space));
                if (number < LETTERS) { // further ones are in Dovecot's index alone
                    keywords[number] = line.substring(space + 1);
                }
            }
        }
        return keywords;
    }

    /// `subscriptions`: one name a line, levels divided by the layout's separator, or (version 2) by tabs.
    /// @return names with `/` between levels, still encoded
    static Set<String> subscriptions(InputStream in, char separator) throws IOException {
        Set<String> names = new LinkedHashSet<>();
        var lines = new OctetLines(in);
        boolean tabs = false;
        for (String line = lines.next(); line != null; line = lines.next()) {
            if (lines.number() == 1 && line.equals("V\t2")) {
                tabs = true;
            } else if (!line.isEmpty()) {
                names.add(tabs ? unescaped(line.replace('\t', '/')) : line.replace(separator, '/'));
            }
        }
        return names;
    }

    /// Dovecot writes the octets that would end a line or a field as 0x01 and a letter.
    private static String unescaped(String text) {
        return text.replace("\u0001n", "\n")
                .replace("\u0001r", "\r")
                .replace("\u0001t", "\t")
                .replace("\u00010", "\0")
                .replace("\u00011", "\u0001");
    }

    /// `dovecot-uidvalidity`: the last UIDVALIDITY that was given to a mailbox of this tree, hexadecimal. 0 where it
    /// is none.
    static long uidValidity(InputStream in) throws IOException {
        String line = new OctetLines(in).next();
        try {
            return line == null ? 0 : Long.parseLong(line.strip(), 16) & 0xffff_ffffL;
        } catch (NumberFormatException e) {
            return 0;
        }
    }
}
