package org.postern.imap;

import java.util.Locale;
import org.postern.store.MailboxName;

/// A pattern of LIST and LSUB (RFC 3501 §6.3.8), matched in time proportional to pattern × name whatever
/// the client writes. INBOX matches without regard to case, also as the first level.
final class ListPattern {
    private final String pattern;

    private ListPattern(String pattern) {
        this.pattern = pattern;
    }

    /// @param pattern reference and pattern put together, decoded
    static ListPattern of(String pattern) {
        String inbox = MailboxName.INBOX.value();
        boolean firstLevelIsInbox = pattern.regionMatches(true, 0, inbox, 0, inbox.length())
                && (pattern.length() == inbox.length() || "/%*".indexOf(pattern.charAt(inbox.length())) >= 0);
        return new ListPattern(firstLevelIsInbox ? inbox + pattern.substring(inbox.length()) : pattern);
    }

    boolean matches(MailboxName name) {
        return matches(name.value()) || (name.equals(MailboxName.INBOX) && matchesInboxIgnoringCase());
    }

    /// `inb%` lists INBOX too.
    private boolean matchesInboxIgnoringCase() {
        return new ListPattern(pattern.toUpperCase(Locale.ROOT)).matches(MailboxName.INBOX.value());
    }

    /// Keeps the set of pattern positions that the name read so far may have led to.
    private boolean matches(String name) {
        boolean[] reached = new boolean[pattern.length() + 1];
        reached[0] = true;
        skipWildcards(reached);
        for (int i = 0; i < name.length(); i++) {
            char character = name.charAt(i);
            boolean[] next = new boolean[pattern.length() + 1];
            for (int p = 0; p < pattern.length(); p++) {
                if (reached[p]) {
                    switch (pattern.charAt(p)) {
                        case '*' -> next[p] = true;
                        case '%' -> next[p] |= character != MailboxName.SEPARATOR;
                        default -> next[p + 1] |= pattern.charAt(p) == character;
                    }
                }
            }
            skipWildcards(next);
            reached = next;
        }
        return reached[pattern.length()];
    }

    /// A wildcard may stand for nothing.
    private void skipWildcards(boolean[] reached) {
        for (int p = 0; p < pattern.length(); p++) {
            if (reached[p] && (pattern.charAt(p) == '*' || pattern.charAt(p) == '%')) {
                reached[p + 1] = true;
            }
        }
    }
}
