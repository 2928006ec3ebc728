package org.postern.message;

import java.io.IOException;
import java.io.Reader;

/// Looks for one string in text that passes by, without regard to case (Knuth, Morris and Pratt: what has been read is
/// never looked at again). For one thread.
final class TextMatcher {
    /// Folded forms of characters met, by their low bits: mail in one script uses few of them.
    private static final int CACHE_SIZE = 1024;

    private final String needle;
    private final int[] fallback;
    private final int[] cachedCodePoints = new int[CACHE_SIZE];
    private final String[] cachedFolds = new String[CACHE_SIZE];
    private final StringBuilder scratch = new StringBuilder();
    private int matched;
    private char highSurrogate;

    TextMatcher(String text) {
        needle = CaseFolding.fold(text);
        fallback = fallback(needle);
    }

    /// Whether the needle occurs in `text`.
    boolean isIn(String text) {
        begin();
        for (int i = 0; i < text.length() && !found(); i++) {
            take(text.charAt(i));
        }
        return found();
    }

    /// Whether the needle occurs in what the reader yields; reads no further than needed.
    boolean isIn(Reader reader) throws IOException {
        begin();
        char[] buffer = new char[8 * 1024];
        int count = 0;
        while (!found() && (count = reader.read(buffer, 0, buffer.length)) >= 0) {
            for (int i = 0; i < count && !found(); i++) {
                take(buffer[i]);
            }
        }
        return found();
    }

    private void begin() {
        matched = 0;
        highSurrogate = 0;
    }

    private boolean found() {
        return matched == needle.length();
    }

    private void take(char c) {
        if (c < 0x80) {
            step(CaseFolding.foldAscii(c));
        } else if (Character.isHighSurrogate(c)) {
            highSurrogate = c;
        } else if (Character.isLowSurrogate(c) && highSurrogate != 0) {
            takeFolded(Character.toCodePoint(highSurrogate, c));
            highSurrogate = 0;
        } else {
            takeFolded(c);
        }
    }

    private void takeFolded(int codePoint) {
        int slot = codePoint % CACHE_SIZE;
        if (cachedCodePoints[slot] != codePoint) {
            scratch.setLength(0);
            CaseFolding.append(scratch, codePoint);
            cachedCodePoints[slot] = codePoint;
            cachedFolds[slot] = scratch.toString();
        }
        String folded = cachedFolds[slot];
        for (int i = 0; i < folded.length() && !found(); i++) {
            step(folded.charAt(i));
        }
    }

    private void step(char c) {
        while (matched > 0 && needle.charAt(matched) != c) {
            matched = fallback[matched - 1];
        }
        if (needle.charAt(matched) == c) {
            matched++;
        }
    }

    /// For each prefix of the needle, the length of its longest proper prefix that is also its suffix.
    private static int[] fallback(String needle) {
        int[] fallback = new int[needle.length()];
        int length = 0;
        for (int i = 1; i < needle.length(); i++) {
            while (length > 0 && needle.charAt(i) != needle.charAt(length)) {
                length = fallback[length - 1];
            }
            if (needle.charAt(i) == needle.charAt(length)) {
                length++;
            }
            fallback[i] = length;
        }
        return fallback;
    }
}
