package org.postern.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// A real Unbound on loopback that validates zones, whose servers it asks, and keeps nothing: each question goes to
/// them, so that what was changed is seen. Of several algorithms it wants each (RFC 4035 §2.2).
public final class ValidatingResolver implements AutoCloseable {
    private static final String[] NOTHING_KEPT = {"tcp-upstream: yes", "cache-max-ttl: 0", "cache-max-negative-ttl: 0"};

    private final int port;
    private final ServerProcess process;

    /// @param anchor the zone's key, in zone file form
    /// @param server the port of the zone's server on 127.0.0.1
    public ValidatingResolver(Path directory, String zone, Path anchor, int server) throws IOException {
        this(directory, anchor, Map.of(zone, server));
    }

    /// @param anchors keys, in zone file form
    /// @param zones for each the port of its server on 127.0.0.1; zones below them are found by their delegation
    public ValidatingResolver(Path directory, Path anchors, Map<String, Integer> zones) throws IOException {
        this(directory, anchors, zones, NOTHING_KEPT);
    }

    private ValidatingResolver(Path directory, Path anchors, Map<String, Integer> zones, String... further)
            throws IOException {
        port = FreePorts.next();
        Path file = Files.writeString(
                Files.createDirectories(directory).resolve("unbound.conf"),
                configuration(directory, port, anchors, zones, further));
        process = ServerProcess.start(
                directory.resolve("log"), "start of service", List.of("unbound", "-c", file.toString()));
    }

    /// One that keeps what it gets, as any does.
    public static ValidatingResolver keeping(Path directory, Path anchors, Map<String, Integer> zones)
            throws IOException {
        return new ValidatingResolver(directory, anchors, zones, "tcp-upstream: yes");
    }

    /// For one that is started elsewhere. It keeps nothing, so that what changes is seen at once.
    public static String configuration(Path directory, int port, Path anchors, Map<String, Integer> zones) {
        return configuration(directory, port, anchors, zones, NOTHING_KEPT);
    }

    /// @param further settings of the server's section
    static String configuration(Path directory, int port, Path anchors, Map<String, Integer> zones, String... further) {
        StringBuilder text = new StringBuilder("""
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
                  access-control: 127.0.0.0/8 allow
                  trust-anchor-file: "%s"
                  harden-algo-downgrade: yes
                  local-zone: "test." nodefault
                """.formatted(port, directory, anchors));
        for (String setting : further) {
            text.append("  ").append(setting).append('\n');
        }
        text.append("remote-control:\n  control-enable: no\n");
        zones.forEach((zone, server) -> text.append("""
                stub-zone:
                  name: "%s"
                  stub-addr: 127.0.0.1@%d
                """.formatted(zone, server)));
        return text.toString();
    }

    /// UDP and TCP on 127.0.0.1.
    public int port() {
        return port;
    }

    @Override
    public void close() {
        process.close();
    }
}
