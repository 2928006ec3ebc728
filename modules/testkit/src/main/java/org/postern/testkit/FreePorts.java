package org.postern.testkit;

import java.io.IOException;
import java.net.BindException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/// Ports for servers that must be told one before they run. Each is free for TCP and for UDP, is given once, and lies
/// below those that the kernel gives to whoever connects: so nobody comes in between by chance.
public final class FreePorts {
    private static final int FIRST = 15_000;
    private static final int COUNT = 17_000;
    private static int next = ThreadLocalRandom.current().nextInt(COUNT); // of this process; guarded by the class

    private FreePorts() {}

    /// As many ports on 127.0.0.1.
    public static List<Integer> next(int count) throws IOException {
        List<Integer> ports = new ArrayList<>();
        while (ports.size() < count) {
            ports.add(next());
        }
        return ports;
    }

    /// A port on 127.0.0.1.
    public static synchronized int next() throws IOException {
        InetAddress loopback = InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
        for (int tries = 0; tries < COUNT; tries++) {
            int port = FIRST + next;
            next = (next + 1) % COUNT;
            try (ServerSocket tcp = new ServerSocket(port, 1, loopback);
                    DatagramSocket udp = new DatagramSocket(port, loopback)) {
                if (tcp.isBound() && udp.isBound()) {
                    return port;
                }
            } catch (BindException taken) {
                // by somebody else
            }
        }
        throw new IOException("no port is free from " + FIRST + " to " + (FIRST + COUNT - 1));
    }
}
