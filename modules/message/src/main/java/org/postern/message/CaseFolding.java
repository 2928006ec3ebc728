package org.postern.message;

import java.text.Normalizer;

/// Folds text so that equal folds mean "the same but for case and composition", in the way of i;unicode-casemap
/// (RFC 5051): compatibility decomposition, then one case.
final class CaseFolding {
    private CaseFolding() {}

    static String fold(String text) {
        StringBuilder folded = new StringBuilder(text.length());
        text.codePoints().forEach(codePoint -> append(folded, codePoint));
        return folded.toString();
    }

    /// Code points fold one by one: no context, so that a stream folds as its pieces do.
    static void append(StringBuilder folded, int codePoint) {
        if (codePoint < 0x80) {
            folded.append(foldAscii((char) codePoint));
            return;
        }
        Normalizer.normalize(Character.toString(codePoint), Normalizer.Form.NFKD)
                .codePoints()
                // By way of the upper case, which final sigma and long s share with their plain forms.
                .map(part -> Character.toLowerCase(Character.toUpperCase(part)))
                .forEach(folded::appendCodePoint);
    }

    static char foldAscii(char c) {
        return c >= 'A' && c <= 'Z' ? (char) (c + 'a' - 'A') : c;
    }
}
