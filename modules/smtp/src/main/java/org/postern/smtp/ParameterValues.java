package org.postern.smtp;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.postern.smtp.MailParameters.Returned;
import org.postern.smtp.RecipientParameters.Condition;
import org.postern.smtp.RecipientParameters.OriginalRecipient;

/// The values of the parameters of MAIL and RCPT: one method each. What cannot be read is thrown as [SmtpRefusal].
final class ParameterValues {
    private static final int SIZE_DIGITS = 20; // RFC 1870 §4
    private static final int ENVELOPE_ID = 100; // RFC 3461 §4.4
    private static final int ORIGINAL_RECIPIENT = 500; // RFC 3461 §4.2

    /// RFC 3461 §4
    private static final Pattern XTEXT = Pattern.compile("([\\x21-\\x2a\\x2c-\\x3c\\x3e-\\x7e]|\\+[0-9A-F]{2})*");
    /// RFC 6533 §3, utf-8-addr-unitext: the same, with UTF-8 as it is.
    private static final Pattern UNITEXT =
            Pattern.compile("([\\x21-\\x2a\\x2c-\\x3c\\x3e-\\x7e\\x{80}-\\x{10ffff}]|\\+[0-9A-F]{2})*");

    private static final Pattern PRINTABLE = Pattern.compile("[\\x20-\\x7e]+");
    private static final Pattern ORIGINAL = Pattern.compile("([A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,40});(.+)");

    private ParameterValues() {}

    /// size-value = 1*20DIGIT ; RFC 1870 §4
    static long size(String digits) {
        if (digits.isEmpty()
                || digits.length() > SIZE_DIGITS
                || !digits.chars().allMatch(digit -> digit >= '0' && digit <= '9')) {
            throw SmtpRefusal.malformed("SIZE takes a number");
        }
        return digits.length() > 18 ? Long.MAX_VALUE : Long.parseLong(digits);
    }

    /// body-value = "7BIT" / "8BITMIME" / "BINARYMIME" ; RFC 6152 §3, RFC 3030 §3
    ///
    /// True for the last one. Which of the others makes no difference: octets are stored as they come.
    static boolean isBinary(String value) {
        return switch (value.toUpperCase(Locale.ROOT)) {
            case "7BIT", "8BITMIME" -> false;
            case "BINARYMIME" -> true;
            default -> throw SmtpRefusal.malformed("BODY takes 7BIT, 8BITMIME or BINARYMIME");
        };
    }

    /// RFC 4954 §5: who submitted the message first. Nobody is trusted to say that, so it counts as AUTH=<>.
    static void requireIdentity(String value) {
        if (value.isEmpty() || !XTEXT.matcher(value).matches()) {
            throw SmtpRefusal.malformed("AUTH takes an address as xtext, or <>");
        }
    }

    /// ret-value = "FULL" / "HDRS" ; RFC 3461 §4.3
    static Returned returned(String value) {
        return switch (value.toUpperCase(Locale.ROOT)) {
            case "FULL" -> Returned.FULL;
            case "HDRS" -> Returned.HDRS;
            default -> throw SmtpRefusal.malformed("RET takes FULL or HDRS");
        };
    }

    /// envid-parameter = "ENVID=" xtext ; RFC 3461 §4.4: of printable ASCII
    static String envelopeId(String value) {
        Optional<String> text = value.length() > ENVELOPE_ID ? Optional.empty() : decoded(value, XTEXT);
        return text.filter(decoded -> PRINTABLE.matcher(decoded).matches())
                .orElseThrow(() ->
                        SmtpRefusal.malformed("ENVID takes printable characters as xtext, at most " + ENVELOPE_ID));
    }

    /// notify-esmtp-value = "NEVER" / 1#notify-list-element ; RFC 3461 §4.1
    static Set<Condition> notify(String value) {
        String conditions = value.toUpperCase(Locale.ROOT);
        EnumSet<Condition> wanted = EnumSet.noneOf(Condition.class);
        if (conditions.equals("NEVER")) {
            return wanted;
        }
        for (String condition : conditions.split(",", -1)) {
            wanted.add(
                    switch (condition) {
                        case "SUCCESS" -> Condition.SUCCESS;
                        case "FAILURE" -> Condition.FAILURE;
                        case "DELAY" -> Condition.DELAY;
                        default ->
                            throw SmtpRefusal.malformed(
                                    "NOTIFY takes NEVER, or SUCCESS, FAILURE and DELAY with commas");
                    });
        }
        return wanted;
    }

    /// original-recipient-address = addr-type ";" xtext ; RFC 3461 §4.2, and for type utf-8 RFC 6533 §3
    static OriginalRecipient originalRecipient(String value) {
        Matcher parts = ORIGINAL.matcher(value);
        if (value.length() <= ORIGINAL_RECIPIENT && parts.matches()) {
            String type = parts.group(1).toLowerCase(Locale.ROOT);
            boolean global = type.equals("utf-8");
            Optional<String> address = decoded(parts.group(2), global ? UNITEXT : XTEXT);
            if (address.isPresent() && isPrintable(address.get(), global)) {
                return new OriginalRecipient(type, address.get());
            }
        }
        throw SmtpRefusal.malformed(
                "ORCPT takes a type, a semicolon and an address as xtext, as rfc822;user@example.org");
    }

    /// What goes into a header later must not end a line of it.
    private static boolean isPrintable(String text, boolean global) {
        return global
                ? text.codePoints()
                        .noneMatch(point -> Character.isISOControl(point)
                                || point == SmtpCommandReader.REPLACEMENT
                                || point == 0x2028
                                || point == 0x2029)
                : PRINTABLE.matcher(text).matches();
    }

    /// xtext = *( xchar / hexchar ) ; hexchars stand for octets, of UTF-8 where they are beyond ASCII
    private static Optional<String> decoded(String xtext, Pattern grammar) {
        if (!grammar.matcher(xtext).matches()) {
            return Optional.empty();
        }
        var octets = new ByteArrayOutputStream();
        for (int at = 0; at < xtext.length(); at++) {
            if (xtext.charAt(at) == '+') {
                octets.write(Integer.parseInt(xtext, at + 1, at + 3, 16));
                at += 2;
            } else {
                int point = xtext.codePointAt(at);
                octets.writeBytes(Character.toString(point).getBytes(UTF_8));
                at += Character.charCount(point) - 1;
            }
        }
        return Optional.of(octets.toString(grammar == XTEXT ? ISO_8859_1 : UTF_8));
    }
}
