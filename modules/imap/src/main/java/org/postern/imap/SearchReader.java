package org.postern.imap;

import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.postern.imap.Command.Search.Result;
import org.postern.store.Flags;

/// Reads what a SEARCH looks for (RFC 3501 §6.4.4).
final class SearchReader {
    /// Bounds the recursion here and at evaluation.
    private static final int DEPTH = 50;

    private final WireReader wire;
    private int depth;

    SearchReader(WireReader wire) {
        this.wire = wire;
    }

    /// [search-return-opts SP] ["CHARSET" SP astring SP] search-key *(SP search-key) ; RFC 4466 §2.6.1
    Command.Search expectSearch(boolean byUid) throws IOException {
        Optional<Set<Result>> results = Optional.empty();
        Optional<String> charset = Optional.empty();
        List<SearchKey> keys = new ArrayList<>();
        if (wire.peek() == '(' || isNumberStart()) {
            keys.add(expectKey());
        } else {
            String name = wire.expectKeyword();
            if (name.equals("RETURN")) {
                results = Optional.of(expectResults());
                wire.expectSpace();
                name = wire.peek() == '(' || isNumberStart() ? "" : wire.expectKeyword();
            }
            if (name.isEmpty()) {
                keys.add(expectKey());
            } else if (name.equals("CHARSET")) {
                wire.expectSpace();
                charset = Optional.of(WireReader.latin(wire.expectAstring()).toUpperCase(Locale.ROOT));
                wire.expectSpace();
                keys.add(expectKey());
            } else {
                keys.add(expectKey(name));
            }
        }
        while (wire.take(' ')) {
            keys.add(expectKey());
        }
        SearchKey key = keys.size() == 1 ? keys.getFirst() : new SearchKey.And(List.copyOf(keys));
        return new Command.Search(results, charset, key, byUid);
    }

    /// search-return-opts = SP "RETURN" SP "(" [search-return-opt *(SP search-return-opt)] ")"
    /// search-return-opt  = "MIN" / "MAX" / "ALL" / "COUNT" / "SAVE" ; RFC 4731 §4, RFC 5182 §5
    private Set<Result> expectResults() throws IOException {
        wire.expectSpace();
        wire.expect('(');
        Set<Result> results = EnumSet.noneOf(Result.class);
        if (wire.take(')')) {
            return EnumSet.of(Result.ALL); // RFC 4731 §3.1
        }
        do {
            results.add(
                    switch (wire.expectKeyword()) {
                        case "MIN" -> Result.MIN;
                        case "MAX" -> Result.MAX;
                        case "ALL" -> Result.ALL;
                        case "COUNT" -> Result.COUNT;
                        case "SAVE" -> Result.SAVE;
                        default -> throw BadCommand.syntax("Unknown SEARCH return option");
                    });
        } while (wire.take(' '));
        wire.expect(')');
        return results;
    }

    private boolean isNumberStart() throws IOException {
        return wire.peek() == '*' || wire.peek() == '$' || (wire.peek() >= '0' && wire.peek() <= '9');
    }

    private SearchKey expectKey() throws IOException {
        if (++depth > DEPTH) {
            throw BadCommand.syntax("SEARCH nested too deeply");
        }
        try {
            if (wire.take('(')) {
                return expectRestOfGroup();
            }
            return isNumberStart() ? new SearchKey.Sequence(wire.expectSequenceSet()) : expectKey(wire.expectKeyword());
        } finally {
            depth--;
        }
    }

    /// "(" search-key *(SP search-key) ")"
    private SearchKey expectRestOfGroup() throws IOException {
        List<SearchKey> keys = new ArrayList<>();
        do {
            keys.add(expectKey());
        } while (wire.take(' '));
        wire.expect(')');
        return new SearchKey.And(List.copyOf(keys));
    }

    private SearchKey expectKey(String name) throws IOException {
        return switch (name) {
            case "ALL" -> new SearchKey.All();
            case "ANSWERED" -> new SearchKey.SystemFlag(Flags.ANSWERED);
            case "BCC", "CC", "FROM", "SUBJECT", "TO" -> new SearchKey.Header(name, expectText());
            case "BEFORE" -> new SearchKey.Before(expectDay());
            case "BODY" -> new SearchKey.Body(expectText());
            case "DELETED" -> new SearchKey.SystemFlag(Flags.DELETED);
            case "DRAFT" -> new SearchKey.SystemFlag(Flags.DRAFT);
            case "FLAGGED" -> new SearchKey.SystemFlag(Flags.FLAGGED);
            case "HEADER" -> {
                wire.expectSpace();
                yield new SearchKey.Header(WireReader.latin(wire.expectAstring()), expectText());
            }
            case "KEYWORD" -> new SearchKey.Keyword(expectFlagKeyword());
            case "LARGER" -> new SearchKey.Larger(expectSize());
            case "NEW" -> // RFC 3501 §6.4.4: equivalent to (RECENT UNSEEN)
                new SearchKey.And(
                        List.of(new SearchKey.Recent(), new SearchKey.Not(new SearchKey.SystemFlag(Flags.SEEN))));
            case "NOT" -> {
                wire.expectSpace();
                yield new SearchKey.Not(expectKey());
            }
            case "OLD" -> new SearchKey.Not(new SearchKey.Recent());
            case "ON" -> new SearchKey.On(expectDay());
            case "OR" -> {
                wire.expectSpace();
                SearchKey left = expectKey();
                wire.expectSpace();
                yield new SearchKey.Or(left, expectKey());
            }
            case "RECENT" -> new SearchKey.Recent();
            case "SEEN" -> new SearchKey.SystemFlag(Flags.SEEN);
            case "SENTBEFORE" -> new SearchKey.SentBefore(expectDay());
            case "SENTON" -> new SearchKey.SentOn(expectDay());
            case "SENTSINCE" -> new SearchKey.SentSince(expectDay());
            case "SINCE" -> new SearchKey.Since(expectDay());
            case "SMALLER" -> new SearchKey.Smaller(expectSize());
            case "TEXT" -> new SearchKey.Text(expectText());
            case "UID" -> {
                wire.expectSpace();
                yield new SearchKey.Uid(wire.expectSequenceSet());
            }
            case "UNANSWERED" -> new SearchKey.Not(new SearchKey.SystemFlag(Flags.ANSWERED));
            case "UNDELETED" -> new SearchKey.Not(new SearchKey.SystemFlag(Flags.DELETED));
            case "UNDRAFT" -> new SearchKey.Not(new SearchKey.SystemFlag(Flags.DRAFT));
            case "UNFLAGGED" -> new SearchKey.Not(new SearchKey.SystemFlag(Flags.FLAGGED));
            case "UNKEYWORD" -> new SearchKey.Not(new SearchKey.Keyword(expectFlagKeyword()));
            case "UNSEEN" -> new SearchKey.Not(new SearchKey.SystemFlag(Flags.SEEN));
            default -> throw BadCommand.syntax("Unknown search key");
        };
    }

    private String expectText() throws IOException {
        wire.expectSpace();
        return WireReader.utf8(wire.expectAstring());
    }

    private int expectDay() throws IOException {
        wire.expectSpace();
        return DateReader.expectDate(wire);
    }

    private long expectSize() throws IOException {
        wire.expectSpace();
        return wire.expectNumber64(); // RFC 9051 §6.4.4
    }

    private String expectFlagKeyword() throws IOException {
        wire.expectSpace();
        return wire.expectAtom();
    }
}
