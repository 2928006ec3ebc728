package org.postern.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A real primary server, BIND's or Knot's, that signs its zones itself and takes updates (RFC 2136) by TSIG: a
/// port of its own on loopback, no privileges. It can be stopped and started again.
///
/// It knows two keys: [#KEY] may change everything, [#LIMITED_KEY] what is at and below `_tcp` of a zone.
public final class DynamicPrimary implements AutoCloseable {
    /// Which program.
    public enum Program {
        BIND,
        KNOT
    }

    public static final String KEY = "postern-key";
    public static final String LIMITED_KEY = "limited-key";
    /// Of both keys, in base64.
    public static final String SECRET = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

    private final Program program;
    private final Path directory;
    private final int port;
    private final Map<String, String> zones = new LinkedHashMap<>(); // name, records
    private String transfers = "notify no;";
    private @Nullable ServerProcess process;

    /// A server in `directory`, which is the test's own.
    public DynamicPrimary(Program program, Path directory) throws IOException {
        this.program = program;
        this.directory = Files.createDirectories(directory);
        port = FreePorts.next();
    }

    /// UDP and TCP on 127.0.0.1.
    public int port() {
        return port;
    }

    /// A zone with these records in zone file form, names relative to it; before [#start].
    public void zone(String name, String records) throws IOException {
        zones.put(name, records);
        Files.writeString(
                directory.resolve(name + ".zone"),
                "$ORIGIN " + name + ".\n$TTL 300\n@ SOA ns hostmaster 1 3600 600 86400 300\n@ NS ns\nns A 127.0.0.1\n"
                        + records);
    }

    /// It tells a secondary server on 127.0.0.1 what changes, a second later, and lets it transfer zones, with [#KEY];
    /// before [#start], and BIND alone.
    public void secondary(int secondaryPort) {
        transfers = "notify explicit; notify-delay 1; also-notify { 127.0.0.1 port " + secondaryPort + " key " + KEY
                + "; }; allow-transfer { key " + KEY + "; };";
    }

    /// Starts it, again with the zones as they were when it was stopped. Returns when it answers.
    public void start() throws IOException {
        Path log = directory.resolve("log");
        switch (program) {
            case BIND -> {
                Path file = Files.writeString(directory.resolve("named.conf"), bind());
                process =
                        ServerProcess.start(log, " running$", List.of("named", "-g", "-n", "1", "-c", file.toString()));
            }
            case KNOT -> {
                Path file = Files.writeString(directory.resolve("knot.conf"), knot());
                process = ServerProcess.start(log, "server started", List.of("knotd", "-c", file.toString()));
            }
        }
    }

    public void stop() {
        ServerProcess running = process;
        if (running != null) {
            running.close();
            process = null;
        }
    }

    private String bind() {
        StringBuilder conf = new StringBuilder("""
                options { directory "%s"; key-directory "%s"; listen-on port %d { 127.0.0.1; }; listen-on-v6 { none; };
                  recursion no; pid-file none; session-keyfile none; lock-file none; dnssec-validation no; %s };
                controls {};
                dnssec-policy "one" { keys { csk lifetime unlimited algorithm ecdsap256sha256; }; };
                """.formatted(directory, directory, port, transfers));
        for (String key : List.of(KEY, LIMITED_KEY)) {
            conf.append("key \"%s\" { algorithm hmac-sha256; secret \"%s\"; };\n".formatted(key, SECRET));
        }
        for (String zone : zones.keySet()) {
            conf.append("""
                    zone "%s" { type primary; file "%s.zone"; dnssec-policy one; inline-signing no;
                      update-policy { grant %s zonesub ANY; grant %s subdomain _tcp.%s. ANY; }; };
                    """.formatted(zone, zone, KEY, LIMITED_KEY, zone));
        }
        return conf.toString();
    }

    private String knot() {
        StringBuilder conf = new StringBuilder("""
                server:
                    listen: 127.0.0.1@%d
                    rundir: "%s"
                    background-workers: 1
                    udp-workers: 1
                    tcp-workers: 1
                database:
                    storage: "%s"
                log:
                  - target: stdout
                    any: info
                key:
                """.formatted(port, directory, directory));
        for (String key : List.of(KEY, LIMITED_KEY)) {
            conf.append("  - id: %s\n    algorithm: hmac-sha256\n    secret: %s\n".formatted(key, SECRET));
        }
        conf.append("""
                acl:
                  - id: all
                    key: %s
                    action: update
                  - id: some
                    key: %s
                    action: update
                    update-owner: name
                    update-owner-match: sub-or-equal
                    update-owner-name: _tcp
                policy:
                  - id: one
                    single-type-signing: on
                    algorithm: ecdsap256sha256
                zone:
                """.formatted(KEY, LIMITED_KEY));
        for (String zone : zones.keySet()) {
            conf.append("""
                      - domain: %s
                        storage: "%s"
                        file: %s.zone
                        acl: [all, some]
                        dnssec-signing: on
                        dnssec-policy: one
                        zonefile-sync: 0
                    """.formatted(zone, directory, zone));
        }
        return conf.toString();
    }

    /// What somebody else does with [#KEY]: lines of nsupdate (`update add NAME TTL TYPE DATA`), sent together.
    public void change(String zone, String... lines) throws IOException, InterruptedException {
        String script = "server 127.0.0.1 " + port + "\nzone " + zone + ".\n" + String.join("\n", lines) + "\nsend\n";
        Lookups.run(List.of("nsupdate", "-v", "-y", "hmac-sha256:" + KEY + ":" + SECRET), script);
    }

    /// The records of a name as dig shows them, `TTL TYPE data`, sorted; without signatures.
    public List<String> records(String name, String type) throws IOException, InterruptedException {
        return Lookups.records(port, name, type);
    }

    /// The zone's own key as a trust anchor, in zone file form.
    public Path anchor(String zone) throws IOException, InterruptedException {
        String key = records(zone, "DNSKEY").stream()
                .filter(line -> line.contains(" DNSKEY 257 "))
                .findFirst()
                .orElseThrow();
        return Files.writeString(directory.resolve(zone + ".anchor"), zone + ". " + key + "\n");
    }

    /// What delv says of a name when it asks this server and trusts the zone's own key.
    public String validated(String zone, String name, String type) throws IOException, InterruptedException {
        return Lookups.validated(anchor(zone), port, zone, name, type);
    }

    @Override
    public void close() {
        stop();
    }
}
