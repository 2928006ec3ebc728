package org.postern.session;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.List;
import java.util.Set;

/// Where a listener listens.
public sealed interface Endpoint {
    /// A TCP port of an address of this host, or of all.
    ///
    /// @param clients where connections may come from
    /// @param mayBeMissing true where a host without this address family is no error (`::1` on a host without IPv6)
    record Port(InetSocketAddress address, List<Network> clients, boolean mayBeMissing) implements Endpoint {
        boolean admits(InetAddress client) {
            return clients.stream().anyMatch(network -> network.contains(client));
        }

        @Override
        public String toString() {
            return address.getAddress().getHostAddress() + " port " + address.getPort();
        }
    }

    /// A Unix socket: whoever may write to its file may connect.
    record UnixSocket(Path path, Set<PosixFilePermission> permissions) implements Endpoint {
        @Override
        public String toString() {
            return path.toString();
        }
    }
}
