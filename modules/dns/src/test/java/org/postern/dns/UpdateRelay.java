package org.postern.dns;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Callable;

/// Between Postern and a primary server: does to the next update messages what a test says, and lets the rest
/// through.
final class UpdateRelay implements AutoCloseable {
    private static final int OPCODE_UPDATE = 5;

    /// What befalls an update message.
    enum Fate {
        /// it never arrives; the connection is closed
        REQUEST_LOST,
        /// it is done; the answer never arrives; the connection is closed
        ANSWER_LOST,
        /// an octet of its answer is changed
        ANSWER_FORGED
    }

    private final ServerSocket listener;
    private final int target;
    private final Deque<Fate> fates = new ArrayDeque<>();
    private final Deque<Callable<?>> before = new ArrayDeque<>();

    UpdateRelay(int target) throws IOException {
        this.target = target;
        listener = new ServerSocket(0, 50, InetAddress.getByAddress(new byte[] {127, 0, 0, 1}));
        Thread.ofPlatform().daemon().name("update-relay").start(this::accept);
    }

    int port() {
        return listener.getLocalPort();
    }

    synchronized void next(Fate... these) {
        fates.addAll(java.util.List.of(these));
    }

    /// Runs it before the next update message goes on.
    synchronized void before(Callable<?> action) {
        before.add(action);
    }

    private synchronized Fate fate() throws Exception {
        Callable<?> action = before.poll();
        if (action != null) {
            action.call();
        }
        return fates.poll();
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                Thread.ofPlatform().daemon().name("update-relayed").start(() -> carry(client));
            } catch (IOException e) {
                return; // closed
            }
        }
    }

    private void carry(Socket client) {
        try (client;
                Socket server = new Socket(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), target)) {
            DataInputStream fromClient = new DataInputStream(client.getInputStream());
            DataOutputStream toClient = new DataOutputStream(client.getOutputStream());
            DataInputStream fromServer = new DataInputStream(server.getInputStream());
            DataOutputStream toServer = new DataOutputStream(server.getOutputStream());
            while (true) {
                byte[] request = read(fromClient);
                Fate fate = ((request[2] >> 3) & 0xf) == OPCODE_UPDATE ? fate() : null;
                if (fate == Fate.REQUEST_LOST) {
                    return;
                }
                write(toServer, request);
                byte[] answer = read(fromServer);
                if (fate == Fate.ANSWER_LOST) {
                    return;
                }
                if (fate == Fate.ANSWER_FORGED) {
                    answer[3] ^= 5; // NOERROR becomes REFUSED
                }
                write(toClient, answer);
            }
        } catch (IOException e) {
            return; // one of them has closed
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] read(DataInputStream input) throws IOException {
        byte[] message = new byte[input.readUnsignedShort()];
        input.readFully(message);
        return message;
    }

    private static void write(DataOutputStream output, byte[] message) throws IOException {
        byte[] framed = new byte[message.length + 2];
        framed[0] = (byte) (message.length >> 8);
        framed[1] = (byte) message.length;
        System.arraycopy(message, 0, framed, 2, message.length);
        output.write(framed);
        output.flush();
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }
}
