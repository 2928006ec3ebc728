package org.postern.nameserver;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.postern.dns.Publisher;
import org.postern.nameserver.ZoneSettings.Algorithm;
import org.postern.nameserver.ZoneSettings.Denial;
import org.postern.nameserver.ZoneSettings.KeyScheme;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.TSIG;
import org.xbill.DNS.Type;
import org.xbill.DNS.ZoneTransferIn;

/// Real secondaries: BIND, NSD and Knot transfer each kind of zone with TSIG, whole at first, then by changes when they
/// are told; what they have then is, record by record, what is here. Tools of three makes check it.
class SecondariesTest {
    @TempDir
    Path directory;

    static Stream<Arguments> kinds() {
        return Stream.of(
                Arguments.of(Algorithm.ECDSA_P256, Denial.NSEC, KeyScheme.CSK),
                Arguments.of(Algorithm.ECDSA_P256, Denial.NSEC3, KeyScheme.KSK_AND_ZSK),
                Arguments.of(Algorithm.ED25519, Denial.NSEC, KeyScheme.KSK_AND_ZSK),
                Arguments.of(Algorithm.ED25519, Denial.NSEC3, KeyScheme.CSK));
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void transferIt(Algorithm algorithm, Denial denial, KeyScheme keys) throws Exception {
        RealServers servers = new RealServers(directory);
        int bind = RealServers.freePort();
        int nsd = RealServers.freePort();
        int knot = RealServers.freePort();
        TransferKey key = TestZones.key("transfer.example.org");
        ZoneSettings zone = TestZones.with(
                TestZones.settings(
                        algorithm, denial, keys, Optional.of(TestZones.records(directory, TestZones.RECORDS))),
                List.of(secondary(bind, key), secondary(nsd, key), secondary(knot, key)));
        try (servers;
                NameServer server = TestZones.serve(directory, zone)) {
            Publisher publisher = server.publisher(TestZones.ORIGIN);
            publisher.publish(TestZones.mail(TestZones.HASH));
            int primary = server.addresses().getFirst().getPort();
            startBind(servers, bind, primary);
            startNsd(servers, nsd, primary);
            startKnot(servers, knot, primary);
            for (int port : new int[] {bind, nsd, knot}) {
                await("port " + port + " serves the first version", () -> serial(port) == serverSerial(server));
            }
            List<Record> first = transfer(primary, -1);
            Path text = Files.write(
                    directory.resolve("axfr.zone"),
                    first.stream().skip(1).map(Record::toString).toList());
            assertThat(Files.readString(text))
                    .as("letters as they were written")
                    .contains("Mail.Example.org.");
            checkByTools(text);

            publisher.publish(TestZones.mail(TestZones.OTHER_HASH));
            for (int port : new int[] {bind, nsd, knot}) {
                await("port " + port + " serves the second version", () -> serial(port) == serverSerial(server));
            }
            assertThat(servers.log("bind")).contains("IXFR");
            assertThat(servers.log("knot")).contains("IXFR");
            await("NSD asks for changes", () -> servers.log("nsd").contains("xfrd: zone example.org committed"));
            await(
                    "every secondary has answered to NOTIFY",
                    () -> server.zones().getFirst().secondaries().stream()
                            .allMatch(each -> each.confirmed().equals(Optional.of(serverSerial(server)))));
            Set<String> ours = sorted(transfer(primary, -1));
            for (int port : new int[] {bind, nsd, knot}) {
                assertThat(sorted(transfer(port, -1))).as("port %d", port).isEqualTo(ours);
            }
            assertThat(transfer(primary, first.getFirst() instanceof org.xbill.DNS.SOARecord soa ? soa.getSerial() : 0))
                    .as("changes alone")
                    .hasSizeLessThan(12);
        }
    }

    private static ZoneSettings.Secondary secondary(int port, TransferKey key) {
        return new ZoneSettings.Secondary(Optional.of(new InetSocketAddress(TestZones.LOOPBACK, port)), key);
    }

    private void checkByTools(Path text) throws Exception {
        assertThat(RealServers.run("named-checkzone", "-i", "local", "-D", "example.org", text.toString()))
                .contains("RRSIG");
        RealServers.run("kzonecheck", "-o", "example.org", "-d", "on", text.toString());
        assertThat(RealServers.run("ldns-verify-zone", text.toString())).contains("Zone is verified and complete");
    }

    private void startBind(RealServers servers, int port, int primary) throws IOException {
        Path home = Files.createDirectories(directory.resolve("bind"));
        Path file = Files.writeString(home.resolve("named.conf"), """
                key "transfer.example.org" { algorithm hmac-sha256; secret "%s"; };
                server 127.0.0.1 { keys { "transfer.example.org"; }; };
                options { directory "%s"; listen-on port %d { 127.0.0.1; }; listen-on-v6 { none; }; recursion no;
                  pid-file none; session-keyfile none; lock-file none; dnssec-validation no; notify no;
                  allow-transfer { 127.0.0.1; }; };
                controls {};
                zone "example.org" { type secondary; primaries port %d { 127.0.0.1 key "transfer.example.org"; };
                  file "example.org"; masterfile-format text; };
                """.formatted(SECRET, home, port, primary));
        servers.start("bind", "running", "named", "-g", "-d", "1", "-n", "1", "-c", file.toString());
    }

    private static final String SECRET = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

    private void startNsd(RealServers servers, int port, int primary) throws IOException {
        Path home = Files.createDirectories(directory.resolve("nsd"));
        Path file = Files.writeString(
                home.resolve("nsd.conf"), """
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
                  name: "transfer.example.org"
                  algorithm: hmac-sha256
                  secret: "%s"
                zone:
                  name: "example.org"
                  zonefile: "example.org"
                  request-xfr: 127.0.0.1@%d transfer.example.org
                  allow-notify: 127.0.0.1 transfer.example.org
                  provide-xfr: 127.0.0.1 transfer.example.org
                """.formatted(port, home, home, home, home, SECRET, primary));
        servers.start("nsd", "nsd started", "nsd", "-d", "-c", file.toString());
    }

    private void startKnot(RealServers servers, int port, int primary) throws IOException {
        Path home = Files.createDirectories(directory.resolve("knot"));
        Path file =
                Files.writeString(home.resolve("knot.conf"), """
                server:
                  rundir: "%s"
                  listen: 127.0.0.1@%d
                  udp-workers: 1
                  tcp-workers: 1
                  background-workers: 1
                database:
                  storage: "%s"
                key:
                  - id: transfer.example.org
                    algorithm: hmac-sha256
                    secret: %s
                remote:
                  - id: primary
                    address: 127.0.0.1@%d
                    key: transfer.example.org
                acl:
                  - id: notify
                    address: 127.0.0.1
                    key: transfer.example.org
                    action: notify
                  - id: transfer
                    address: 127.0.0.1
                    key: transfer.example.org
                    action: transfer
                zone:
                  - domain: example.org
                    storage: "%s"
                    master: primary
                    acl: [notify, transfer]
                    dnssec-validation: on
                log:
                  - target: stdout
                    any: info
                """.formatted(home, port, home, SECRET, primary, home));
        servers.start("knot", "server started", "knotd", "-c", file.toString());
    }

    private static long serverSerial(NameServer server) {
        return server.zones().getFirst().serial();
    }

    private static long serial(int port) {
        try {
            return Dig.soa(port, "example.org.")
                    .map(org.xbill.DNS.SOARecord::getSerial)
                    .orElse(-1L);
        } catch (IOException e) {
            return -1;
        }
    }

    private static void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - deadline).as(what).isNegative();
            java.util.concurrent.locks.LockSupport.parkNanos(
                    Duration.ofMillis(20).toNanos());
        }
    }

    /// @param serial what is there already; -1: nothing
    private static List<Record> transfer(int port, long serial) throws Exception {
        Name zone = Name.fromConstantString("example.org.");
        InetSocketAddress address = new InetSocketAddress(TestZones.LOOPBACK, port);
        TSIG key = TestZones.key("transfer.example.org").tsig();
        List<Record> records = new ArrayList<>();
        ZoneTransferIn transfer = serial < 0
                ? ZoneTransferIn.newAXFR(zone, address, key)
                : ZoneTransferIn.newIXFR(zone, serial, false, address, key);
        transfer.run();
        if (transfer.isAXFR()) {
            records.addAll(transfer.getAXFR());
        } else {
            transfer.getIXFR().forEach(delta -> {
                records.addAll(delta.deletes);
                records.addAll(delta.adds);
            });
        }
        return records;
    }

    /// Letters do not count: not every secondary keeps them.
    private static Set<String> sorted(List<Record> records) {
        Set<String> lines = new TreeSet<>();
        records.forEach(record -> lines.add(record.getTTL() + " " + Type.string(record.getType()) + " "
                + java.util.HexFormat.of().formatHex(record.toWireCanonical())));
        return lines;
    }
}
