package org.postern.interchange;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.Set;
import org.postern.store.InvalidMailboxName;
import org.postern.store.MailboxName;
import org.postern.store.ModifiedUtf7;

/// Words of other programs in Postern's own form.
final class Names {
    private static final String FORWARDED = "$Forwarded";

    private Names() {}

    /// A mailbox name as it stands on the disk, one character for each octet: modified UTF-7, or UTF-8.
    /// @throws InvalidMailboxName telling why no mailbox can have it
    static MailboxName mailbox(String octets) {
        return MailboxName.of(level(octets));
    }

    private static String level(String octets) {
        if (octets.chars().anyMatch(octet -> octet >= 0x80)) {
            try {
                return UTF_8.newDecoder()
                        .decode(ByteBuffer.wrap(octets.getBytes(ISO_8859_1)))
                        .toString();
            } catch (CharacterCodingException e) {
                throw new InvalidMailboxName("its name is neither modified UTF-7 nor UTF-8");
            }
        }
        try {
            return ModifiedUtf7.decode(octets);
        } catch (InvalidMailboxName plain) {
            return octets; // a name in UTF-8 that happens to hold an ampersand
        }
    }

    /// Adds a keyword, if it can be one (RFC 3501 §9: flag-keyword is an atom).
    static void addKeyword(Set<String> keywords, String keyword) {
        boolean atom = !keyword.isEmpty()
                && keyword.length() <= 255
                && keyword.chars().allMatch(each -> each > 0x20 && each < 0x7f && "(){%*\"\\]".indexOf(each) < 0);
        if (atom) {
            keywords.add(keyword);
        }
    }

    /// The flag P of a Maildir has a keyword's name in IMAP.
    static String forwarded() {
        return FORWARDED;
    }
}
