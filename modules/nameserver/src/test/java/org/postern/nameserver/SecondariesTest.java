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
import org.postern.testkit.FreePorts;
import org.postern.testkit.SecondaryServer;
import org.postern.testkit.SecondaryServer.Program;
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
        int bindPort = FreePorts.next();
        int nsdPort = FreePorts.next();
        int knotPort = FreePorts.next();
        TransferKey key = TestZones.key("transfer.example.org");
        ZoneSettings zone = TestZones.with(
                TestZones.settings(
                        algorithm, denial, keys, Optional.of(TestZones.records(directory, TestZones.RECORDS))),
                List.of(secondary(bindPort, key), secondary(nsdPort, key), secondary(knotPort, key)));
        try (NameServer server = TestZones.serve(directory, zone)) {
            server.publisher(TestZones.ORIGIN).publish(TestZones.mail(TestZones.HASH));
            try (SecondaryServer bind = secondary(Program.BIND, bindPort, server);
                    SecondaryServer nsd = secondary(Program.NSD, nsdPort, server);
                    SecondaryServer knot = secondary(Program.KNOT, knotPort, server)) {
                transferred(server, bind, nsd, knot);
            }
        }
    }

    private void transferred(NameServer server, SecondaryServer bind, SecondaryServer nsd, SecondaryServer knot)
            throws Exception {
        Publisher publisher = server.publisher(TestZones.ORIGIN);
        int[] secondaries = {bind.port(), nsd.port(), knot.port()};
        int primary = server.addresses().getFirst().getPort();
        for (int port : secondaries) {
            await("port " + port + " serves the first version", () -> serial(port) == serverSerial(server));
        }
        List<Record> whole = transfer(primary, -1);
        Path text = Files.write(
                directory.resolve("axfr.zone"),
                whole.stream().skip(1).map(Record::toString).toList());
        assertThat(Files.readString(text)).as("letters as they were written").contains("Mail.Example.org.");
        checkByTools(text);

        publisher.publish(TestZones.mail(TestZones.OTHER_HASH));
        for (int port : secondaries) {
            await("port " + port + " serves the second version", () -> serial(port) == serverSerial(server));
        }
        assertThat(bind.log()).contains("IXFR");
        assertThat(knot.log()).contains("IXFR");
        await("NSD asks for changes", () -> nsd.log().contains("xfrd: zone example.org committed"));
        await(
                "every secondary has answered to NOTIFY",
                () -> server.zones().getFirst().secondaries().stream()
                        .allMatch(each -> each.confirmed().equals(Optional.of(serverSerial(server)))));
        Set<String> ours = sorted(transfer(primary, -1));
        for (int port : secondaries) {
            assertThat(sorted(transfer(port, -1))).as("port %d", port).isEqualTo(ours);
        }
        assertThat(transfer(primary, whole.getFirst() instanceof org.xbill.DNS.SOARecord soa ? soa.getSerial() : 0))
                .as("changes alone")
                .hasSizeLessThan(12);
    }

    private static ZoneSettings.Secondary secondary(int port, TransferKey key) {
        return new ZoneSettings.Secondary(Optional.of(new InetSocketAddress(TestZones.LOOPBACK, port)), key);
    }

    private SecondaryServer secondary(Program program, int port, NameServer primary) throws IOException {
        return SecondaryServer.start(
                program,
                directory,
                "example.org",
                "transfer.example.org",
                port,
                primary.addresses().getFirst().getPort());
    }

    private void checkByTools(Path text) throws Exception {
        assertThat(RealServers.run("named-checkzone", "-i", "local", "-D", "example.org", text.toString()))
                .contains("RRSIG");
        RealServers.run("kzonecheck", "-o", "example.org", "-d", "on", text.toString());
        assertThat(RealServers.run("ldns-verify-zone", text.toString())).contains("Zone is verified and complete");
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
