package org.postern.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/// A real secondary server, BIND's, NSD's or Knot's: it transfers one zone from a primary server on loopback, asks
/// and is told with a TSIG key, and hands the zone on to whoever has the key. A port of its own on loopback, no
/// privileges.
public final class SecondaryServer implements AutoCloseable {
    /// Which program.
    public enum Program {
        BIND,
        NSD,
        KNOT
    }

    /// Of the key (hmac-sha256), in base64.
    public static final String SECRET = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

    private final Program program;
    private final String zone;
    private final String key;
    private final Path home;
    private final int port;
    private final ServerProcess process;

    private SecondaryServer(Program program, Path home, String zone, String key, int port, int primary)
            throws IOException {
        this.program = program;
        this.home = Files.createDirectories(home);
        this.zone = zone;
        this.key = key;
        this.port = port;
        Path file = Files.writeString(
                home.resolve("server.conf"),
                switch (program) {
                    case BIND -> bind(primary);
                    case NSD -> nsd(primary);
                    case KNOT -> knot(primary);
                });
        Path log = home.resolve("log");
        process = switch (program) {
            case BIND ->
                ServerProcess.start(
                        log, " running$", List.of("named", "-g", "-d", "1", "-n", "1", "-c", file.toString()));
            case NSD -> ServerProcess.start(log, "nsd started", List.of("nsd", "-d", "-c", file.toString()));
            case KNOT -> ServerProcess.start(log, "server started", List.of("knotd", "-c", file.toString()));
        };
    }

    /// Returns when it answers, be it without the zone.
    ///
    /// @param key the name of the key
    /// @param port where it listens, UDP and TCP: one of [FreePorts]
    /// @param primary the primary server's port on 127.0.0.1
    public static SecondaryServer start(Program program, Path directory, String zone, String key, int port, int primary)
            throws IOException {
        return new SecondaryServer(
                program, directory.resolve(program.name().toLowerCase(Locale.ROOT)), zone, key, port, primary);
    }

    public Program program() {
        return program;
    }

    public int port() {
        return port;
    }

    public String log() {
        return process.log();
    }

    private String bind(int primary) {
        return """
                key "%s" { algorithm hmac-sha256; secret "%s"; };
                server 127.0.0.1 { keys { "%s"; }; };
                options { directory "%s"; listen-on port %d { 127.0.0.1; }; listen-on-v6 { none; }; recursion no;
                  pid-file none; session-keyfile none; lock-file none; dnssec-validation no; notify no;
                  allow-transfer { 127.0.0.1; }; };
                controls {};
                zone "%s" { type secondary; primaries port %d { 127.0.0.1 key "%s"; };
                  file "zone"; masterfile-format text; };
                """.formatted(key, SECRET, key, home, port, zone, primary, key);
    }

    private String nsd(int primary) {
        return """
                server:
                  ip-address: 127.0.0.1@%d
                  username: ""
                  chroot: ""
                  zonesdir: "%s"
                  database: ""
                  logfile: ""
                  pidfile: ""
                  xfrdfile: "%s/xfrd.state"
                  xfrdir: "%s"
                  zonelistfile: "%s/zone.list"
                  verbosity: 3
                  server-count: 1
                  xfrd-reload-timeout: 0
                  rrl-ratelimit: 0
                remote-control:
                  control-enable: no
                key:
                  name: "%s"
                  algorithm: hmac-sha256
                  secret: "%s"
                zone:
                  name: "%s"
                  zonefile: "zone"
                  request-xfr: 127.0.0.1@%d %s
                  allow-notify: 127.0.0.1 %s
                  provide-xfr: 127.0.0.1 %s
                """.formatted(port, home, home, home, home, key, SECRET, zone, primary, key, key, key);
    }

    private String knot(int primary) {
        return """
                server:
                  rundir: "%s"
                  listen: 127.0.0.1@%d
                  udp-workers: 1
                  tcp-workers: 1
                  background-workers: 1
                database:
                  storage: "%s"
                key:
                  - id: %s
                    algorithm: hmac-sha256
                    secret: %s
                remote:
                  - id: primary
                    address: 127.0.0.1@%d
                    key: %s
                acl:
                  - id: notify
                    address: 127.0.0.1
                    key: %s
                    action: notify
                  - id: transfer
                    address: 127.0.0.1
                    key: %s
                    action: transfer
                zone:
                  - domain: %s
                    storage: "%s"
                    master: primary
                    acl: [notify, transfer]
                    dnssec-validation: on
                log:
                  - target: stdout
                    any: info
                """.formatted(home, port, home, key, SECRET, primary, key, key, key, zone, home);
    }

    @Override
    public void close() {
        process.close();
    }
}
