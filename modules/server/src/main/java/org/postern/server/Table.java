package org.postern.server;

import java.util.ArrayList;
import java.util.List;

/// Lines with aligned columns under a head.
final class Table {
    private final List<String> head;
    private final List<List<String>> rows = new ArrayList<>();

    Table(String... head) {
        this.head = List.of(head);
    }

    Table row(String... cells) {
        if (cells.length != head.size()) {
            throw new IllegalArgumentException(cells.length + " cells under " + head.size() + " heads");
        }
        rows.add(List.of(cells));
        return this;
    }

    /// Each line ended; empty without rows.
    @Override
    public String toString() {
        if (rows.isEmpty()) {
            return "";
        }
        int[] widths = new int[head.size()];
        List<List<String>> lines = new ArrayList<>();
        lines.add(head);
        lines.addAll(rows);
        for (List<String> line : lines) {
            for (int column = 0; column < widths.length; column++) {
                widths[column] = Math.max(widths[column], width(line.get(column)));
            }
        }
        StringBuilder text = new StringBuilder();
        for (List<String> line : lines) {
            StringBuilder laid = new StringBuilder();
            for (int column = 0; column < widths.length; column++) {
                String cell = line.get(column);
                laid.append(cell).append(" ".repeat(widths[column] - width(cell) + 2));
            }
            text.append(laid.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }

    private static int width(String cell) {
        return cell.codePointCount(0, cell.length());
    }
}
