package org.postern.nameserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.dns.PublicationException;
import org.postern.dns.RecordType;
import org.postern.nameserver.TestZones.TestClock;
import org.postern.nameserver.ZoneSettings.Algorithm;
import org.postern.nameserver.ZoneSettings.Denial;
import org.postern.nameserver.ZoneSettings.KeyScheme;
import org.postern.testkit.Requirement;
import org.xbill.DNS.Name;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Type;

/// A zone over time: what it keeps over a restart and a crash, how serials go, when signatures are made again.
class HostedZoneTest {
    @TempDir
    Path directory;

    private final TestClock clock = new TestClock(Instant.parse("2026-11-26T20:00:00Z"));

    private ZoneSettings settings(Denial denial) throws IOException {
        return TestZones.settings(
                Algorithm.ECDSA_P256,
                denial,
                KeyScheme.KSK_AND_ZSK,
                Optional.of(TestZones.records(directory, TestZones.RECORDS)));
    }

    private HostedZone open() throws IOException {
        return new HostedZone(settings(Denial.NSEC), directory, new ZoneClock(directory, clock::reading));
    }

    private static List<String> text(Zone zone) {
        return zone.records().stream().map(Record::toString).toList();
    }

    @Test
    void aRestartChangesNothing() throws Exception {
        HostedZone first = open();
        first.publish(TestZones.mail(TestZones.HASH));
        clock.forward(Duration.ofHours(3));
        HostedZone second = open();
        assertThat(text(second.zone())).isEqualTo(text(first.zone()));
        assertThat(second.anchors()).isEqualTo(first.anchors());
        assertThat(second.state().changes()).hasSameSizeAs(first.state().changes());
        assertThat(second.publish(TestZones.mail(TestZones.HASH)))
                .as("nothing new")
                .isFalse();
        for (String file : List.of("keys", "zone")) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(
                            directory.resolve("example.org").resolve(file))))
                    .isEqualTo("rw-------");
        }
    }

    @Test
    void publishesAndWithdrawsWhatIsPosternsAlone() throws Exception {
        HostedZone zone = open();
        zone.publish(TestZones.mail(TestZones.HASH));
        Name tlsa = Name.fromConstantString("_993._tcp.mail.example.org.");
        assertThat(zone.zone().node(tlsa)).isNotNull();
        zone.publish(List.of(TestZones.set("_25._tcp.mail.example.org", RecordType.TLSA, "3 1 1 " + TestZones.HASH)));
        assertThat(zone.zone().node(tlsa)).isNull();
        Node both = zone.zone().node(Name.fromConstantString("_25._tcp.mail.example.org."));
        assertThat(both.set(Type.TLSA).records()).as("beside that of others").hasSize(2);
        zone.publish(List.of());
        assertThat(zone.zone()
                        .node(Name.fromConstantString("_25._tcp.mail.example.org."))
                        .set(Type.TLSA)
                        .records())
                .hasSize(1);
    }

    @Test
    void refusesWhatDoesNotFit() throws Exception {
        HostedZone zone = open();
        long serial = zone.zone().serial();
        assertThatThrownBy(() -> zone.publish(List.of(TestZones.set("www.example.org", RecordType.A, "192.0.2.1"))))
                .isInstanceOf(PublicationException.class)
                .hasMessageStartingWith("www.example.org A is not published: CNAME ")
                .hasMessageEndingWith(" is there, and an alias stands alone, in the file that records names");
        assertThatThrownBy(() -> zone.publish(List.of(TestZones.set("mail.example.com", RecordType.A, "192.0.2.1"))))
                .isInstanceOf(PublicationException.class)
                .hasMessageContaining("not in the zone example.org");
        assertThat(zone.zone().serial()).isEqualTo(serial);
    }

    /// RFC 7671 §7: readers follow an alias that others have in the zone.
    @Test
    @Requirement("DANE-16")
    void anAliasOfOthersIsLeftToLeadReadersOn() throws Exception {
        HostedZone zone = new HostedZone(
                TestZones.settings(
                        Algorithm.ECDSA_P256,
                        Denial.NSEC,
                        KeyScheme.CSK,
                        Optional.of(TestZones.records(
                                directory,
                                "mail A 192.0.2.1\n_993._tcp.mail CNAME _dane\n_dane TLSA 3 1 1 " + TestZones.HASH
                                        + "\n"))),
                directory,
                new ZoneClock(directory, clock::reading));
        zone.publish(TestZones.mail(TestZones.OTHER_HASH));
        Node port = zone.zone().node(Name.fromConstantString("_993._tcp.mail.example.org."));
        assertThat(port.set(Type.CNAME).records()).hasSize(1);
        assertThat(port.set(Type.TLSA)).isNull();
        assertThat(zone.zone().node(Name.fromConstantString("_imaps._tcp.example.org.")))
                .as("the rest is published")
                .isNotNull();
        zone.publish(List.of(
                TestZones.set("_143._tcp.mail.example.org", RecordType.CNAME, "_dane.example.org."),
                TestZones.set("_dane.example.org", RecordType.TLSA, "3 1 1 " + TestZones.OTHER_HASH)));
        assertThat(zone.zone()
                        .node(Name.fromConstantString("_dane.example.org."))
                        .set(Type.TLSA)
                        .records())
                .hasSize(2);
        assertThatThrownBy(() -> zone.publish(
                        List.of(TestZones.set("_dane.example.org", RecordType.CNAME, "elsewhere.example.org."))))
                .isInstanceOf(PublicationException.class)
                .hasMessageStartingWith("_dane.example.org CNAME is not published: TLSA 3 1 1 ");
    }

    /// What does harm beside others' records is left out, and told; the rest is published.
    @Test
    void whatDoesHarmBesideOthersRecordsIsLeftOut() throws Exception {
        HostedZone zone = new HostedZone(
                TestZones.settings(
                        Algorithm.ECDSA_P256,
                        Denial.NSEC,
                        KeyScheme.CSK,
                        Optional.of(TestZones.records(directory, """
                                mail A 192.0.2.1
                                mta-sts A 192.0.2.2
                                @ TXT "v=spf1 a -all"
                                @ TXT "found=me"
                                @ MX 5 elsewhere.test.
                                _dmarc TXT "v=DMARC1; p=none"
                                """))),
                directory,
                new ZoneClock(directory, clock::reading));
        assertThatThrownBy(() -> zone.publish(List.of(
                        TestZones.set("example.org", RecordType.TXT, "\"v=spf1 mx -all\""),
                        TestZones.set("example.org", RecordType.MX, "10 mail.example.org."),
                        TestZones.set("_dmarc.example.org", RecordType.TXT, "\"v=DMARC1; p=none\""),
                        TestZones.set("mail.example.org", RecordType.A, "192.0.2.1"),
                        TestZones.set("mta-sts.example.org", RecordType.CNAME, "web.example.org."),
                        TestZones.set(
                                "_smtp._tls.example.org", RecordType.TXT, "\"v=TLSRPTv1; rua=mailto:a@example.org\""))))
                .isInstanceOf(PublicationException.class)
                .hasMessage("""
                        example.org TXT is not published: "v=spf1 a -all" is there, and there may be one such record only, \
                        in the file that records names
                        example.org MX is not published: 5 elsewhere.test. is there, in the file that records names
                        mta-sts.example.org CNAME is not published: A 192.0.2.2 is there, and an alias stands alone, \
                        in the file that records names""");
        assertThat(zone.zone()
                        .node(Name.fromConstantString("example.org."))
                        .set(Type.TXT)
                        .records())
                .hasSize(2);
        assertThat(zone.zone().node(Name.fromConstantString("_smtp._tls.example.org.")))
                .as("the rest is published")
                .isNotNull();
        zone.publish(List.of(TestZones.set("example.org", RecordType.TXT, "\"v=other\"")));
        assertThat(zone.zone()
                        .node(Name.fromConstantString("example.org."))
                        .set(Type.TXT)
                        .records())
                .hasSize(3);
    }

    @Test
    void serialsGoUpWhateverTheClockDoes() throws Exception {
        HostedZone zone = open();
        long before = zone.zone().serial();
        assertThat(before).isEqualTo(clock.instant().getEpochSecond());
        for (int number = 0; number < 5; number++) {
            zone.publish(TestZones.mail((number % 2 == 0 ? TestZones.HASH : TestZones.OTHER_HASH)));
            assertThat(zone.zone().serial()).isEqualTo(before + 1);
            before++;
        }
        clock.forward(Duration.ofDays(-1));
        zone.publish(List.of());
        assertThat(zone.zone().serial()).isEqualTo(before + 1);
        clock.forward(Duration.ofDays(2));
        zone.publish(TestZones.mail(TestZones.HASH));
        assertThat(zone.zone().serial()).isEqualTo(clock.instant().getEpochSecond());
    }

    /// RFC 1982.
    @Test
    void serialsGoRound() {
        assertThat(Serials.isAfter(5, 0xffff_fff0L)).isTrue();
        assertThat(Serials.isAfter(0xffff_fff0L, 5)).isFalse();
        assertThat(Serials.isAfter(7, 7)).isFalse();
        Instant longAgo = Instant.ofEpochSecond(1_000);
        assertThat(ZoneSigner.next(Optional.of(0x7fff_0000L), longAgo)).isEqualTo(0x7fff_0001L);
        assertThat(ZoneSigner.next(Optional.of(0xffff_ffffL), Instant.ofEpochSecond(0xffff_0000L)))
                .isEqualTo(1);
    }

    /// A crash leaves any file of before or of after: each state that is written opens, and none goes back.
    @Test
    void everyStateOnTheWayOpens() throws Exception {
        Path zones = directory.resolve("example.org");
        HostedZone zone = open();
        zone.publish(TestZones.mail(TestZones.HASH));
        Path oldKeys = Files.copy(zones.resolve("keys"), directory.resolve("old-keys"));
        Path oldZone = Files.copy(zones.resolve("zone"), directory.resolve("old-zone"));
        zone.roll(ZoneKey.Role.ZSK);
        long serial = zone.zone().serial();
        // the keys of after with the zone of before: the crash was between the two
        Files.copy(oldZone, zones.resolve("zone"), StandardCopyOption.REPLACE_EXISTING);
        HostedZone after = open();
        assertThat(after.zone().apex().set(Type.DNSKEY).records()).hasSize(3);
        assertThat(after.zone().serial()).isGreaterThanOrEqualTo(serial);
        assertThat(after.zone().node(Name.fromConstantString("_993._tcp.mail.example.org.")))
                .isNotNull();
        assertThat(oldKeys).exists();
        // what a crash leaves of a file that was being written is not looked at
        Files.writeString(zones.resolve("zone.new"), "half");
        assertThat(text(open().zone())).isEqualTo(text(after.zone()));
    }

    @Test
    void damageIsSaid() throws Exception {
        open();
        Path zones = directory.resolve("example.org");
        byte[] octets = Files.readAllBytes(zones.resolve("zone"));
        for (int place : new int[] {0, 4, octets.length / 2, octets.length - 1}) {
            byte[] damaged = octets.clone();
            damaged[place] ^= 1;
            Files.write(zones.resolve("zone"), damaged);
            assertThatThrownBy(this::open).isInstanceOf(IOException.class).hasMessageContaining("is damaged");
        }
        Files.write(zones.resolve("zone"), octets);
        Path keys = zones.resolve("keys");
        byte[] kept = Files.readAllBytes(keys);
        Files.setPosixFilePermissions(keys, PosixFilePermissions.fromString("rw-r-----"));
        assertThatThrownBy(this::open).hasMessageContaining("chmod 600");
        Files.setPosixFilePermissions(keys, PosixFilePermissions.fromString("rw-------"));
        Files.writeString(keys, "role=KSK secret=hush\n");
        assertThatThrownBy(this::open).hasMessageContaining("keys:1").hasMessageNotContaining("hush");
        Files.write(
                keys,
                new String(kept, StandardCharsets.US_ASCII)
                        .lines()
                        .filter(line -> !line.contains("role=ZSK"))
                        .toList());
        assertThatThrownBy(this::open).hasMessageContaining("keys are missing in it");
        Files.delete(keys);
        assertThatThrownBy(this::open).hasMessageContaining("restore the keys");
        Files.write(keys, kept);
        Files.setPosixFilePermissions(keys, PosixFilePermissions.fromString("rw-------"));
        // the zone lost, the keys there: a new one, above what secondaries have
        Files.delete(zones.resolve("zone"));
        clock.forward(Duration.ofSeconds(1));
        assertThat(open().zone().serial()).isEqualTo(clock.instant().getEpochSecond());
    }

    @Test
    @Requirement("DANE-22")
    void signaturesAreMadeAgainWellBeforeTheyEnd() throws Exception {
        HostedZone zone = open();
        zone.publish(TestZones.mail(TestZones.HASH));
        int changes = 0;
        for (int hour = 0; hour < 24 * 40; hour++) {
            clock.forward(Duration.ofHours(1));
            changes += zone.tick() ? 1 : 0;
            Instant end = zone.status(List.of()).signaturesEnd();
            assertThat(end).isAfter(clock.instant().plus(Duration.ofDays(6)));
            for (Record record : zone.zone().records()) {
                if (record instanceof RRSIGRecord signature) {
                    assertThat(signature.getTimeSigned()).isBeforeOrEqualTo(clock.instant());
                }
            }
        }
        assertThat(changes).as("only when some are due").isBetween(5, 300);
    }

    /// Others have the right time: what they get is good by it, and is made again as soon as the clock is right.
    @Test
    @Requirement("DANE-22")
    void aClockThatSomebodySetsBreaksNoSignature() throws Exception {
        HostedZone zone = open();
        for (Duration wrong : List.of(Duration.ofDays(90), Duration.ofDays(-3), Duration.ofDays(300))) {
            clock.set(wrong);
            zone.tick();
            zone.publish(TestZones.mail(TestZones.HASH));
            assertGood(zone.zone());
            clock.set(Duration.ZERO);
            clock.forward(Duration.ofHours(1));
            zone.tick();
            zone.publish(TestZones.mail(TestZones.OTHER_HASH));
            assertGood(zone.zone());
        }
    }

    private void assertGood(Zone zone) {
        for (Record record : zone.records()) {
            if (record instanceof RRSIGRecord signature) {
                assertThat(signature.getTimeSigned()).isBeforeOrEqualTo(clock.truth());
                assertThat(signature.getExpire()).isAfter(clock.truth());
            }
        }
    }

    /// What was signed while the clock was wrong from the start on is made again when it is set right.
    @Test
    @Requirement("DANE-22")
    void aClockThatIsSetRightHasTheZoneSignedAgain() throws Exception {
        clock.set(Duration.ofDays(90));
        HostedZone zone = open();
        clock.set(Duration.ZERO);
        assertThat(zone.tick()).isTrue();
        assertGood(zone.zone());
        assertThat(zone.tick()).isFalse();
    }

    @Test
    void aSmallChangeKeepsOtherSignatures() throws Exception {
        HostedZone zone = open();
        zone.publish(TestZones.mail(TestZones.HASH));
        zone.publish(TestZones.mail(TestZones.OTHER_HASH));
        Change last = zone.state().changes().getLast();
        // the TLSA record and the signature over it
        assertThat(last.removed()).hasSize(2 + 1);
        assertThat(last.added()).hasSize(2 + 1);
        assertThat(last.from().getSerial()).isLessThan(last.to().getSerial());
    }

    /// Applied one after the other, changes lead from each version that is remembered to the newest.
    @Test
    void changesLeadToTheNewest() throws Exception {
        HostedZone zone = open();
        List<Zone> versions = new ArrayList<>(List.of(zone.zone()));
        for (int number = 0; number < 12; number++) {
            clock.forward(Duration.ofDays(2));
            List<org.postern.dns.RecordSet> wanted = new ArrayList<>(TestZones.mail(TestZones.HASH));
            wanted.add(TestZones.set("h" + number % 5 + ".example.org", RecordType.A, "192.0.2." + number));
            zone.publish(wanted);
            versions.add(zone.zone());
        }
        int incremental = 0;
        for (Zone version : versions) {
            List<Record> sent = TransferMessages.since(zone.state(), version.serial());
            if (sent.size() > 1 && sent.get(1) instanceof SOARecord) {
                incremental++;
                List<String> records = new ArrayList<>(text(version));
                boolean adds = true;
                for (Record record : sent.subList(1, sent.size() - 1)) {
                    if (record instanceof SOARecord) {
                        adds = !adds;
                    }
                    String line = record.toString();
                    if (adds) {
                        records.add(line);
                    } else {
                        assertThat(records.remove(line))
                                .as("%s was there", line)
                                .isTrue();
                    }
                }
                assertThat(records).containsExactlyInAnyOrderElementsOf(text(zone.zone()));
            }
        }
        assertThat(incremental).isPositive();
        assertThat(TransferMessages.since(zone.state(), zone.zone().serial())).hasSize(1);
        assertThat(TransferMessages.since(zone.state(), 1))
                .hasSize(zone.zone().records().size() + 1);
    }

    @Test
    void theFileOfOthersIsTakenOverWhenItIsGood() throws Exception {
        HostedZone zone = open();
        Path file = directory.resolve("others.zone");
        Files.writeString(file, TestZones.RECORDS + "new A 192.0.2.200\n");
        Files.setLastModifiedTime(file, FileTime.fromMillis(1_000));
        assertThat(zone.tick()).isTrue();
        assertThat(zone.zone().node(Name.fromConstantString("new.example.org.")))
                .isNotNull();
        for (String bad :
                List.of("new A 192.0.2\n", "new.example.com. A 192.0.2.1\n", "@ SOA a b 1 2 3 4 5\n", "x DNAME y\n")) {
            Files.writeString(file, bad);
            Files.setLastModifiedTime(file, FileTime.fromMillis(2_000 + bad.hashCode() % 1_000));
            assertThat(zone.tick()).isFalse();
            assertThat(zone.status(List.of()).fault())
                    .as(bad)
                    .hasValueSatisfying(said -> assertThat(said).contains("others.zone"));
            assertThat(zone.zone().node(Name.fromConstantString("new.example.org.")))
                    .isNotNull();
        }
        Path before = Files.writeString(file, "new A 192.0.2.201\n");
        Files.setLastModifiedTime(before, FileTime.fromMillis(9_000));
        assertThat(zone.tick()).isTrue();
        assertThat(zone.status(List.of()).fault()).isEmpty();
        Files.writeString(file, "broken\n");
        assertThatThrownBy(() -> new HostedZone(
                        TestZones.settings(Algorithm.ECDSA_P256, Denial.NSEC, KeyScheme.KSK_AND_ZSK, Optional.of(file)),
                        directory,
                        new ZoneClock(directory, clock::reading)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("others.zone");
    }

    @Test
    void denialMayChange() throws Exception {
        open();
        HostedZone hashed = new HostedZone(settings(Denial.NSEC3), directory, new ZoneClock(directory, clock::reading));
        assertThat(hashed.zone().isHashed()).isTrue();
        assertThat(hashed.zone().apex().set(Type.NSEC)).isNull();
        assertThat(open().zone().isHashed()).isFalse();
    }
}
