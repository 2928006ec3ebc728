package org.postern.mua;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/// The outcome table: data, in `outcomes.txt` beside this class. Whoever judges servers otherwise may read it too.
///
/// @param version of the data: it grows when an outcome changes
public record DecisionTable(int version, List<Row> rows) {
    /// What a row says.
    public enum Outcome {
        CONTINUE,
        ALERT,
        UNCONFIDENTIAL,
        OFFER,
        TERMINATE
    }

    /// Who has to hear of it.
    public enum Report {
        NONE,
        SERVER,
        DNS,
        ATTACK
    }

    /// One row.
    ///
    /// @param id as in docs/requirements.tsv; several rows may share one
    /// @param source where the outcome stands
    public record Row(
            String id,
            Set<Facts.Srv> srv,
            Set<Facts.Address> address,
            Set<Facts.Session> session,
            Set<Facts.Tlsa> tlsa,
            Set<Facts.Dane> dane,
            Set<Facts.Pkix> pkix,
            Set<Facts.Pinned> pin,
            Set<Facts.Memory> memory,
            Set<Phase> phase,
            Outcome strict,
            Outcome standard,
            Report report,
            String source,
            String why) {
        boolean holds(Facts facts) {
            return srv.contains(facts.srv())
                    && address.contains(facts.address())
                    && session.contains(facts.session())
                    && tlsa.contains(facts.tlsa())
                    && dane.contains(facts.dane())
                    && pkix.contains(facts.pkix())
                    && pin.contains(facts.pin())
                    && memory.contains(facts.memory())
                    && phase.contains(facts.phase());
        }

        public Outcome outcome(Policy policy) {
            return switch (policy) {
                case STRICT -> strict;
                case STANDARD -> standard;
            };
        }
    }

    private static final List<String> COLUMNS = List.of(
            "id",
            "srv",
            "address",
            "session",
            "tlsa",
            "dane",
            "pkix",
            "pin",
            "memory",
            "phase",
            "strict",
            "standard",
            "report",
            "source",
            "why");
    private static final DecisionTable INSTANCE = load();

    public DecisionTable {
        rows = List.copyOf(rows);
    }

    /// The one that Postern judges by.
    public static DecisionTable instance() {
        return INSTANCE;
    }

    private static DecisionTable load() {
        try (InputStream stream = DecisionTable.class.getResourceAsStream("outcomes.txt")) {
            if (stream == null) {
                throw new IllegalStateException("outcomes.txt is missing");
            }
            return read("outcomes.txt", new InputStreamReader(stream, UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Reads a table, strictly.
    ///
    /// @throws IllegalArgumentException naming file and line, if it is not exactly such a table
    public static DecisionTable read(String source, Reader text) throws IOException {
        int version = 0;
        boolean header = false;
        List<Row> rows = new ArrayList<>();
        BufferedReader lines = new BufferedReader(text);
        int number = 0;
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            number++;
            if (line.isBlank() || line.startsWith("#")) {
                continue;
            }
            try {
                if (version == 0) {
                    version = version(line);
                } else if (!header) {
                    header = true;
                    if (!cells(line).equals(COLUMNS)) {
                        throw new IllegalArgumentException("the columns are " + String.join(" | ", COLUMNS));
                    }
                } else {
                    rows.add(row(cells(line)));
                }
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(source + ":" + number + ": " + e.getMessage(), e);
            }
        }
        if (rows.isEmpty()) {
            throw new IllegalArgumentException(source + ": no rows");
        }
        return new DecisionTable(version, rows);
    }

    private static int version(String line) {
        if (!line.matches("version [1-9][0-9]{0,3}")) {
            throw new IllegalArgumentException("expected \"version 1\" before the columns");
        }
        return Integer.parseInt(line.substring(8));
    }

    private static List<String> cells(String line) {
        List<String> cells = new ArrayList<>();
        for (String cell : line.split("\\|", -1)) {
            cells.add(cell.strip());
        }
        return cells;
    }

    private static Row row(List<String> cells) {
        if (cells.size() != COLUMNS.size()) {
            throw new IllegalArgumentException(cells.size() + " cells, expected " + COLUMNS.size());
        }
        for (int index = 0; index < cells.size(); index++) {
            if (cells.get(index).isEmpty()) {
                throw new IllegalArgumentException(COLUMNS.get(index) + " is empty");
            }
        }
        return new Row(
                cells.get(0),
                set(Facts.Srv.class, cells.get(1)),
                set(Facts.Address.class, cells.get(2)),
                set(Facts.Session.class, cells.get(3)),
                set(Facts.Tlsa.class, cells.get(4)),
                set(Facts.Dane.class, cells.get(5)),
                set(Facts.Pkix.class, cells.get(6)),
                set(Facts.Pinned.class, cells.get(7)),
                set(Facts.Memory.class, cells.get(8)),
                set(Phase.class, cells.get(9)),
                word(Outcome.class, cells.get(10)),
                word(Outcome.class, cells.get(11)),
                word(Report.class, cells.get(12)),
                cells.get(13),
                cells.get(14));
    }

    private static <E extends Enum<E>> Set<E> set(Class<E> type, String cell) {
        if (cell.equals("any")) {
            return Set.copyOf(EnumSet.allOf(type));
        }
        Set<E> values = EnumSet.noneOf(type);
        for (String word : cell.split(",", -1)) {
            if (!values.add(word(type, word))) {
                throw new IllegalArgumentException("\"" + word + "\" stands twice");
            }
        }
        return Set.copyOf(values);
    }

    private static <E extends Enum<E>> E word(Class<E> type, String word) {
        for (E value : type.getEnumConstants()) {
            if (Facts.word(value).equals(word)) {
                return value;
            }
        }
        throw new IllegalArgumentException(
                "\"" + word + "\" is no " + type.getSimpleName().toLowerCase(Locale.ROOT));
    }

    /// The row that decides: the first that holds.
    ///
    /// @throws IllegalStateException if none does
    public Row decide(Facts facts) {
        return rows.stream()
                .filter(row -> row.holds(facts))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("the outcome table has no row for " + facts));
    }
}
