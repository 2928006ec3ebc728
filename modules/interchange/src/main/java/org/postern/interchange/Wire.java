package org.postern.interchange;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.postern.store.InternalDate;
import org.postern.store.SpecialUse;

/// What import and export say to each other across the socket, the one with the files and the one with the store: a
/// kind, an octet, and what belongs to it. Numbers are big-endian, texts are in the JDK's modified UTF-8.
final class Wire {
    /// Messages of one transaction.
    static final int BATCH = 200;
    /// Octets after which a transaction ends early.
    static final long BATCH_OCTETS = 16 << 20;

    static final int IDENTITY = 32; // octets
    private static final int CHUNK = 64 * 1024;
    private static final int ABORTED = -1;
    private static final int MOST_KEYWORDS = 1000;
    private static final String SERVER_WENT_AWAY =
            "the server went away; what was written is there: run the command again";

    private Wire() {}

    /// From the side with the files, in this order but for the repetitions:
    /// BEGIN (MAILBOX (OFFER (MESSAGE* COMMIT)*)* FINISH?)* END; the answers are OK or REFUSED, WANTED, COMMITTED.
    /// A restore begins with RESTORE instead. A mailbox that is left alone is not finished.
    /// For an export: LIST (SELECT FETCH*)* END; to a FETCH each message is answered with MESSAGE, GONE or REFUSED.
    enum Kind {
        BEGIN('B'),
        RESTORE('S'),
        MAILBOX('M'),
        OFFER('O'),
        MESSAGE('A'),
        COMMIT('C'),
        FINISH('F'),
        END('E'),
        OK('K'),
        WANTED('W'),
        COMMITTED('D'),
        REFUSED('R'),
        LIST('L'),
        SELECT('T'),
        FETCH('G'),
        GONE('X');

        private final char code;

        Kind(char code) {
            this.code = code;
        }
    }

    static void writeKind(DataOutputStream out, Kind kind) throws IOException {
        out.writeByte(kind.code);
    }

    static Kind readKind(DataInputStream in) throws IOException {
        int code = in.readUnsignedByte();
        for (Kind kind : Kind.values()) {
            if (kind.code == code) {
                return kind;
            }
        }
        throw new IOException("the other side does not speak this protocol");
    }

    /// Octets of unknown number.
    static long writeOctets(DataOutputStream out, InputStream from) throws IOException {
        byte[] chunk = new byte[CHUNK];
        long written = 0;
        while (true) {
            int count;
            try {
                count = from.read(chunk, 0, chunk.length);
            } catch (IOException e) {
                out.writeInt(ABORTED);
                throw new SourceFailed(e);
            }
            if (count < 0) {
                out.writeInt(0);
                return written;
            }
            if (count > 0) {
                out.writeInt(count);
                out.write(chunk, 0, count);
                written += count;
            }
        }
    }

    static void writeAborted(DataOutputStream out) throws IOException {
        out.writeInt(ABORTED);
    }

    /// Where octets go that are read.
    interface Octets {
        void write(byte[] octets, int offset, int length) throws IOException;
    }

    /// Reads octets to their end.
    ///
    /// @return false where the other side could not read them to the end
    static boolean readOctets(DataInputStream in, Octets to) throws IOException {
        byte[] chunk = new byte[CHUNK];
        while (true) {
            int count = in.readInt();
            if (count == 0 || count == ABORTED) {
                return count == 0;
            }
            if (count < 0 || count > CHUNK) {
                throw new IOException("the other side does not speak this protocol");
            }
            in.readFully(chunk, 0, count);
            to.write(chunk, 0, count);
        }
    }

    /// In an export: true where a message's octets follow, false where it is gone.
    ///
    /// @throws Refused where it cannot be read
    static boolean arrives(DataInputStream in) throws IOException {
        Kind answered;
        try {
            answered = readKind(in);
        } catch (EOFException e) {
            throw new IOException(SERVER_WENT_AWAY, e);
        }
        return switch (answered) {
            case MESSAGE -> true;
            case GONE -> false;
            case REFUSED -> throw new Refused(in.readUTF(), in.readBoolean());
            case BEGIN, RESTORE, MAILBOX, OFFER, COMMIT, FINISH, END, OK, WANTED, COMMITTED, LIST, SELECT, FETCH ->
                throw new IOException("the server answers " + answered + " where a message is due");
        };
    }

    /// The octets of one message as a stream; when it is closed they were all taken from the other side.
    static final class OctetsInput extends InputStream {
        private final DataInputStream in;
        private int left;
        private boolean ended;

        OctetsInput(DataInputStream in) {
            this.in = in;
        }

        /// @throws SourceFailed where the other side cannot read them to their end
        private boolean more() throws IOException {
            if (left == 0 && !ended) {
                try {
                    left = in.readInt();
                } catch (EOFException e) {
                    ended = true;
                    throw new IOException(SERVER_WENT_AWAY, e);
                }
                ended = left == 0 || left == ABORTED;
                if (left == ABORTED) {
                    left = 0;
                    throw new SourceFailed(new IOException("it cannot be read to its end"));
                }
                if (left < 0 || left > CHUNK) {
                    throw new IOException("the other side does not speak this protocol");
                }
            }
            return left > 0;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            if (length == 0) {
                return 0;
            }
            if (!more()) {
                return -1;
            }
            int count = in.read(into, offset, Math.min(length, left));
            if (count < 0) {
                ended = true;
                throw new IOException(SERVER_WENT_AWAY);
            }
            left -= count;
            return count;
        }

        @Override
        public void close() throws IOException {
            byte[] rest = new byte[8192];
            while (!ended) {
                if (read(rest, 0, rest.length) < 0) {
                    return;
                }
            }
        }
    }

    /// What goes with a message's octets.
    record Label(OptionalLong uid, long systemFlags, Set<String> keywords, InternalDate internalDate) {
        void write(DataOutputStream out) throws IOException {
            out.writeLong(uid.orElse(0));
            out.writeLong(systemFlags);
            out.writeInt(keywords.size());
            for (String keyword : keywords) {
                out.writeUTF(keyword);
            }
            out.writeLong(internalDate.epochMillis());
            out.writeInt(internalDate.offsetMinutes());
        }

        static Label read(DataInputStream in) throws IOException {
            OptionalLong uid = readNumber(in);
            long flags = in.readLong();
            int count = in.readInt();
            if (count < 0 || count > MOST_KEYWORDS) {
                throw new IOException("a message with " + count + " keywords");
            }
            Set<String> keywords = new LinkedHashSet<>();
            for (int index = 0; index < count; index++) {
                keywords.add(in.readUTF());
            }
            return new Label(uid, flags, keywords, new InternalDate(in.readLong(), in.readInt()));
        }
    }

    static OptionalLong readNumber(DataInputStream in) throws IOException {
        long number = in.readLong();
        return number == 0 ? OptionalLong.empty() : OptionalLong.of(number);
    }

    static void writeUse(DataOutputStream out, Optional<SpecialUse> use) throws IOException {
        out.writeUTF(use.map(Enum::name).orElse(""));
    }

    static Optional<SpecialUse> readUse(DataInputStream in) throws IOException {
        String name = in.readUTF();
        try {
            return name.isEmpty() ? Optional.empty() : Optional.of(SpecialUse.valueOf(name));
        } catch (IllegalArgumentException e) {
            throw new IOException("no special use: " + name, e);
        }
    }

    /// The next kind; the other side may say REFUSED instead.
    static void expect(DataInputStream in, Kind kind) throws IOException {
        Kind answered;
        try {
            answered = readKind(in);
        } catch (EOFException e) {
            throw new IOException("the server went away; what it had confirmed is there: run the command again", e);
        }
        if (answered == Kind.REFUSED) {
            throw new Refused(in.readUTF(), in.readBoolean());
        }
        if (answered != kind) {
            throw new IOException("the server answers " + answered + " where " + kind + " is due");
        }
    }

    static void refuse(DataOutputStream out, String reason, boolean forGood) throws IOException {
        writeKind(out, Kind.REFUSED);
        out.writeUTF(reason.length() > 10_000 ? reason.substring(0, 10_000) : reason);
        out.writeBoolean(forGood);
        out.flush();
    }

    /// The side with the store does not do it.
    static final class Refused extends IOException {
        private static final long serialVersionUID = 1;
        private final boolean forGood;

        Refused(String reason, boolean forGood) {
            super(reason);
            this.forGood = forGood;
        }

        /// True where nothing further will be taken.
        boolean forGood() {
            return forGood;
        }
    }

    /// The octets could not be read to their end; the other side knows.
    static final class SourceFailed extends IOException {
        private static final long serialVersionUID = 1;
        private final IOException problem;

        SourceFailed(IOException problem) {
            super(problem);
            this.problem = problem;
        }

        IOException problem() {
            return problem;
        }
    }
}
