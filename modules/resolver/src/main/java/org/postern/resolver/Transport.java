package org.postern.resolver;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.EDNSOption;
import org.xbill.DNS.ExtendedFlags;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.TSIG;

/// Fetches what one lookup needs, blocking in the lookup's own thread: from the cache, by UDP, by TCP where an
/// answer does not fit, from one upstream after the other, until the lookup's deadline. Keeps what it fetched as
/// evidence.
///
/// dnsjava's validator calls it as its resolver; its sockets are used rather than dnsjava's own, which share one
/// selector thread and give every try the whole time-out.
final class Transport implements org.xbill.DNS.Resolver {
    private static final int UDP_PAYLOAD = 1232; // octets: fits one packet on every sane path (DNS flag day 2020)
    private static final int LONGEST_MESSAGE = 65_535;
    private static final long FIRST_TRY = Duration.ofSeconds(1).toNanos(); // doubled with each round
    private static final int MAXIMUM_FETCHES = 100; // of one lookup: a hostile zone could go on for ever
    private static final SecureRandom RANDOM = new SecureRandom();

    private final List<Upstream> upstreams;
    private final AtomicInteger preferred;
    private final MessageCache cache;
    private final boolean checkingDisabled;
    private final long deadline;
    private final Map<MessageCache.Key, Message> fetched = new LinkedHashMap<>();
    private int fetches;

    /// @param deadline by [System#nanoTime]
    /// @param checkingDisabled whether upstream shall hand out what it thinks is bogus (RFC 4035 §3.2.2)
    Transport(
            List<Upstream> upstreams,
            AtomicInteger preferred,
            MessageCache cache,
            boolean checkingDisabled,
            long deadline) {
        this.upstreams = upstreams;
        this.preferred = preferred;
        this.cache = cache;
        this.checkingDisabled = checkingDisabled;
        this.deadline = deadline;
    }

    /// What was used so far, in the order of its use.
    List<Message> evidence() {
        return new ArrayList<>(fetched.values());
    }

    /// Drops what was used so far from the cache, so that it is fetched anew.
    void distrust() {
        fetched.keySet().forEach(cache::remove);
    }

    void forgetEvidence() {
        fetched.clear();
    }

    @Override
    public CompletionStage<Message> sendAsync(Message query, Executor executor) {
        try {
            return CompletableFuture.completedFuture(fetch(query.getQuestion()));
        } catch (IOException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /// @throws IOException if no upstream gives an answer in time
    Message fetch(Record question) throws IOException {
        MessageCache.Key key = new MessageCache.Key(question.getName(), question.getType());
        MessageCache.Kept entry = cache.get(key);
        Message message;
        if (entry == null) {
            if (++fetches > MAXIMUM_FETCHES) {
                throw new IOException("more than " + MAXIMUM_FETCHES + " questions for one lookup");
            }
            message = ask(question);
            cache.put(key, message);
        } else {
            message = entry.message();
        }
        fetched.put(key, message);
        return message.clone(); // the validator changes what it is given
    }

    private Message ask(Record question) throws IOException {
        IOException last = null;
        for (long patience = FIRST_TRY; ; patience *= 2) {
            int first = preferred.get();
            for (int count = 0; count < upstreams.size(); count++) {
                int index = Math.floorMod(first + count, upstreams.size());
                long remaining = deadline - System.nanoTime();
                if (remaining <= 0) {
                    throw new IOException(
                            "no answer in time" + (last == null ? "" : ": " + last.getMessage()) + " for "
                                    + Wire.describe(question),
                            last);
                }
                try {
                    Message answer =
                            ask(upstreams.get(index), question, System.nanoTime() + Math.min(remaining, patience));
                    preferred.set(index);
                    return answer;
                } catch (ServerFailure e) {
                    last = e;
                    if (count == upstreams.size() - 1 && first == preferred.get()) {
                        throw e; // all have spoken: asking again would not change it
                    }
                } catch (IOException e) {
                    last = new IOException(
                            upstreams.get(index) + ": " + (e.getMessage() == null ? e.toString() : e.getMessage()), e);
                }
            }
        }
    }

    /// Upstream answers that it cannot answer.
    private static final class ServerFailure extends IOException {
        private static final long serialVersionUID = 1;

        ServerFailure(String message) {
            super(message);
        }
    }

    private Message ask(Upstream upstream, Record question, long until) throws IOException {
        Message query = new Message(RANDOM.nextInt(0x10000));
        query.getHeader().setOpcode(Opcode.QUERY);
        query.getHeader().setFlag(Flags.RD);
        query.getHeader().setFlag(checkingDisabled ? Flags.CD : Flags.AD);
        query.addRecord(question, Section.QUESTION);
        query.addRecord(new OPTRecord(UDP_PAYLOAD, 0, 0, ExtendedFlags.DO), Section.ADDITIONAL);
        byte[] wire = query.toWire();
        InetSocketAddress address = new InetSocketAddress(upstream.address(), upstream.port());
        Message answer = udp(address, wire, query, until);
        if (answer.getHeader().getFlag(Flags.TC)) { // RFC 7766 §5
            answer = tcp(address, wire, query, until);
        }
        int code = answer.getRcode();
        if (code != Rcode.NOERROR && code != Rcode.NXDOMAIN) {
            throw new ServerFailure(upstream + " answers " + Rcode.string(code) + " to " + Wire.describe(question));
        }
        return answer;
    }

    private static int millis(long until) throws SocketTimeoutException {
        long nanos = until - System.nanoTime();
        if (nanos <= 0) {
            throw new SocketTimeoutException("time-out");
        }
        return (int) Math.max(1, nanos / 1_000_000);
    }

    private static Message udp(InetSocketAddress address, byte[] wire, Message query, long until) throws IOException {
        try (DatagramSocket socket =
                new DatagramSocket()) { // a port of its own, against forged answers (RFC 5452 §9.2)
            socket.connect(address);
            socket.send(new DatagramPacket(wire, wire.length));
            byte[] buffer = new byte[LONGEST_MESSAGE];
            while (true) {
                socket.setSoTimeout(millis(until));
                DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
                socket.receive(packet);
                Message answer = answerOrNull(Arrays.copyOf(buffer, packet.getLength()), query);
                if (answer != null) {
                    return answer;
                }
            }
        }
    }

    /// Null for what is no answer, or a forged one: the right one may follow.
    private static @Nullable Message answerOrNull(byte[] octets, Message query) {
        try {
            Message answer = Wire.parse(octets);
            return answers(answer, query) ? answer : null;
        } catch (IOException e) {
            return null;
        }
    }

    private static Message tcp(InetSocketAddress address, byte[] wire, Message query, long until) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(address, millis(until));
            byte[] framed = new byte[wire.length + 2];
            framed[0] = (byte) (wire.length >> 8);
            framed[1] = (byte) wire.length;
            System.arraycopy(wire, 0, framed, 2, wire.length);
            socket.getOutputStream().write(framed);
            DataInputStream input = new DataInputStream(socket.getInputStream());
            socket.setSoTimeout(millis(until));
            byte[] octets = new byte[input.readUnsignedShort()];
            int length = 0;
            while (length < octets.length) {
                socket.setSoTimeout(millis(until)); // each read again: one octet a second is no answer
                int count = input.read(octets, length, octets.length - length);
                if (count < 0) {
                    throw new IOException("the connection ended within the answer");
                }
                length += count;
            }
            Message answer = Wire.parse(octets);
            if (!answers(answer, query)) {
                throw new IOException("an answer to another question");
            }
            return answer;
        }
    }

    /// RFC 5452 §9.1
    private static boolean answers(Message answer, Message query) {
        Record asked = query.getQuestion();
        Record question = answer.getQuestion();
        return answer.getHeader().getFlag(Flags.QR)
                && answer.getHeader().getID() == query.getHeader().getID()
                && question != null
                && question.getName().equals(asked.getName())
                && question.getType() == asked.getType()
                && question.getDClass() == asked.getDClass();
    }

    // What dnsjava's validator sets up is so already.

    @Override
    public void setPort(int port) {}

    @Override
    public void setTCP(boolean flag) {}

    @Override
    public void setIgnoreTruncation(boolean flag) {}

    @Override
    public void setEDNS(int version, int payloadSize, int flags, List<EDNSOption> options) {}

    @Override
    public void setTSIGKey(TSIG key) {}

    @Override
    public void setTimeout(Duration timeout) {}
}
