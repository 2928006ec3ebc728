package org.postern.dns;

import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.xbill.DNS.Message;
import org.xbill.DNS.TSIG;
import org.xbill.DNS.TSIGRecord;

/// One TCP connection to the primary server (RFC 7766). Everything that is sent is signed, questions too: a
/// server that picks its view by the key then shows the one that it changes; and only signed answers are
/// believed. Blocking, for one thread.
final class UpdateConnection implements AutoCloseable {
    private static final int LONGEST_MESSAGE = 65_535;

    /// A message on its way.
    private record Sent(Message message, TSIGRecord signature) {}

    private final UpdateSettings settings;
    private final TSIG signer;
    private final Socket socket = new Socket();
    private final DataInputStream input;
    private final DataOutputStream output;

    UpdateConnection(UpdateSettings settings) throws UpdateProblem {
        this.settings = settings;
        signer = settings.key().signer(settings.clock());
        try {
            socket.setTcpNoDelay(true);
            socket.connect(
                    new InetSocketAddress(settings.host(), settings.port()),
                    Math.toIntExact(settings.patience().toMillis()));
            input = new DataInputStream(socket.getInputStream());
            output = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream()));
        } catch (IOException e) {
            close();
            throw new UpdateProblem(
                    UpdateProblem.Kind.LATER, settings.server() + " cannot be reached: " + reason(e), e);
        }
    }

    /// Sends one message and returns the answer, whose signature is right and whose code is the caller's to
    /// judge.
    Message exchange(Message message) throws UpdateProblem {
        return exchange(List.of(message)).getFirst();
    }

    /// Sends all and then reads the answers, in whatever order they come (RFC 7766 §6.2.1.1); returns them in
    /// the order of the messages.
    List<Message> exchange(List<Message> messages) throws UpdateProblem {
        Map<Integer, Sent> open = new HashMap<>();
        Map<Integer, Message> answers = new HashMap<>();
        long deadline = System.nanoTime() + settings.patience().toNanos();
        try {
            for (int index = 0; index < messages.size(); index++) {
                Message message = messages.get(index);
                message.getHeader().setID(freeNumber(message.getHeader().getID(), open));
                signer.apply(message, null);
                byte[] octets = message.toWire(); // the form that was signed; toWire(int) would move the OPT record
                if (octets.length > LONGEST_MESSAGE) {
                    throw new IllegalArgumentException("a message of " + octets.length + " octets");
                }
                open.put(message.getHeader().getID(), new Sent(message, message.getTSIG()));
                output.writeShort(octets.length);
                output.write(octets);
            }
            output.flush();
            while (!open.isEmpty()) {
                byte[] octets = read(deadline);
                Message answer = new Message(octets);
                int number = answer.getHeader().getID();
                Sent sent = open.remove(number);
                if (sent == null) {
                    throw new IOException("an answer that nobody asked for");
                }
                UpdateAnswers.verify(answer, octets, signer, sent.signature, settings);
                answers.put(number, answer);
            }
        } catch (IOException e) {
            throw new UpdateProblem(
                    UpdateProblem.Kind.LOST, "no answer from " + settings.server() + ": " + reason(e), e);
        }
        List<Message> inOrder = new ArrayList<>();
        messages.forEach(message -> inOrder.add(answers.get(message.getHeader().getID())));
        return inOrder;
    }

    private static int freeNumber(int proposed, Map<Integer, Sent> open) {
        int number = proposed;
        while (open.containsKey(number)) {
            number = (number + 1) & 0xffff;
        }
        return number;
    }

    private byte[] read(long deadline) throws IOException {
        long left = deadline - System.nanoTime();
        if (left <= 0) {
            throw new SocketTimeoutException("time-out");
        }
        socket.setSoTimeout((int) Math.max(1, left / 1_000_000));
        byte[] octets = new byte[input.readUnsignedShort()];
        input.readFully(octets);
        return octets;
    }

    private static String reason(IOException e) {
        return switch (e) {
            case java.io.EOFException _ -> "it closed the connection";
            case SocketTimeoutException _ -> "it takes too long";
            case java.net.UnknownHostException _ -> "there is no such host";
            default -> e.getMessage() == null ? e.toString() : e.getMessage();
        };
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            return; // it is closed
        }
    }
}
