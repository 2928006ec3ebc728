package org.postern.store;

import com.ibm.icu.text.IDNA;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/// A mail address in two parts, checked: the local part as it was typed, the domain as lower-case A-labels.
record Address(String localPart, String domain) {
    private static final IDNA UTS46 = IDNA.getUTS46Instance(
            IDNA.NONTRANSITIONAL_TO_ASCII | IDNA.USE_STD3_RULES | IDNA.CHECK_BIDI | IDNA.CHECK_CONTEXTJ);
    private static final Pattern ASCII_DOMAIN =
            Pattern.compile("(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*");
    /// RFC 5321 §4.1.2 Dot-string, with the non-ASCII characters of RFC 6531 §3.3; no controls (C1), separators or
    /// halves of surrogate pairs among them.
    private static final String ATOM = "[-A-Za-z0-9!#$%&'*+/=?^_`{|}~\\x{80}-\\x{10ffff}&&[^\\p{Cc}\\p{Cs}\\p{Z}]]+";

    private static final Pattern DOT_STRING = Pattern.compile(ATOM + "(\\." + ATOM + ")*");
    private static final int LOCAL_PART_OCTETS = 64; // RFC 5321 §4.5.3.1.1

    /// @throws AccountException saying what is wrong with it
    static Address of(String text) {
        return parse(text)
                .orElseThrow(() -> new AccountException(
                        "not a mail address: \"" + text + "\" (expected local-part@domain, as alice@example.org)"));
    }

    static Optional<Address> parse(String text) {
        int at = text.lastIndexOf('@');
        if (at <= 0) {
            return Optional.empty();
        }
        String local = unquote(text.substring(0, at));
        Optional<String> domain = parseDomain(text.substring(at + 1));
        if (domain.isEmpty()
                || local.getBytes(StandardCharsets.UTF_8).length > LOCAL_PART_OCTETS
                || !DOT_STRING.matcher(local).matches()) {
            return Optional.empty();
        }
        return Optional.of(new Address(local, domain.get()));
    }

    /// RFC 5321 §4.1.2: a quoted local part means the same as the plain one, where there is a plain one.
    private static String unquote(String local) {
        return local.length() > 1 && local.startsWith("\"") && local.endsWith("\"")
                ? local.substring(1, local.length() - 1).replaceAll("\\\\(.)", "$1")
                : local;
    }

    /// The domain as lower-case A-labels (UTS 46); empty if it is none.
    static Optional<String> parseDomain(String text) {
        String domain = text.endsWith(".") ? text.substring(0, text.length() - 1) : text;
        if (!domain.chars().allMatch(character -> character < 0x80)) {
            var information = new IDNA.Info();
            StringBuilder ascii = new StringBuilder();
            UTS46.nameToASCII(domain, ascii, information);
            if (information.hasErrors()) {
                return Optional.empty();
            }
            domain = ascii.toString();
        }
        String lower = domain.toLowerCase(Locale.ROOT);
        return ASCII_DOMAIN.matcher(lower).matches() ? Optional.of(lower) : Optional.empty();
    }

    /// A domain in A-labels as people read it; as it is where it is no such name.
    static String unicodeDomain(String domain) {
        var information = new IDNA.Info();
        StringBuilder unicode = new StringBuilder();
        UTS46.nameToUnicode(domain, unicode, information);
        return information.hasErrors() ? domain : unicode.toString();
    }

    /// The form in which local parts compare: without case, after NFC.
    String localKey() {
        return localKey(localPart);
    }

    static String localKey(String localPart) {
        return Normalizer.normalize(localPart, Normalizer.Form.NFC).toLowerCase(Locale.ROOT);
    }

    /// This address without its detail (RFC 5233); itself if it has none.
    Address withoutDetail(char separator) {
        int at = localPart.indexOf(separator);
        return at <= 0 ? this : new Address(localPart.substring(0, at), domain);
    }

    @Override
    public String toString() {
        return localPart + "@" + domain;
    }
}
