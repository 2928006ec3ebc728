package org.postern.store;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/// How often each row number is named: one octet for each, in pages that are made when needed.
final class ReferenceCounts {
    private static final int PAGE = 1 << 16;
    private static final int MANY = 0xff;

    private byte[][] pages = new byte[16][];
    /// Those above what an octet holds.
    private final Map<Long, Integer> many = new HashMap<>();

    void add(long number) {
        int page = Math.toIntExact(number / PAGE);
        if (page >= pages.length) {
            pages = Arrays.copyOf(pages, Math.max(page + 1, pages.length * 2));
        }
        if (pages[page] == null) {
            pages[page] = new byte[PAGE];
        }
        int place = (int) (number % PAGE);
        int count = pages[page][place] & 0xff;
        if (count == MANY) {
            many.merge(number, 1, Integer::sum);
        } else {
            pages[page][place] = (byte) (count + 1);
        }
    }

    int of(long number) {
        long page = number / PAGE;
        if (number < 0 || page >= pages.length || pages[(int) page] == null) {
            return 0;
        }
        int count = pages[(int) page][(int) (number % PAGE)] & 0xff;
        return count < MANY ? count : MANY + many.getOrDefault(number, 0);
    }
}
