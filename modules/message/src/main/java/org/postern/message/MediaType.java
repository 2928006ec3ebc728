package org.postern.message;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// What a part says it is (RFC 2045 §5), type and subtype in lower case.
record MediaType(String type, String subtype, Parameters parameters) {
    /// RFC 2045 §5.2: what a part is that does not say, or says it unreadably.
    static final MediaType TEXT = new MediaType(
            "text", "plain", new Parameters("", List.of(new Parameters.Parameter("CHARSET", "US-ASCII"))));
    /// What is too deep, too much or too broken to be read as structure: text of unknown charset.
    static final MediaType OPAQUE = new MediaType("text", "plain", new Parameters("", List.of()));
    /// RFC 2046 §5.1.5: the default inside multipart/digest.
    static final MediaType MESSAGE = new MediaType("message", "rfc822", new Parameters("", List.of()));

    /// RFC 6838 §4.2: neither name is longer.
    private static final int NAME_LIMIT = 127;

    /// A boundary has at most 70 characters (RFC 2046 §5.1.1); longer ones occur.
    private static final int BOUNDARY_LIMIT = LineScanner.DELIMITER_OCTETS - 64;

    static MediaType of(@Nullable String contentType, MediaType byDefault) {
        if (contentType == null) {
            return byDefault;
        }
        Parameters parameters = Parameters.parse(contentType);
        String value = parameters.value();
        int slash = value.indexOf('/');
        if (slash < 1) {
            return TEXT;
        }
        String type = value.substring(0, slash).strip().toLowerCase(Locale.ROOT);
        String subtype = firstWord(value.substring(slash + 1)).toLowerCase(Locale.ROOT);
        return isToken(type) && isToken(subtype) ? new MediaType(type, subtype, parameters) : TEXT;
    }

    /// A message as a part (RFC 2046 §5.2.1), or one with UTF-8 in its header (RFC 6532 §3.7).
    boolean isMessage() {
        return type.equals("message") && (subtype.equals("rfc822") || isGlobal());
    }

    boolean isGlobal() {
        return type.equals("message") && subtype.equals("global");
    }

    /// The charset's name, or the empty string.
    String charset() {
        String charset = parameters.get("charset");
        return charset == null || charset.length() > NAME_LIMIT ? "" : charset.strip();
    }

    /// The octets that end this multipart's parts, or null where they are missing or unusable.
    byte @Nullable [] boundary() {
        String boundary = parameters.get("boundary");
        String usable = boundary == null ? "" : boundary.stripTrailing();
        return usable.isEmpty() || usable.length() > BOUNDARY_LIMIT ? null : usable.getBytes(ISO_8859_1);
    }

    /// Lenient: some mailers leave the semicolon out, `text/html charset=utf-8`.
    private static String firstWord(String text) {
        String stripped = text.strip();
        for (int i = 0; i < stripped.length(); i++) {
            if (stripped.charAt(i) == ' ' || stripped.charAt(i) == '\t') {
                return stripped.substring(0, i);
            }
        }
        return stripped;
    }

    /// token of RFC 2045 §5.1
    private static boolean isToken(String name) {
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (c <= ' ' || c >= 0x7f || "()<>@,;:\\\"/[]?=".indexOf(c) >= 0) {
                return false;
            }
        }
        return !name.isEmpty() && name.length() <= NAME_LIMIT;
    }
}
