package org.postern.server;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.List;

/// A port that nobody has yet, by UDP and TCP.
final class FreePort {
    private static final int TRIES = 50;

    private FreePort() {}

    /// The first from `wanted` on that is free at each of the addresses; `wanted` where none is, so that somebody says
    /// why.
    static int from(int wanted, List<InetAddress> addresses) {
        for (int port = wanted; port < Math.min(65_536, wanted + TRIES); port++) {
            int tried = port;
            if (addresses.stream().filter(FreePort::isHere).allMatch(address -> isFree(address, tried))) {
                return port;
            }
        }
        return wanted;
    }

    /// Whether this machine has the address; one without IPv6 has no `::1`.
    static boolean isHere(InetAddress address) {
        return isFree(address, 0);
    }

    private static boolean isFree(InetAddress address, int port) {
        try (ServerSocket stream = new ServerSocket();
                DatagramSocket datagrams = new DatagramSocket(null)) {
            stream.setReuseAddress(true); // one that was closed a moment ago is free
            stream.bind(new InetSocketAddress(address, port));
            datagrams.bind(new InetSocketAddress(address, port));
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}
