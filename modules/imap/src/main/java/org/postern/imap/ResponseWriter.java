package org.postern.imap;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import org.postern.imap.Command.Search.Result;
import org.postern.session.Connection;
import org.postern.store.Accounts;
import org.postern.store.Flags;
import org.postern.store.MailboxStatus;

/// Writes responses (RFC 3501 §7), one method each. For the session's thread.
final class ResponseWriter {
    private static final int STREAM_BUFFER = 16_000;

    private final Connection connection;
    private final Enabled enabled;
    /// True inside a FETCH response: an error there cannot be answered any more.
    private boolean inFetch;
    private boolean firstItem;

    ResponseWriter(Connection connection, Enabled enabled) {
        this.connection = connection;
        this.enabled = enabled;
    }

    boolean isInsideResponse() {
        return inFetch;
    }

    private void line(String text) throws IOException {
        connection.writeAscii(text + "\r\n");
    }

    // ---- RFC 3501 §7.1 status

    /// @param text with a response code in front where there is one
    void ok(String tag, String text) throws IOException {
        line(tag + " OK " + text);
    }

    /// RFC 3501 §7.1.4.
    void preauth(String text) throws IOException {
        line("* PREAUTH " + text);
    }

    void no(String tag, CommandRefused refused) throws IOException {
        line(tag + " NO [" + refused.code() + "] " + printable(refused.text()));
    }

    void bad(String tag, String text) throws IOException {
        line(tag + " BAD " + printable(text));
    }

    /// RFC 9051 §9: texts may be UTF-8 after ENABLE IMAP4rev2, and are ASCII before. They may name mailboxes.
    private String printable(String text) {
        return enabled.isRevision2()
                ? new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1)
                : text.replaceAll("[^\\x20-\\x7e]", "?");
    }

    void bye(String text) throws IOException {
        line("* BYE " + text);
    }

    // ---- RFC 3501 §7.2 server and mailbox status

    void capability(String capabilities) throws IOException {
        line("* CAPABILITY " + capabilities);
    }

    /// @param name as [MailboxNames#format] makes it, like those below
    void list(String response, List<String> attributes, String name) throws IOException {
        list(response, attributes, name, List.of());
    }

    /// @param childInformation the selection options that children meet (RFC 5258 §3.5); mostly empty
    void list(String response, List<String> attributes, String name, List<String> childInformation) throws IOException {
        String children = childInformation.isEmpty()
                ? ""
                : " (\"CHILDINFO\" (\"" + String.join("\" \"", childInformation) + "\"))";
        line("* " + response + " (" + String.join(" ", attributes) + ") \"/\" " + name + children);
    }

    /// RFC 9051 §6.3.9.7.
    void listRenamed(List<String> attributes, String name, String oldName) throws IOException {
        line("* LIST (" + String.join(" ", attributes) + ") \"/\" " + name + " (\"OLDNAME\" (" + oldName + "))");
    }

    /// @param appendLimit octets of the largest message that APPEND takes
    void status(String name, List<Command.Status.Item> items, MailboxStatus status, long appendLimit)
            throws IOException {
        List<String> values = new ArrayList<>();
        for (Command.Status.Item item : items) {
            long value = switch (item) {
                case MESSAGES -> status.messages();
                case RECENT -> status.recent();
                case UIDNEXT -> status.uidNext();
                case UIDVALIDITY -> status.uidValidity();
                case UNSEEN -> status.unseen();
                case DELETED -> status.deleted();
                case SIZE -> status.size();
                case APPENDLIMIT -> appendLimit;
                case DELETED_STORAGE -> kibibytes(status.deletedSize());
            };
            values.add(item.name().replace('_', '-') + " " + value);
        }
        line("* STATUS " + name + " (" + String.join(" ", values) + ")");
    }

    void search(int[] numbers) throws IOException {
        connection.writeAscii("* SEARCH");
        for (int number : numbers) {
            connection.write(' ');
            connection.writeAscii(Integer.toUnsignedString(number));
        }
        line("");
    }

    /// esearch-response = "ESEARCH" [search-correlator] [SP "UID"] *(SP search-return-data) ; RFC 4731 §4
    /// @param numbers ascending
    void extendedSearch(String tag, boolean byUid, Set<Result> results, int[] numbers) throws IOException {
        StringBuilder text = new StringBuilder("* ESEARCH (TAG \"").append(tag).append("\")");
        if (byUid) {
            text.append(" UID");
        }
        if (numbers.length > 0) { // RFC 4731 §3.1: nothing was found, so there is no smallest
            if (results.contains(Result.MIN)) {
                text.append(" MIN ").append(Integer.toUnsignedString(numbers[0]));
            }
            if (results.contains(Result.MAX)) {
                text.append(" MAX ").append(Integer.toUnsignedString(numbers[numbers.length - 1]));
            }
            if (results.contains(Result.ALL)) {
                text.append(" ALL ").append(SequenceSet.format(numbers));
            }
        }
        if (results.contains(Result.COUNT)) {
            text.append(" COUNT ").append(numbers.length);
        }
        line(text.toString());
    }

    /// quotaroot-response = "QUOTAROOT" SP mailbox *(SP quota-root-name) ; RFC 9208 §5. An account has
    /// one root: "".
    void quotaRoot(String name) throws IOException {
        line("* QUOTAROOT " + name + " \"\"");
    }

    /// quota-response = "QUOTA" SP quota-root-name SP quota-list ; only what is limited is listed
    void quota(Accounts.AccountInformation account) throws IOException {
        List<String> resources = new ArrayList<>();
        account.quota()
                .bytes()
                .ifPresent(limit -> resources.add("STORAGE " + kibibytes(account.usedBytes()) + " " + limit / 1024));
        account.quota().messages().ifPresent(limit -> resources.add("MESSAGE " + account.usedMessages() + " " + limit));
        line("* QUOTA \"\" (" + String.join(" ", resources) + ")");
    }

    /// RFC 9208 §5.1: STORAGE counts units of 1,024 octets.
    private static long kibibytes(long octets) {
        return (octets + 1023) / 1024;
    }

    void namespace() throws IOException {
        line("* NAMESPACE ((\"\" \"/\")) NIL NIL"); // RFC 2342 §5
    }

    void id() throws IOException {
        line("* ID (\"name\" \"Postern\")");
    }

    /// enable-data = "ENABLED" *(SP capability) ; RFC 5161 §4
    void enabled(List<String> capabilities) throws IOException {
        line(("* ENABLED " + String.join(" ", capabilities)).stripTrailing());
    }

    void flags(List<String> keywords) throws IOException {
        line("* FLAGS (" + flagList(SYSTEM_FLAGS, false, keywords, true) + ")");
    }

    void permanentFlags(SelectedMailbox mailbox) throws IOException {
        String flags = mailbox.readOnly()
                ? ""
                : flagList(SYSTEM_FLAGS, false, mailbox.keywords(), true)
                        + (mailbox.mailbox().acceptsKeywords() ? " \\*" : "");
        line("* OK [PERMANENTFLAGS (" + flags + ")] " + (mailbox.readOnly() ? "Read-only" : "Flags are kept"));
    }

    // ---- RFC 3501 §7.3, §7.4.1 mailbox size, message numbers

    void exists(int count) throws IOException {
        line("* " + count + " EXISTS");
    }

    void recent(int count) throws IOException {
        if (!enabled.isRevision2()) { // RFC 9051 appendix E
            line("* " + count + " RECENT");
        }
    }

    void expunge(int sequenceNumber) throws IOException {
        line("* " + sequenceNumber + " EXPUNGE");
    }

    // ---- RFC 3501 §7.4.2 FETCH

    void fetchStart(int sequenceNumber) throws IOException {
        connection.writeAscii("* " + sequenceNumber + " FETCH (");
        inFetch = true;
        firstItem = true;
    }

    void fetchEnd() throws IOException {
        line(")");
        inFetch = false;
    }

    private void item(String name) throws IOException {
        connection.writeAscii(firstItem ? name : " " + name);
        firstItem = false;
    }

    void fetchUid(int uid) throws IOException {
        item("UID " + Integer.toUnsignedString(uid));
    }

    void fetchFlags(long flags, boolean recent, List<String> keywords) throws IOException {
        item("FLAGS (" + flagList(flags, recent && !enabled.isRevision2(), keywords, false) + ")");
    }

    void fetchSize(long size) throws IOException {
        item("RFC822.SIZE " + size);
    }

    void fetchInternalDate(long epochMillis, int offsetMinutes) throws IOException {
        item("INTERNALDATE \"" + dateTime(epochMillis, offsetMinutes) + "\"");
    }

    /// @param wire the value, ready as it is
    void fetchPrepared(String name, byte[] wire) throws IOException {
        item(name + " ");
        connection.write(wire);
    }

    void fetchNumber(String name, long value) throws IOException {
        item(name + " " + value);
    }

    void fetchNil(String name) throws IOException {
        item(name + " NIL");
    }

    /// A literal of exactly `length` octets out of the stream, never held whole.
    void fetchLiteral(String name, InputStream octets, long length) throws IOException {
        item(name + " {" + length + "}\r\n");
        stream(octets, length);
    }

    /// The same for octets that may be NUL (RFC 3516 §4.2).
    void fetchLiteral8(String name, InputStream octets, long length) throws IOException {
        item(name + " ~{" + length + "}\r\n");
        stream(octets, length);
    }

    private void stream(InputStream octets, long length) throws IOException {
        byte[] buffer = new byte[(int) Math.min(length, STREAM_BUFFER)]; // an idle session holds none
        long left = length;
        while (left > 0) {
            int count = readStored(octets, buffer, (int) Math.min(left, buffer.length));
            connection.write(buffer, 0, count);
            left -= count;
        }
    }

    /// A failure to read the store is ours, and must not look like a client that went away.
    private static int readStored(InputStream octets, byte[] buffer, int most) {
        try {
            int count = octets.read(buffer, 0, most);
            if (count < 0) {
                throw new IllegalStateException("a stored message is shorter than its outline says");
            }
            return count;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    // ---- RFC 3501 §7.5

    void continuation(String text) throws IOException {
        line("+ " + text);
        connection.flush();
    }

    void challenge(byte[] data) throws IOException {
        continuation(Base64.getEncoder().encodeToString(data));
    }

    // ---- values

    private static final long SYSTEM_FLAGS = Flags.SEEN | Flags.ANSWERED | Flags.FLAGGED | Flags.DELETED | Flags.DRAFT;

    private static String flagList(long flags, boolean recent, List<String> keywords, boolean allKeywords) {
        StringBuilder list = new StringBuilder(48);
        append(list, (flags & Flags.ANSWERED) != 0, "\\Answered");
        append(list, (flags & Flags.FLAGGED) != 0, "\\Flagged");
        append(list, (flags & Flags.DELETED) != 0, "\\Deleted");
        append(list, (flags & Flags.SEEN) != 0, "\\Seen");
        append(list, (flags & Flags.DRAFT) != 0, "\\Draft");
        append(list, recent, "\\Recent");
        for (int index = 0; index < keywords.size(); index++) {
            append(list, allKeywords || (flags & (1L << (Flags.FIRST_KEYWORD + index))) != 0, keywords.get(index));
        }
        return list.toString();
    }

    private static void append(StringBuilder list, boolean present, String flag) {
        if (present) {
            list.append(list.isEmpty() ? "" : " ").append(flag);
        }
    }

    /// date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE
    static String dateTime(long epochMillis, int offsetMinutes) {
        OffsetDateTime date = Instant.ofEpochMilli(epochMillis).atOffset(ZoneOffset.ofTotalSeconds(offsetMinutes * 60));
        int offset = Math.abs(offsetMinutes);
        return "%2d-%s-%04d %02d:%02d:%02d %s%02d%02d"
                .formatted(
                        date.getDayOfMonth(),
                        DateReader.MONTHS.get(date.getMonthValue() - 1),
                        date.getYear(),
                        date.getHour(),
                        date.getMinute(),
                        date.getSecond(),
                        offsetMinutes < 0 ? "-" : "+",
                        offset / 60,
                        offset % 60);
    }

    /// An atom where the text is one, else a quoted string, else a literal.
    static String astring(String text) {
        boolean atom = !text.isEmpty() && !text.equalsIgnoreCase("NIL");
        boolean quotable = true;
        for (int index = 0; index < text.length(); index++) {
            char character = text.charAt(index);
            atom &= WireReader.isAstringCharacter(character);
            quotable &= character >= 0x20 && character < 0x7f;
        }
        if (atom) {
            return text;
        }
        return quotable ? quoted(text) : "{" + text.getBytes(StandardCharsets.ISO_8859_1).length + "}\r\n" + text;
    }

    static String quoted(String text) {
        return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
    }
}
