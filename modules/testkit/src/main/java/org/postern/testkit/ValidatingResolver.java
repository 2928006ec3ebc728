package org.postern.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;

/// A real Unbound on loopback that validates one zone, whose server it asks, and keeps nothing: each question
/// goes to that server, so that what was changed is seen.
public final class ValidatingResolver implements AutoCloseable {
    private final int port;
    private final Process process;

    /// @param anchor the zone's key, in zone file form
    /// @param server the port of the zone's server on 127.0.0.1
    public ValidatingResolver(Path directory, String zone, Path anchor, int server) throws IOException {
        try (DatagramSocket free = new DatagramSocket(0, InetAddress.getByAddress(new byte[] {127, 0, 0, 1}))) {
            port = free.getLocalPort();
        }
        Path file = Files.writeString(
                Files.createDirectories(directory).resolve("unbound.conf"),
                configuration(directory, port, zone, anchor, server));
        process = new ProcessBuilder(Programs.requireAnywhere("unbound").toString(), "-c", file.toString())
                .redirectErrorStream(true)
                .start();
        BufferedReader output = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
        StringBuilder said = new StringBuilder();
        for (String line = output.readLine(); ; line = output.readLine()) {
            if (line == null) {
                throw new IllegalStateException("unbound ended: " + said);
            }
            said.append(line).append('\n');
            if (line.contains("start of service")) {
                break;
            }
        }
        // not virtual: a read from a pipe keeps its carrier, and there are as few as processors
        Thread.ofPlatform().daemon().start(() -> {
            try {
                output.transferTo(Writer.nullWriter()); // a full pipe would stop it
            } catch (IOException e) {
                return; // it has ended
            }
        });
    }

    /// For one that is started elsewhere.
    public static String configuration(Path directory, int port, String zone, Path anchor, int server) {
        return """
                server:
                  interface: 127.0.0.1
                  port: %d
                  directory: "%s"
                  chroot: ""
                  username: ""
                  pidfile: ""
                  do-daemonize: no
                  use-syslog: no
                  logfile: ""
                  verbosity: 1
                  num-threads: 1
                  do-ip6: no
                  do-not-query-localhost: no
                  tcp-upstream: yes
                  access-control: 127.0.0.0/8 allow
                  trust-anchor-file: "%s"
                  cache-max-ttl: 0
                  cache-max-negative-ttl: 0
                  local-zone: "test." nodefault
                stub-zone:
                  name: "%s"
                  stub-addr: 127.0.0.1@%d
                remote-control:
                  control-enable: no
                """.formatted(port, directory, anchor, zone, server);
    }

    /// UDP and TCP on 127.0.0.1.
    public int port() {
        return port;
    }

    @Override
    public void close() {
        process.destroy();
        process.onExit().join();
    }
}
