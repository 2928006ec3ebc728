package org.postern.message;

import java.util.ArrayList;
import java.util.List;

/// The boundaries of the multiparts that are open at one place of a message, outermost first.
final class OpenBoundaries {
    static final int NONE = -1;

    private final List<byte[]> boundaries = new ArrayList<>();
    private boolean closing;

    int size() {
        return boundaries.size();
    }

    void push(byte[] boundary) {
        boundaries.add(boundary);
    }

    void pop() {
        boundaries.removeLast();
    }

    /// Whether the last match was a close-delimiter.
    boolean closing() {
        return closing;
    }

    /// Which multipart the line is a delimiter of, or NONE. RFC 2046 §5.1.1: it suffices that the line begins with the
    /// boundary. Where boundaries are prefixes of one another, a line that is exactly one of them (but for padding)
    /// decides first, then the longest prefix; the innermost before the outer.
    int match(LineScanner line) {
        byte[] octets = line.octets();
        int length = line.contentLength();
        if (boundaries.isEmpty() || length < 3 || octets[0] != '-' || octets[1] != '-') {
            return NONE;
        }
        int trimmed = length;
        while (trimmed > 2 && (octets[trimmed - 1] == ' ' || octets[trimmed - 1] == '\t')) {
            trimmed--;
        }
        int best = NONE;
        int bestLength = 0;
        for (int index = boundaries.size() - 1; index >= 0; index--) {
            byte[] boundary = boundaries.get(index);
            int after = 2 + boundary.length;
            if (after > length || boundary.length <= bestLength || !startsWith(octets, boundary)) {
                continue;
            }
            boolean close = after + 2 <= length && octets[after] == '-' && octets[after + 1] == '-';
            if (line.isWhole() && (trimmed == after || (close && trimmed == after + 2))) {
                closing = close;
                return index;
            }
            best = index;
            bestLength = boundary.length;
            closing = close;
        }
        return best;
    }

    private static boolean startsWith(byte[] octets, byte[] boundary) {
        for (int i = 0; i < boundary.length; i++) {
            if (octets[2 + i] != boundary[i]) {
                return false;
            }
        }
        return true;
    }
}
