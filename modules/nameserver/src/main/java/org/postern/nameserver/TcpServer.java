package org.postern.nameserver;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Comparator;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Questions by TCP (RFC 7766): one virtual thread for each connection, one question after the other, so a client that
/// pipelines waits in the kernel's buffers, and costs no memory here. A watch closes connections that do not go on.
final class TcpServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TcpServer.class);
    private static final int LONGEST_QUESTION = 4_096;
    private static final Duration LONGEST_WRITE = Duration.ofSeconds(30);

    private final ServerSocket listener;
    private final Responder responder;
    private volatile NameServerSettings settings;
    private final Set<Peer> peers = ConcurrentHashMap.newKeySet();
    private final CountDownLatch closed = new CountDownLatch(1);

    private static final class Peer {
        private final Socket socket;
        private final InetAddress address;
        private volatile long deadline;
        private volatile boolean waits; // for a question to begin

        Peer(Socket socket) {
            this.socket = socket;
            this.address = socket.getInetAddress();
        }

        void close() {
            try {
                socket.close();
            } catch (IOException e) {
                LOG.debug("closing: {}", e.getMessage());
            }
        }
    }

    TcpServer(InetSocketAddress address, NameServerSettings settings, Responder responder) throws IOException {
        this.settings = settings;
        this.responder = responder;
        listener = new ServerSocket();
        try {
            listener.setReuseAddress(true);
            listener.bind(address, 128);
        } catch (IOException e) {
            listener.close();
            throw new IOException("the name server cannot listen on " + address + " (TCP): " + e.getMessage(), e);
        }
    }

    /// Its limits, from now on.
    void take(NameServerSettings next) {
        settings = next;
    }

    void start() {
        Thread.ofVirtual().name("dns-tcp").start(this::accept);
        Thread.ofVirtual().name("dns-tcp-watch").start(this::watch);
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket socket = listener.accept();
                Peer peer = new Peer(socket);
                if (!isWelcome(peer)) {
                    peer.close();
                    continue;
                }
                peer.deadline = System.nanoTime() + settings.idle().toNanos();
                peers.add(peer);
                Thread.ofVirtual().name("dns-tcp-peer").start(() -> serve(peer));
            } catch (IOException e) {
                if (!listener.isClosed()) {
                    LOG.warn("a connection could not be accepted: {}", e.getMessage());
                }
            }
        }
    }

    private boolean isWelcome(Peer newcomer) {
        long ofClient = peers.stream()
                .filter(peer -> peer.address.equals(newcomer.address))
                .count();
        if (ofClient >= settings.connectionsPerClient()) {
            return false;
        }
        if (peers.size() < settings.connections()) {
            return true;
        }
        // RFC 7766 §6.2.3: an idle connection may be closed at any time; the one that waits longest makes room
        Optional<Peer> idle = peers.stream()
                .filter(peer -> peer.waits)
                .min(Comparator.comparingLong(peer -> peer.deadline - System.nanoTime()));
        idle.ifPresent(peer -> {
            peers.remove(peer);
            peer.close();
        });
        return idle.isPresent();
    }

    private void serve(Peer peer) {
        try (Socket socket = peer.socket) {
            socket.setTcpNoDelay(true);
            DataInputStream in = new DataInputStream(new BufferedInputStream(socket.getInputStream(), 4_096));
            OutputStream out = socket.getOutputStream();
            Responder.Source source = new Responder.Source(peer.address, true);
            while (true) {
                peer.deadline = System.nanoTime() + settings.idle().toNanos();
                peer.waits = true;
                int length = in.readUnsignedShort(); // RFC 1035 §4.2.2
                peer.waits = false;
                if (length > LONGEST_QUESTION) {
                    return;
                }
                byte[] question = new byte[length];
                in.readFully(question);
                responder.answer(question, source, answer -> {
                    peer.deadline = System.nanoTime() + LONGEST_WRITE.toNanos();
                    byte[] framed = new byte[answer.length + 2];
                    framed[0] = (byte) (answer.length >> 8);
                    framed[1] = (byte) answer.length;
                    System.arraycopy(answer, 0, framed, 2, answer.length);
                    out.write(framed); // length and message in one segment (RFC 7766 §8)
                });
            }
        } catch (EOFException e) {
            return; // the client has had enough
        } catch (IOException e) {
            LOG.debug("a connection ended: {}", e.getMessage());
        } finally {
            peers.remove(peer);
        }
    }

    /// A blocking write has no timeout of its own: closing the socket ends it.
    private void watch() {
        try {
            while (!closed.await(500, TimeUnit.MILLISECONDS)) {
                long now = System.nanoTime();
                peers.stream().filter(peer -> peer.deadline - now < 0).forEach(Peer::close);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // nobody does
        }
    }

    int port() {
        return listener.getLocalPort();
    }

    int connections() {
        return peers.size();
    }

    @Override
    public void close() throws IOException {
        closed.countDown();
        listener.close();
        peers.forEach(Peer::close);
    }
}
