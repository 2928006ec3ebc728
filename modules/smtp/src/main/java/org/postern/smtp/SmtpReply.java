package org.postern.smtp;

import java.util.regex.Pattern;

/// One reply with its enhanced status code (RFC 2034).
///
/// @param code three digits (RFC 5321 §4.2)
/// @param status the enhanced code (RFC 3463), of the same class
public record SmtpReply(int code, String status, String text) {
    private static final Pattern STATUS = Pattern.compile("[245]\\.\\d{1,3}\\.\\d{1,3}");
    private static final Pattern TEXT = Pattern.compile("[\\t\\x20-\\x7e]{1,400}"); // RFC 5321 §4.2: textstring

    public SmtpReply {
        if (!STATUS.matcher(status).matches() || status.charAt(0) - '0' != code / 100) {
            throw new IllegalArgumentException("status " + status + " does not belong to reply " + code);
        }
        if (!TEXT.matcher(text).matches()) {
            throw new IllegalArgumentException("not the text of a reply");
        }
    }

    @Override
    public String toString() {
        return code + " " + status + " " + text;
    }
}
