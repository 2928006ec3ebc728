package org.postern.identity;

import com.ibm.icu.text.IDNA;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/// Host names as lower-case A-labels.
final class DomainNames {
    /// Non-transitional: sharp s is a letter of its own (UTS 46 §4).
    private static final IDNA UTS46 = IDNA.getUTS46Instance(
            IDNA.NONTRANSITIONAL_TO_ASCII | IDNA.USE_STD3_RULES | IDNA.CHECK_BIDI | IDNA.CHECK_CONTEXTJ);

    private static final int MAXIMUM_INPUT = 1_000; // characters; a name in A-labels has at most 253

    /// Letters, digits, hyphens; an underscore too, since hosts have it in spite of RFC 1123 §2.1. The last label
    /// is not all digits: `1.2.3.4` is no name (RFC 3696 §2).
    private static final Pattern NAME = Pattern.compile(
            "(?=.{1,253}$)(?!(.*\\.)?[0-9]+$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*");

    private DomainNames() {}

    /// RFC 9525 §6.3: U-labels become A-labels first. One dot at the end, as a user may type it, is dropped.
    static Optional<String> toALabels(String text) {
        if (text.length() > MAXIMUM_INPUT) {
            return Optional.empty();
        }
        String name = text.endsWith(".") ? text.substring(0, text.length() - 1) : text;
        // A-labels too: one that no U-label stands behind is none (RFC 5890 §2.3.2.1)
        if (!name.chars().allMatch(character -> character < 0x80) || lower(name).contains("xn--")) {
            var information = new IDNA.Info();
            StringBuilder ascii = new StringBuilder();
            UTS46.nameToASCII(name, ascii, information);
            if (information.hasErrors()) {
                return Optional.empty();
            }
            name = ascii.toString();
        }
        String lower = lower(name);
        return isName(lower) ? Optional.of(lower) : Optional.empty();
    }

    /// Whether it is one already: lower case, A-labels, no dot at the end.
    static boolean isName(String name) {
        return NAME.matcher(name).matches();
    }

    static String lower(String name) {
        return name.toLowerCase(Locale.ROOT);
    }
}
