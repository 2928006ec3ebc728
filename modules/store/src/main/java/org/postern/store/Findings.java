package org.postern.store;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;

/// Counts findings and passes them on: of one kind so many, for one lost file may damage a million messages.
final class Findings {
    private static final int TOLD_OF_A_KIND = 1_000;

    private final Consumer<Finding> reader;
    private final Map<Finding.Kind, Long> counts = new EnumMap<>(Finding.Kind.class);

    Findings(Consumer<Finding> reader) {
        this.reader = reader;
    }

    void add(Finding.Kind kind, Finding.Place where, String what) {
        if (counts.merge(kind, 1L, Long::sum) <= TOLD_OF_A_KIND) {
            reader.accept(new Finding(kind, where, what));
        }
    }

    SortedMap<Finding.Kind, Long> counts() {
        return Collections.unmodifiableSortedMap(new TreeMap<>(counts));
    }
}
