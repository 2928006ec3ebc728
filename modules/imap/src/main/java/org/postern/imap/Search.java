package org.postern.imap;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.postern.message.HeaderText;
import org.postern.message.MessageOutline;
import org.postern.message.Range;
import org.postern.message.TextSearch;
import org.postern.session.Connection;
import org.postern.store.Flags;
import org.postern.store.MailboxException;
import org.postern.store.MessageContent;
import org.postern.store.MessageRows;

/// SEARCH (RFC 3501 §6.4.4): flags, sizes and dates out of the view; content is loaded only for messages
/// that all cheaper keys of an AND let through.
final class Search {
    private static final long DAY = 24L * 60 * 60 * 1000;

    private final Connection connection;
    private final ExecutorService scans;

    Search(Connection connection, ExecutorService scans) {
        this.connection = connection;
        this.scans = scans;
    }

    /// The UIDs found, ascending.
    int[] run(SelectedMailbox mailbox, Command.Search command) {
        var evaluation = new Evaluation(mailbox, command.key());
        if (cost(command.key()) == 0) {
            return evaluation.run();
        }
        try {
            return CompletableFuture.supplyAsync(evaluation::run, scans).join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw e;
        }
    }

    /// 0: from the view; 1: from the extract; 2: reads the header; 3: reads the body.
    private static int cost(SearchKey key) {
        return switch (key) {
            case SearchKey.And and ->
                and.keys().stream().mapToInt(Search::cost).max().orElse(0);
            case SearchKey.Or or -> Math.max(cost(or.left()), cost(or.right()));
            case SearchKey.Not not -> cost(not.key());
            case SearchKey.SentBefore _, SearchKey.SentOn _, SearchKey.SentSince _ -> 1;
            case SearchKey.Header _ -> 2;
            case SearchKey.Body _, SearchKey.Text _ -> 3;
            case SearchKey.All _,
                    SearchKey.Sequence _,
                    SearchKey.Uid _,
                    SearchKey.SystemFlag _,
                    SearchKey.Keyword _,
                    SearchKey.Recent _,
                    SearchKey.Larger _,
                    SearchKey.Smaller _,
                    SearchKey.Before _,
                    SearchKey.On _,
                    SearchKey.Since _ -> 0;
        };
    }

    /// One search under way.
    private final class Evaluation {
        private final MessageRows rows = new MessageRows(SelectedMailbox.BATCH);
        private final SelectedMailbox mailbox;
        private final SearchKey key;
        private final List<String> keywords;
        /// What a key needs to be prepared only once for all messages.
        private final IdentityHashMap<SearchKey, long[]> ranges = new IdentityHashMap<>();

        private final IdentityHashMap<SearchKey, TextSearch> texts = new IdentityHashMap<>();

        Evaluation(SelectedMailbox mailbox, SearchKey key) {
            this.mailbox = mailbox;
            this.keywords = mailbox.keywords();
            this.key = prepare(key);
        }

        private SearchKey prepare(SearchKey original) {
            return switch (original) {
                case SearchKey.And and ->
                    new SearchKey.And(and.keys().stream()
                            .map(this::prepare)
                            .sorted(Comparator.comparingInt(Search::cost))
                            .toList());
                case SearchKey.Or or -> {
                    SearchKey left = prepare(or.left());
                    SearchKey right = prepare(or.right());
                    yield cost(left) <= cost(right) ? new SearchKey.Or(left, right) : new SearchKey.Or(right, left);
                }
                case SearchKey.Not not -> new SearchKey.Not(prepare(not.key()));
                case SearchKey.Sequence sequence
                when sequence.numbers().isSaved() ->
                    savedResult(new SearchKey.Uid(sequence.numbers())); // RFC 5182 §2.1
                case SearchKey.Uid uid when uid.uids().isSaved() -> savedResult(uid);
                case SearchKey.Sequence sequence -> {
                    if (sequence.numbers().largestNumber() > mailbox.count()) {
                        throw BadCommand.syntax("No message has that number");
                    }
                    ranges.put(sequence, mailbox.normalize(sequence.numbers(), false));
                    yield sequence;
                }
                case SearchKey.Uid uid -> {
                    ranges.put(uid, mailbox.normalize(uid.uids(), true));
                    yield uid;
                }
                case SearchKey.Header header -> withText(header, header.text());
                case SearchKey.Body body -> withText(body, body.text());
                case SearchKey.Text text -> withText(text, text.text());
                default -> original;
            };
        }

        private SearchKey savedResult(SearchKey.Uid prepared) {
            ranges.put(
                    prepared,
                    Arrays.stream(mailbox.saved())
                            .mapToLong(Integer::toUnsignedLong)
                            .flatMap(uid -> LongStream.of(uid, uid))
                            .toArray());
            return prepared;
        }

        private SearchKey withText(SearchKey prepared, String text) {
            texts.put(prepared, new TextSearch(text));
            return prepared;
        }

        int[] run() {
            int[] uids = mailbox.all();
            int[] found = new int[uids.length];
            int count = 0;
            for (int from = 0; from < uids.length && !connection.ended(); from += SelectedMailbox.BATCH) {
                int to = Math.min(uids.length, from + SelectedMailbox.BATCH);
                mailbox.mailbox().read(uids, from, to, rows);
                for (int row = 0; row < to - from && !connection.ended(); row++) {
                    if (rows.present[row] && matches(new Candidate(row, from + row + 1))) {
                        found[count++] = uids[from + row];
                    }
                }
            }
            return Arrays.copyOf(found, count);
        }

        private boolean matches(Candidate candidate) {
            try {
                return matches(key, candidate);
            } catch (MailboxException gone) {
                return false; // expunged while we looked
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private boolean matches(SearchKey now, Candidate message) throws IOException {
            return switch (now) {
                case SearchKey.All _ -> true;
                case SearchKey.And and -> {
                    for (SearchKey each : and.keys()) {
                        if (!matches(each, message)) {
                            yield false;
                        }
                    }
                    yield true;
                }
                case SearchKey.Or or -> matches(or.left(), message) || matches(or.right(), message);
                case SearchKey.Not not -> !matches(not.key(), message);
                case SearchKey.Sequence _ -> inRanges(now, message.sequenceNumber);
                case SearchKey.Uid _ -> inRanges(now, Integer.toUnsignedLong(rows.uid[message.row]));
                case SearchKey.SystemFlag flag -> (rows.flags[message.row] & flag.bit()) != 0;
                case SearchKey.Keyword keyword -> hasKeyword(rows.flags[message.row], keyword.name());
                case SearchKey.Recent _ -> mailbox.isRecent(rows.uid[message.row]);
                case SearchKey.Larger larger -> Integer.toUnsignedLong(rows.size[message.row]) > larger.octets();
                case SearchKey.Smaller smaller -> Integer.toUnsignedLong(rows.size[message.row]) < smaller.octets();
                case SearchKey.Before before -> message.day() < before.day();
                case SearchKey.On on -> message.day() == on.day();
                case SearchKey.Since since -> message.day() >= since.day();
                case SearchKey.SentBefore before -> message.isSent() && message.sentDay() < before.day();
                case SearchKey.SentOn on -> message.isSent() && message.sentDay() == on.day();
                case SearchKey.SentSince since -> message.isSent() && message.sentDay() >= since.day();
                case SearchKey.Header header -> text(now).inField(message.header(), header.field());
                case SearchKey.Body _ -> text(now).inBody(message.outline(), message.content()::open);
                case SearchKey.Text _ -> text(now).inText(message.outline(), message.content()::open);
            };
        }

        private TextSearch text(SearchKey of) {
            TextSearch text = texts.get(of);
            if (text == null) {
                throw new IllegalStateException("a key was not prepared: " + of.getClass());
            }
            return text;
        }

        private boolean inRanges(SearchKey of, long number) {
            long[] pairs = ranges.getOrDefault(of, new long[0]);
            for (int index = 0; index < pairs.length; index += 2) {
                if (number >= pairs[index] && number <= pairs[index + 1]) {
                    return true;
                }
            }
            return false;
        }

        private boolean hasKeyword(long flags, String name) {
            String wanted = name.toLowerCase(Locale.ROOT);
            for (int index = 0; index < keywords.size(); index++) {
                if (keywords.get(index).toLowerCase(Locale.ROOT).equals(wanted)) {
                    return (flags & (1L << (Flags.FIRST_KEYWORD + index))) != 0;
                }
            }
            return false;
        }

        /// A message that is being looked at; its content is loaded when a key asks for it.
        private final class Candidate {
            private final int row;
            private final int sequenceNumber;
            private @Nullable MessageContent content;
            private @Nullable MessageOutline outline;
            private @Nullable HeaderText header;

            Candidate(int row, int sequenceNumber) {
                this.row = row;
                this.sequenceNumber = sequenceNumber;
            }

            /// RFC 3501 §6.4.4: the internal date, disregarding time and timezone: the day in its own zone.
            long day() {
                return Math.floorDiv(rows.internalDate[row] + rows.zoneOffset[row] * 60_000L, DAY);
            }

            MessageContent content() throws IOException {
                if (content == null) {
                    content = mailbox.mailbox().content(rows.message[row]);
                }
                return content;
            }

            boolean isSent() throws IOException {
                return sentDay() != Integer.MIN_VALUE;
            }

            int sentDay() throws IOException {
                return content().extract().sentDate();
            }

            MessageOutline outline() throws IOException {
                if (outline == null) {
                    outline = MessageOutline.decode(content().extract().outline());
                }
                return outline;
            }

            HeaderText header() throws IOException {
                if (header == null) {
                    Range range = outline().root().header();
                    try (InputStream octets = new BufferedInputStream(content().open(range.offset(), range.length()))) {
                        header = HeaderText.read(octets);
                    }
                }
                return header;
            }
        }
    }
}
