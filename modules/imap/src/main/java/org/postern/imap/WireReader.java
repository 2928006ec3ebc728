package org.postern.imap;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;

/// Reads the words of RFC 3501 §9 that all commands share: atoms, numbers, strings, literals. Sizes are
/// checked before anything is buffered or asked for. Never reads beyond the command's CRLF, so nothing
/// that belongs to a TLS handshake is taken. For one thread.
///
/// `take…` tries and may leave the input as it is; `expect…` throws [BadCommand].
final class WireReader {
    /// Where octets come from.
    interface Source {
        /// 0 to 255; an IOException at the end.
        int read() throws IOException;

        int read(byte[] into, int offset, int length) throws IOException;

        /// Invites the client to send its literal.
        void requestLiteral() throws IOException;
    }

    /// Octets of a command outside literals, of one buffered literal, of one that is not announced before it is
    /// sent, of a message; and what may be skipped to find the next command.
    record Limits(int line, int literal, long nonSynchronizing, long message, long skipped) {}

    private static final int NONE = -1;
    private static final int TAIL = 32;
    private static final int LITERALS_PER_COMMAND = 100;

    private final Source source;
    private Limits limits;
    private int peeked = NONE;
    private int last = NONE;
    private int lineLength;
    private int literals;
    /// The last octets read outside literals: what tells, when a command is given up, whether a literal
    /// follows.
    private final StringBuilder tail = new StringBuilder(2 * TAIL);

    WireReader(Source source, Limits limits) {
        this.source = source;
        this.limits = limits;
    }

    void limits(Limits limits) {
        this.limits = limits;
    }

    /// Makes ready for the next command.
    void startLine() {
        peeked = NONE;
        last = NONE;
        lineLength = 0;
        literals = 0;
        tail.setLength(0);
    }

    int peek() throws IOException {
        if (peeked == NONE) {
            if (lineLength >= limits.line()) {
                throw BadCommand.syntax("Line too long");
            }
            peeked = source.read();
        }
        return peeked;
    }

    int next() throws IOException {
        int octet = peek();
        peeked = NONE;
        lineLength++;
        remember(octet);
        return octet;
    }

    private void remember(int octet) {
        last = octet;
        if (tail.length() == 2 * TAIL) {
            tail.delete(0, TAIL);
        }
        tail.append((char) octet);
    }

    boolean take(char expected) throws IOException {
        if (peek() != expected) {
            return false;
        }
        next();
        return true;
    }

    void expect(char expected) throws IOException {
        if (!take(expected)) {
            throw BadCommand.syntax("'" + expected + "' expected");
        }
    }

    void expectSpace() throws IOException {
        if (!take(' ')) {
            throw BadCommand.syntax("Space expected");
        }
    }

    boolean atLineEnd() throws IOException {
        return peek() == '\r';
    }

    void expectLineEnd() throws IOException {
        if (!take('\r') || !take('\n')) {
            throw BadCommand.syntax("End of line expected");
        }
    }

    /// Reads on to the end of a command that was given up, literals that were not asked for included
    /// (RFC 7888 §4). A synchronising literal ends the command: the client waits for our answer.
    void skipCommand() throws IOException {
        long skipped = 0;
        while (true) {
            while (last != '\n') {
                int octet = peeked == NONE ? source.read() : peeked;
                peeked = NONE;
                remember(octet);
                if (++skipped > limits.skipped()) {
                    throw BadCommand.fatal("Line too long");
                }
            }
            long literal = announcedLiteral();
            if (literal < 0) {
                return;
            }
            skipped += literal;
            if (skipped > limits.skipped()) {
                throw BadCommand.fatal("Literal too large");
            }
            skip(literal);
            startLine();
        }
    }

    /// The size of the non-synchronising literal that the line just read announces; -1 if none.
    private long announcedLiteral() {
        int end = tail.length() - 3; // before CRLF: `}`
        int open = tail.lastIndexOf("{");
        if (open < 0 || end - open < 3 || tail.charAt(end) != '}' || tail.charAt(end - 1) != '+') {
            return -1;
        }
        long size = 0;
        for (int i = open + 1; i < end - 1; i++) {
            int digit = tail.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return -1;
            }
            size = Math.min(size * 10 + digit, Long.MAX_VALUE / 20);
        }
        return size;
    }

    private void skip(long octets) throws IOException {
        byte[] buffer = new byte[(int) Math.min(octets, 8192)];
        long left = octets;
        while (left > 0) {
            left -= source.read(buffer, 0, (int) Math.min(left, buffer.length));
        }
    }

    // ---- words

    /// atom = 1*ATOM-CHAR
    String expectAtom() throws IOException {
        StringBuilder atom = new StringBuilder();
        while (isAtomCharacter(peek())) {
            atom.append((char) next());
        }
        if (atom.isEmpty()) {
            throw BadCommand.syntax("Atom expected");
        }
        return atom.toString();
    }

    /// An atom that is compared without regard to case, in upper case.
    String expectKeyword() throws IOException {
        return expectAtom().toUpperCase(Locale.ROOT);
    }

    /// tag = 1*<any ASTRING-CHAR except "+">
    String expectTag() throws IOException {
        StringBuilder tag = new StringBuilder();
        while (isAstringCharacter(peek()) && peek() != '+') {
            tag.append((char) next());
        }
        if (tag.isEmpty()) {
            throw BadCommand.syntax("Tag expected");
        }
        return tag.toString();
    }

    /// number = 1*DIGIT ; unsigned 32-bit
    long expectNumber() throws IOException {
        return expectNumber(SequenceSet.MAXIMUM);
    }

    /// number64 = 1*DIGIT ; unsigned 63-bit, RFC 9051 §9
    long expectNumber64() throws IOException {
        return expectNumber(Long.MAX_VALUE);
    }

    private long expectNumber(long most) throws IOException {
        if (peek() < '0' || peek() > '9') {
            throw BadCommand.syntax("Number expected");
        }
        long number = 0;
        while (peek() >= '0' && peek() <= '9') {
            int digit = next() - '0';
            if (number > (most - digit) / 10) {
                throw BadCommand.syntax("Number too large");
            }
            number = number * 10 + digit;
        }
        return number;
    }

    /// nz-number = digit-nz *DIGIT
    long expectNonZeroNumber() throws IOException {
        return nonZero(expectNumber());
    }

    /// nz-number64 = digit-nz *DIGIT
    long expectNonZeroNumber64() throws IOException {
        return nonZero(expectNumber64());
    }

    private static long nonZero(long number) {
        if (number == 0) {
            throw BadCommand.syntax("Zero is no valid number here");
        }
        return number;
    }

    /// sequence-set = (seq-number / seq-range) *("," sequence-set) seq-range    = seq-number ":" seq-number
    SequenceSet expectSequenceSet() throws IOException {
        if (take('$')) { // RFC 5182 §5
            return SequenceSet.SAVED;
        }
        LongList bounds = new LongList();
        do {
            long from = expectSequenceNumber();
            bounds.add(from);
            bounds.add(take(':') ? expectSequenceNumber() : from);
        } while (take(','));
        return new SequenceSet(bounds.toArray());
    }

    /// seq-number = nz-number / "*"
    private long expectSequenceNumber() throws IOException {
        return take('*') ? SequenceSet.STAR : expectNonZeroNumber();
    }

    /// astring = 1*ASTRING-CHAR / string
    byte[] expectAstring() throws IOException {
        if (atString()) {
            return expectString();
        }
        ByteArrayOutputStream octets = new ByteArrayOutputStream();
        while (isAstringCharacter(peek())) {
            octets.write(next());
        }
        if (octets.size() == 0) {
            throw BadCommand.syntax("String expected");
        }
        return octets.toByteArray();
    }

    /// mailbox = "INBOX" / astring. The octets as they came: names are 7-bit (modified UTF-7).
    String expectMailbox() throws IOException {
        return latin(expectAstring());
    }

    /// list-mailbox = 1*list-char / string list-char    = ATOM-CHAR / list-wildcards / resp-specials
    String expectListMailbox() throws IOException {
        if (atString()) {
            return latin(expectString());
        }
        StringBuilder pattern = new StringBuilder();
        while (isAstringCharacter(peek()) || peek() == '%' || peek() == '*') {
            pattern.append((char) next());
        }
        if (pattern.isEmpty()) {
            throw BadCommand.syntax("Mailbox pattern expected");
        }
        return pattern.toString();
    }

    private boolean atString() throws IOException {
        return peek() == '"' || peek() == '{';
    }

    /// string = quoted / literal
    byte[] expectString() throws IOException {
        return peek() == '"' ? expectQuoted() : expectLiteral().buffered();
    }

    /// nstring = string / nil
    Optional<byte[]> expectNilOrString() throws IOException {
        if (atString()) {
            return Optional.of(expectString());
        }
        if (!expectKeyword().equals("NIL")) {
            throw BadCommand.syntax("String or NIL expected");
        }
        return Optional.empty();
    }

    /// quoted         = DQUOTE *QUOTED-CHAR DQUOTE QUOTED-CHAR    = <any TEXT-CHAR except quoted-specials> / "\"
    /// quoted-specials
    ///
    /// Leniency `quoted-8bit`: octets above 127 are taken, as RFC 6855 and many clients send them.
    byte[] expectQuoted() throws IOException {
        expect('"');
        ByteArrayOutputStream octets = new ByteArrayOutputStream();
        while (!take('"')) {
            boolean escaped = take('\\');
            int octet = peek();
            if (octet == 0 || octet == '\r' || octet == '\n' || (escaped && octet != '"' && octet != '\\')) {
                throw BadCommand.syntax("Malformed quoted string");
            }
            octets.write(next());
        }
        return octets.toByteArray();
    }

    /// literal = "{" number64 ["+"] "}" CRLF *CHAR8 (RFC 7888 §8: literal+)
    Literal expectLiteral() throws IOException {
        expect('{');
        long size = expectNumber64();
        boolean synchronising = !take('+');
        expect('}');
        expectLineEnd();
        if (!synchronising && size > limits.nonSynchronizing()) { // RFC 7888 §5
            throw BadCommand.syntax("A literal of more than " + limits.nonSynchronizing()
                    + " octets waits for the server's invitation here (LITERAL-)");
        }
        if (++literals > LITERALS_PER_COMMAND) {
            throw BadCommand.syntax("Too many literals");
        }
        return new Literal(size, synchronising);
    }

    /// The octets of a literal that still are on the wire. Not taking them is allowed: [#skipCommand] knows.
    final class Literal {
        private final long size;
        private final boolean synchronising;

        private Literal(long size, boolean synchronising) {
            this.size = size;
            this.synchronising = synchronising;
        }

        long size() {
            return size;
        }

        boolean tooLargeForMessage() {
            return size > limits.message();
        }

        /// For strings within commands.
        private byte[] buffered() throws IOException {
            if (size > limits.literal()) {
                throw BadCommand.syntax("Literal too large");
            }
            byte[] octets = new byte[(int) size];
            begin();
            int filled = 0;
            while (filled < octets.length) {
                filled += source.read(octets, filled, octets.length - filled);
            }
            return octets;
        }

        /// Hands the octets on as they arrive.
        void stream(OctetSink sink) throws IOException {
            byte[] buffer = new byte[(int) Math.min(size, 16_384)];
            begin();
            long left = size;
            while (left > 0) {
                int count = source.read(buffer, 0, (int) Math.min(left, buffer.length));
                sink.write(buffer, 0, count);
                left -= count;
            }
        }

        private void begin() throws IOException {
            if (synchronising) {
                source.requestLiteral();
            }
            last = NONE;
            tail.setLength(0);
        }

        @Override
        public String toString() {
            return "{" + size + (synchronising ? "}" : "+}");
        }
    }

    /// Where a streamed literal goes. A failure of the sink ends the session: the rest cannot be found again.
    interface OctetSink {
        void write(byte[] octets, int offset, int length) throws IOException;
    }

    // ---- characters

    /// atom-specials = "(" / ")" / "{" / SP / CTL / list-wildcards / quoted-specials / resp-specials
    static boolean isAtomCharacter(int octet) {
        return isAstringCharacter(octet) && octet != ']';
    }

    /// ASTRING-CHAR = ATOM-CHAR / resp-specials
    static boolean isAstringCharacter(int octet) {
        return octet > 0x20 && octet < 0x7F && "(){%*\"\\".indexOf(octet) < 0;
    }

    static String latin(byte[] octets) {
        return new String(octets, StandardCharsets.ISO_8859_1);
    }

    /// Text that must be well-formed UTF-8.
    /// Text that nothing depends on.
    static String lossy(byte[] octets) {
        return new String(octets, StandardCharsets.UTF_8);
    }

    static String utf8(byte[] octets) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(octets))
                    .toString();
        } catch (CharacterCodingException malformed) {
            throw BadCommand.syntax("Malformed UTF-8");
        }
    }

    /// A growing array: a client may name thousands of ranges.
    private static final class LongList {
        private long[] values = new long[8];
        private int count;

        void add(long value) {
            if (count == values.length) {
                values = java.util.Arrays.copyOf(values, 2 * count);
            }
            values[count++] = value;
        }

        long[] toArray() {
            return java.util.Arrays.copyOf(values, count);
        }
    }
}
