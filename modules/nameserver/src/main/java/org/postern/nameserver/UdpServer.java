package org.postern.nameserver;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.util.Arrays;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Questions by UDP at one address: one thread that reads, answers and writes. An answer takes microseconds, and what
/// is too much is dropped by the kernel.
final class UdpServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(UdpServer.class);
    private static final int LONGEST_QUESTION = 4_096;
    private static final int QUEUE = 1 << 20; // octets

    private final DatagramSocket socket;
    private final Responder responder;

    UdpServer(InetSocketAddress address, Responder responder) throws IOException {
        this.responder = responder;
        try {
            socket = new DatagramSocket(address);
        } catch (IOException e) {
            throw new IOException("the name server cannot listen on " + address + " (UDP): " + e.getMessage(), e);
        }
        socket.setReceiveBufferSize(QUEUE);
    }

    void start() {
        Thread.ofPlatform().name("dns-udp-" + socket.getLocalPort()).daemon().start(this::serve);
    }

    int port() {
        return socket.getLocalPort();
    }

    private void serve() {
        byte[] buffer = new byte[LONGEST_QUESTION + 1];
        while (!socket.isClosed()) {
            try {
                DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
                socket.receive(packet);
                if (packet.getLength() <= LONGEST_QUESTION) {
                    InetSocketAddress client = (InetSocketAddress) packet.getSocketAddress();
                    responder.answer(
                            Arrays.copyOf(buffer, packet.getLength()),
                            new Responder.Source(client.getAddress(), false),
                            answer -> socket.send(new DatagramPacket(answer, answer.length, client)));
                }
            } catch (IOException e) {
                if (!socket.isClosed()) {
                    LOG.debug("a question by UDP was not answered: {}", e.getMessage()); // no way to the client
                }
            } catch (RuntimeException e) {
                LOG.error("a question by UDP was not answered", e);
            }
        }
    }

    @Override
    public void close() {
        socket.close();
    }
}
