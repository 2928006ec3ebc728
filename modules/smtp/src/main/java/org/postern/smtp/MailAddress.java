package org.postern.smtp;

import java.util.regex.Pattern;

/// A mailbox of the envelope (RFC 5321 §4.1.2, RFC 6531 §3.3), syntax checked by whoever makes it.
///
/// @param localPart what is meant, without quotes
/// @param domain in lower case, of A-labels or U-labels, or an address literal in brackets
public record MailAddress(String localPart, String domain) {
    private static final String ATEXT = "[-A-Za-z0-9!#$%&'*+/=?^_`{|}~\\x{80}-\\x{10ffff}]+";
    private static final Pattern DOT_STRING = Pattern.compile(ATEXT + "(\\." + ATEXT + ")*");

    static boolean isAscii(String text) {
        return text.chars().allMatch(character -> character < 0x80);
    }

    /// True if it can only be said with SMTPUTF8.
    boolean isInternational() {
        return !isAscii(localPart) || !isAscii(domain);
    }

    /// As it stands on the wire; the local part is quoted only where it has to be.
    @Override
    public String toString() {
        String local = DOT_STRING.matcher(localPart).matches()
                ? localPart
                : "\"" + localPart.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
        return local + "@" + domain;
    }
}
