package org.postern.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postern.resolver.DomainName;
import org.postern.testkit.DynamicPrimary;
import org.postern.testkit.DynamicPrimary.Program;
import org.postern.testkit.FreePorts;
import org.postern.testkit.Lookups;
import org.postern.testkit.Requirement;
import org.postern.testkit.SecondaryServer;

/// Against a real named and a real knotd, both of which sign the zone themselves. Each test has a zone of its
/// own.
class UpdatePublisherTest {
    private static final int ZONES = 40;
    private static final String RECORDS = """
            @ TXT "found=me"
            @ 77 MX 5 elsewhere.test.
            old A 192.0.2.9
            alias CNAME old
            *.wild TXT "from a wildcard"
            sub NS ns.elsewhere.test.
            """;

    @TempDir
    static Path directory;

    private static final Map<Program, DynamicPrimary> PRIMARIES = new EnumMap<>(Program.class);
    private static final AtomicInteger USED = new AtomicInteger();

    @BeforeAll
    static void start() throws IOException {
        for (Program program : Program.values()) {
            DynamicPrimary primary = new DynamicPrimary(program, directory.resolve(program.name()));
            for (int index = 0; index < ZONES; index++) {
                primary.zone("z" + index + ".test", RECORDS);
            }
            PRIMARIES.put(program, primary);
            primary.start();
        }
    }

    @AfterAll
    static void stop() {
        PRIMARIES.values().forEach(DynamicPrimary::close);
    }

    /// One zone of one server, for one test.
    private static final class Zone {
        final DynamicPrimary primary;
        final String name = "z" + USED.getAndIncrement() % ZONES + ".test";
        final Path journal;
        UpdateSettings settings;

        Zone(Program program) {
            primary = PRIMARIES.get(program);
            journal = directory.resolve(program + "-" + name + ".journal");
            settings = UpdateSettings.of(
                            "127.0.0.1", primary.port(), new DomainName(name), key(DynamicPrimary.KEY), journal)
                    .withPatience(Duration.ofSeconds(60));
        }

        static UpdateKey key(String name) {
            return new UpdateKey(new DomainName(name), UpdateKey.Algorithm.HMAC_SHA256, DynamicPrimary.SECRET);
        }

        Zone through(UpdateRelay relay) {
            settings = UpdateSettings.of("127.0.0.1", relay.port(), settings.zone(), settings.key(), journal)
                    .withPatience(Duration.ofSeconds(60))
                    .withAttempts(3, Duration.ofMillis(1));
            return this;
        }

        Zone with(UpdateKey key) {
            settings = UpdateSettings.of("127.0.0.1", primary.port(), settings.zone(), key, journal);
            return this;
        }

        void publish(RecordSet... wanted) throws PublicationException {
            try (UpdatePublisher publisher = new UpdatePublisher(settings)) {
                publisher.publish(List.of(wanted));
            }
        }

        List<String> outcomes() throws PublicationException {
            try (UpdatePublisher publisher = new UpdatePublisher(settings)) {
                return publisher.journal().stream()
                        .map(UpdatePublisher.JournalEntry::outcome)
                        .toList();
            }
        }

        RecordSet set(String label, RecordType type, int timeToLive, String... data) {
            DomainName owner = label.equals("@") ? new DomainName(name) : new DomainName(label + "." + name);
            return new RecordSet(owner, type, Duration.ofSeconds(timeToLive), List.of(data));
        }

        RecordSet srv(String... data) {
            return set("_imaps._tcp", RecordType.SRV, 300, data);
        }

        RecordSet tlsa(int timeToLive, String... digits) {
            return set(
                    "_993._tcp.mail",
                    RecordType.TLSA,
                    timeToLive,
                    List.of(digits).stream()
                            .map(digit -> "3 1 1 " + digit.repeat(64))
                            .toArray(String[]::new));
        }

        List<String> records(String label, String type) throws Exception {
            return primary.records(label.equals("@") ? name : label + "." + name, type);
        }
    }

    @ParameterizedTest
    @EnumSource
    void addsChangesAndWithdraws(Program program) throws Exception {
        Zone zone = new Zone(program);
        zone.publish(zone.srv("0 1 993 Mail." + zone.name + "."), zone.tlsa(300, "a"));
        assertThat(zone.records("_imaps._tcp", "SRV")).hasSize(1).allMatch(line -> line.startsWith("300 SRV 0 1 993"));
        assertThat(zone.records("_993._tcp.mail", "TLSA")).hasSize(1);
        assertThat(zone.primary.validated(zone.name, "_993._tcp.mail." + zone.name, "TLSA"))
                .contains("fully validated");
        assertThat(zone.outcomes()).containsExactly("sent", "accepted", "confirmed");

        // nothing to do is nothing sent; the case of a name is no difference
        zone.publish(zone.srv("0 1 993 mail." + zone.name + "."), zone.tlsa(300, "a"));
        assertThat(zone.outcomes()).hasSize(3);

        // the next key beside the old one, then the new one alone; another port, another time to live
        zone.publish(zone.srv("0 1 1993 mail." + zone.name + "."), zone.tlsa(300, "a", "b"));
        assertThat(zone.records("_993._tcp.mail", "TLSA")).hasSize(2);
        assertThat(zone.records("_imaps._tcp", "SRV")).containsExactly("300 SRV 0 1 1993 mail." + zone.name + ".");
        zone.publish(zone.srv("0 1 1993 mail." + zone.name + "."), zone.tlsa(60, "b"));
        assertThat(zone.records("_993._tcp.mail", "TLSA"))
                .singleElement()
                .asString()
                .startsWith("60 TLSA 3 1 1 BBBB");

        zone.publish();
        assertThat(zone.records("_993._tcp.mail", "TLSA")).isEmpty();
        assertThat(zone.records("_imaps._tcp", "SRV")).isEmpty();
        assertThat(zone.records("@", "MX")).containsExactly("77 MX 5 elsewhere.test.");
        assertThat(Files.readString(zone.journal))
                .contains("CONFIRMED", "+_imaps._tcp." + zone.name + ". 300 SRV")
                .doesNotContain(DynamicPrimary.SECRET);
    }

    @ParameterizedTest
    @EnumSource
    void whatOthersPutThereStays(Program program) throws Exception {
        Zone zone = new Zone(program);
        String owner = "_imaps._tcp." + zone.name + ".";
        zone.primary.change(zone.name, "update add " + owner + " 600 SRV 0 1 993 theirs.test.");
        RecordSet[] wanted = {
            zone.srv("0 1 993 mail." + zone.name + "."),
            zone.tlsa(300, "a"),
            zone.set("@", RecordType.TXT, 300, "\"v=spf1 mx -all\""),
            zone.set("@", RecordType.MX, 300, "10 mail." + zone.name + "."),
            zone.set("alias", RecordType.A, 300, "192.0.2.1"),
            zone.set("x.wild", RecordType.TXT, 300, "\"ours\"")
        };
        assertThatThrownBy(() -> zone.publish(wanted))
                .isInstanceOf(PublicationException.class)
                .hasMessageContaining(
                        "SRV at _imaps._tcp." + zone.name + " is not published: 0 1 993 theirs.test. is there")
                .hasMessageContaining("postern dns adopt _imaps._tcp." + zone.name + " SRV")
                .hasMessageContaining("MX at " + zone.name + " is not published: 5 elsewhere.test. is there")
                .hasMessageContaining("A at alias." + zone.name + " cannot be published: a CNAME record is there")
                .message()
                .hasLineCount(3);
        assertThat(zone.records("_imaps._tcp", "SRV")).containsExactly("600 SRV 0 1 993 theirs.test.");
        assertThat(zone.records("_993._tcp.mail", "TLSA"))
                .as("the rest is published")
                .hasSize(1);
        assertThat(zone.records("@", "TXT"))
                .as("beside another's, whose time to live stays")
                .containsExactly("300 TXT \"found=me\"", "300 TXT \"v=spf1 mx -all\"");
        assertThat(zone.records("x.wild", "TXT")).as("instead of the wildcard").containsExactly("300 TXT \"ours\"");

        // what others put beside Postern's own afterwards stays, is told, and hinders nobody
        zone.primary.change(
                zone.name,
                "update add x.wild." + zone.name + ". 300 TXT \"theirs\"",
                "update add " + zone.name + ". 300 TXT \"v=spf1 -all\"");
        RecordSet[] fewer = {zone.set("@", RecordType.TXT, 300, "\"v=spf1 a -all\"")};
        zone.publish(fewer);
        assertThat(zone.records("x.wild", "TXT")).containsExactly("300 TXT \"theirs\"");
        assertThat(zone.records("@", "TXT"))
                .containsExactly("300 TXT \"found=me\"", "300 TXT \"v=spf1 -all\"", "300 TXT \"v=spf1 a -all\"");
        assertThat(zone.records("@", "MX")).containsExactly("77 MX 5 elsewhere.test.");
        assertThat(zone.outcomes()).endsWith("strangers").containsOnlyOnce("strangers");
        zone.publish(fewer);
        assertThat(zone.outcomes()).as("told once").containsOnlyOnce("strangers");

        // a person says whose it is
        try (UpdatePublisher publisher = new UpdatePublisher(zone.settings)) {
            assertThat(publisher.adopt(new DomainName("_imaps._tcp." + zone.name), RecordType.SRV))
                    .containsExactly(owner + " 600 SRV 0 1 993 theirs.test.");
            assertThatThrownBy(() -> publisher.adopt(new DomainName("none." + zone.name), RecordType.SRV))
                    .hasMessage("there is no SRV at none." + zone.name + " to adopt");
        }
        zone.publish(wanted[0]);
        assertThat(zone.records("_imaps._tcp", "SRV")).containsExactly("300 SRV 0 1 993 mail." + zone.name + ".");
    }

    /// RFC 7671 §7: readers follow an alias that somebody else has put there. Postern's own comes and goes.
    @ParameterizedTest
    @EnumSource
    @Requirement("DANE-16")
    void anAliasOfOthersStaysAndOneOfPosternsComesAndGoes(Program program) throws Exception {
        Zone zone = new Zone(program);
        String port = "_993._tcp.mail";
        String name = port + "." + zone.name + ".";
        zone.primary.change(zone.name, "update add " + name + " 300 CNAME theirs." + zone.name + ".");
        zone.publish(zone.tlsa(300, "a"), zone.srv("0 0 0 ."));
        assertThat(zone.records(port, "CNAME")).containsExactly("300 CNAME theirs." + zone.name + ".");
        assertThat(zone.records("_imaps._tcp", "SRV")).hasSize(1);
        zone.publish(zone.tlsa(300, "a"), zone.srv("0 0 0 ."));
        assertThat(zone.outcomes()).containsExactly("sent", "accepted", "confirmed");

        // others' records keep an alias out, and are named
        RecordSet alias = zone.set(port, RecordType.CNAME, 300, "_dane." + zone.name + ".");
        RecordSet place = zone.set("_dane", RecordType.TLSA, 300, "3 1 1 " + "a".repeat(64));
        zone.primary.change(
                zone.name,
                "update delete " + name + " CNAME",
                "update add " + name + " 300 TLSA 3 1 1 " + "c".repeat(64));
        assertThatThrownBy(() -> zone.publish(alias, place))
                .hasMessage(
                        "CNAME at " + port + "." + zone.name + " is not published: TLSA at " + port + "." + zone.name
                                + " is there, an alias stands alone, and Postern did not put it there; remove it, or say that it is"
                                + " Postern's: postern dns adopt " + port + "." + zone.name + " TLSA");
        assertThat(zone.records("_dane", "TLSA")).as("the rest is published").hasSize(1);
        zone.primary.change(zone.name, "update delete " + name + " TLSA");

        zone.publish(zone.tlsa(300, "a"));
        assertThat(zone.records(port, "TLSA")).hasSize(1);
        assertThat(zone.records("_dane", "TLSA")).isEmpty();
        zone.publish(alias, place);
        assertThat(zone.records(port, "CNAME")).containsExactly("300 CNAME _dane." + zone.name + ".");
        assertThat(zone.records("_dane", "TLSA")).hasSize(1);
        zone.publish(zone.tlsa(300, "a"));
        assertThat(zone.records(port, "CNAME")).isEmpty();
        assertThat(zone.records(port, "TLSA")).hasSize(1);
        zone.publish();
        assertThat(zone.records(port, "TLSA")).isEmpty();
    }

    /// An alias beside other records is no zone: a server passes it over, and says nothing.
    @ParameterizedTest
    @EnumSource
    void recordsOfOthersKeepAnAliasOutAndAreNamed(Program program) throws Exception {
        Zone zone = new Zone(program);
        RecordSet alias = zone.set("mta-sts", RecordType.CNAME, 300, "web." + zone.name + ".");
        for (String others : List.of("A 192.0.2.1", "AAAA 2001:db8::1", "TXT \"theirs\"")) {
            String type = others.substring(0, others.indexOf(' '));
            zone.primary.change(zone.name, "update add " + alias.owner() + ". 300 " + others);
            assertThatThrownBy(() -> zone.publish(alias))
                    .hasMessageStartingWith("CNAME at " + alias.owner() + " is not published: " + type + " at "
                            + alias.owner() + " is there, an alias stands alone");
            zone.primary.change(zone.name, "update delete " + alias.owner() + ". " + type);
        }
        zone.publish(alias);
        assertThat(zone.records("mta-sts", "CNAME")).containsExactly("300 CNAME web." + zone.name + ".");
        zone.publish();
        assertThat(zone.records("mta-sts", "CNAME")).isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void whatOthersTookAwayIsPutBackAndWhatTheyThenPutThereIsTheirs(Program program) throws Exception {
        Zone zone = new Zone(program);
        zone.publish(zone.tlsa(300, "a"));
        zone.primary.change(zone.name, "update delete _993._tcp.mail." + zone.name + ". TLSA");
        zone.publish(zone.tlsa(300, "a"));
        assertThat(zone.records("_993._tcp.mail", "TLSA")).hasSize(1);
        assertThat(zone.outcomes())
                .containsExactly("sent", "accepted", "confirmed", "gone", "sent", "accepted", "confirmed");
        zone.primary.change(zone.name, "update delete _993._tcp.mail." + zone.name + ". TLSA");
        zone.publish();
        zone.primary.change(zone.name, "update add _993._tcp.mail." + zone.name + ". 300 TLSA 3 1 1 " + "a".repeat(64));
        zone.publish();
        assertThat(zone.records("_993._tcp.mail", "TLSA")).hasSize(1);
    }

    @ParameterizedTest
    @EnumSource
    void refusalsSayWhatToDo(Program program) throws Exception {
        Zone zone = new Zone(program);
        RecordSet wanted = zone.tlsa(300, "a");
        assertThatThrownBy(() -> zone.with(Zone.key("other-key")).publish(wanted))
                .hasMessageContaining("does not take key other-key (hmac-sha256) (BADKEY)");
        UpdateKey badSecret = new UpdateKey(
                new DomainName(DynamicPrimary.KEY), UpdateKey.Algorithm.HMAC_SHA256, "A".repeat(43) + "=");
        assertThatThrownBy(() -> zone.with(badSecret).publish(wanted))
                .hasMessageContaining("has another secret for key postern-key (hmac-sha256) (BADSIG)")
                .hasMessageNotContaining("AAAA");
        zone.with(Zone.key(DynamicPrimary.KEY));
        UpdateSettings right = zone.settings;
        zone.settings = right.withClock(Clock.offset(Clock.systemUTC(), Duration.ofHours(-1)));
        assertThatThrownBy(() -> zone.publish(wanted))
                .hasMessageContaining("(BADTIME): here it is")
                .hasMessageContaining("NTP");
        zone.settings = right;
        zone.publish(wanted);

        // a key with few rights: the rest is published, and each refusal named
        zone.with(Zone.key(DynamicPrimary.LIMITED_KEY));
        assertThatThrownBy(() -> zone.publish(
                        wanted,
                        zone.srv("0 1 993 mail." + zone.name + "."),
                        zone.set("@", RecordType.TXT, 300, "\"v=spf1 mx -all\""),
                        zone.set("_dmarc", RecordType.TXT, 300, "\"v=DMARC1; p=none\"")))
                .hasMessageContaining("TXT at " + zone.name + ": ")
                .hasMessageContaining("TXT at _dmarc." + zone.name + ": ")
                .hasMessageContaining(program == Program.BIND ? "update-policy" : "acl")
                .message()
                .hasLineCount(2);
        assertThat(zone.records("_imaps._tcp", "SRV")).hasSize(1);
    }

    /// A name below a zone that is no zone itself: both would answer for it, and take no update of it.
    @ParameterizedTest
    @EnumSource
    void aNameThatIsNoZoneOfTheServerIsTold(Program program) throws Exception {
        Zone zone = new Zone(program);
        RecordSet wanted = zone.tlsa(300, "a");
        zone.settings = UpdateSettings.of(
                "127.0.0.1",
                zone.primary.port(),
                new DomainName("mail." + zone.name),
                zone.settings.key(),
                zone.journal);
        assertThatThrownBy(() -> zone.publish(wanted))
                .hasMessageContaining(
                        "is not the primary server of mail." + zone.name + " (NOTAUTH): check the zone's name")
                .hasMessageNotContaining("attempts");
        assertThat(zone.outcomes())
                .as("Knot signs no such answer")
                .containsExactly("sent", program == Program.BIND ? "refused" : "unknown");
        assertThat(zone.records("_993._tcp.mail", "TLSA")).isEmpty();
    }

    /// Servers that have the zone and know the key, and are not where updates go: told at once, not tried again.
    @ParameterizedTest
    @EnumSource
    void secondariesTakeNoUpdates(SecondaryServer.Program program) throws Exception {
        Zone zone = new Zone(Program.BIND);
        try (SecondaryServer secondary = SecondaryServer.start(
                program,
                directory.resolve("secondaries"),
                zone.name,
                DynamicPrimary.KEY,
                FreePorts.next(),
                zone.primary.port())) {
            Instant deadline = Instant.now().plus(Duration.ofMinutes(2));
            while (Lookups.records(secondary.port(), zone.name, "SOA").isEmpty()) {
                assertThat(Instant.now()).isBefore(deadline);
                LockSupport.parkNanos(20_000_000);
            }
            zone.settings = UpdateSettings.of(
                    "127.0.0.1", secondary.port(), zone.settings.zone(), zone.settings.key(), zone.journal);
            assertThatThrownBy(() -> zone.publish(zone.tlsa(300, "a")))
                    .hasMessageContaining(
                            switch (program) {
                                case NSD -> "takes no update messages (NOTIMP): dynamic updates must be allowed there";
                                case BIND -> "(REFUSED)";
                                case KNOT -> "(BADKEY)";
                            })
                    .hasMessageNotContaining("attempts");
            assertThat(zone.outcomes()).startsWith("sent").doesNotContain("confirmed");
            assertThat(zone.records("_993._tcp.mail", "TLSA")).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource
    void anotherZoneIsNotTouched(Program program) throws Exception {
        Zone zone = new Zone(program);
        assertThatThrownBy(() -> zone.publish(new RecordSet(
                        new DomainName("a.elsewhere.test"),
                        RecordType.A,
                        Duration.ofSeconds(60),
                        List.of("192.0.2.1"))))
                .hasMessage("A at a.elsewhere.test is not in the zone " + zone.name);
        assertThatThrownBy(() -> zone.publish(zone.set("_imaps._tcp.sub", RecordType.SRV, 300, "0 0 0 .")))
                .hasMessageContaining("is in a zone of its own, sub." + zone.name);
        // the others come in all the same
        RecordSet beside = zone.set("_imaps._tcp", RecordType.SRV, 300, "0 0 0 .");
        assertThatThrownBy(() -> zone.publish(beside, zone.set("_imaps._tcp.sub", RecordType.SRV, 300, "0 0 0 .")))
                .hasMessageContaining("is in a zone of its own");
        assertThat(zone.records("_imaps._tcp", "SRV")).hasSize(1);
        zone.settings = UpdateSettings.of(
                "127.0.0.1", zone.primary.port(), new DomainName("nowhere.test"), zone.settings.key(), zone.journal);
        assertThatThrownBy(() -> zone.publish(new RecordSet(
                        new DomainName("a.nowhere.test"), RecordType.A, Duration.ofSeconds(60), List.of("192.0.2.1"))))
                .hasMessageContaining("is it the primary server");
    }

    @ParameterizedTest
    @EnumSource
    void aLostMessageIsSentAgainAndALostAnswerIsAskedFor(Program program) throws Exception {
        Zone zone = new Zone(program);
        try (UpdateRelay relay = new UpdateRelay(zone.primary.port())) {
            zone.through(relay);
            relay.next(UpdateRelay.Fate.REQUEST_LOST);
            zone.publish(zone.tlsa(300, "a"));
            assertThat(zone.outcomes()).containsExactly("sent", "unknown", "settled", "sent", "accepted", "confirmed");
            relay.next(UpdateRelay.Fate.ANSWER_LOST);
            zone.publish(zone.tlsa(300, "b"));
            assertThat(zone.records("_993._tcp.mail", "TLSA")).hasSize(1);
            assertThat(zone.outcomes()).hasSize(9).endsWith("sent", "unknown", "settled");
            relay.next(UpdateRelay.Fate.ANSWER_FORGED);
            zone.publish(zone.tlsa(300, "c"));
            assertThat(zone.outcomes()).hasSize(12).endsWith("sent", "unknown", "settled");
            // to the end of its patience: an error, and the next call completes it
            relay.next(UpdateRelay.Fate.REQUEST_LOST, UpdateRelay.Fate.REQUEST_LOST, UpdateRelay.Fate.ANSWER_LOST);
            assertThatThrownBy(() -> zone.publish())
                    .hasMessageContaining("no answer from 127.0.0.1 port " + relay.port()
                            + ": it closed the connection (3 attempts)");
            assertThat(zone.records("_993._tcp.mail", "TLSA"))
                    .as("though it is done")
                    .isEmpty();
            zone.publish();
            assertThat(zone.outcomes()).endsWith("unknown", "settled");
        }
    }

    @ParameterizedTest
    @EnumSource
    void aServerThatIsDownIsWaitedFor(Program program) throws Exception {
        Path own = directory.resolve("down-" + program);
        try (DynamicPrimary primary = new DynamicPrimary(program, own)) {
            primary.zone("down.test", "");
            UpdateSettings settings = UpdateSettings.of(
                            "127.0.0.1",
                            primary.port(),
                            new DomainName("down.test"),
                            Zone.key(DynamicPrimary.KEY),
                            own.resolve("postern.journal"))
                    .withPatience(Duration.ofSeconds(60));
            RecordSet wanted = new RecordSet(
                    new DomainName("a.down.test"), RecordType.A, Duration.ofSeconds(60), List.of("192.0.2.1"));
            try (UpdatePublisher publisher = new UpdatePublisher(settings.withAttempts(2, Duration.ofMillis(1)))) {
                assertThatThrownBy(() -> publisher.publish(List.of(wanted)))
                        .hasMessageContaining("cannot be reached: Connection refused (2 attempts)");
            }
            try (UpdatePublisher publisher = new UpdatePublisher(settings.withAttempts(20, Duration.ofMillis(1)))) {
                Thread starter = Thread.ofPlatform().start(() -> {
                    try {
                        primary.start();
                    } catch (IOException e) {
                        throw new IllegalStateException(e);
                    }
                });
                publisher.publish(List.of(wanted));
                starter.join();
                assertThat(primary.records("a.down.test", "A")).containsExactly("60 A 192.0.2.1");
                primary.stop();
                primary.start();
                publisher.publish(List.of());
                assertThat(primary.records("a.down.test", "A")).isEmpty();
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void whoChangesTheZoneBetweenLookAndMessageIsSeen(Program program) throws Exception {
        Zone zone = new Zone(program);
        try (UpdateRelay relay = new UpdateRelay(zone.primary.port())) {
            zone.through(relay);
            zone.publish(zone.tlsa(300, "a"));
            relay.before(() -> {
                zone.primary.change(
                        zone.name, "update add _993._tcp.mail." + zone.name + ". 300 TLSA 3 1 1 " + "f".repeat(64));
                return null;
            });
            zone.publish(zone.tlsa(300, "b"));
            assertThat(zone.records("_993._tcp.mail", "TLSA"))
                    .hasSize(2)
                    .anyMatch(line -> line.contains("BBBB"))
                    .anyMatch(line -> line.contains("FFFF"));
            assertThat(zone.outcomes()).hasSize(8).endsWith("sent", "refused", "sent", "accepted", "confirmed");
            // somebody's SRV record, just before ours would be the first
            relay.before(() -> {
                zone.primary.change(
                        zone.name, "update add _imaps._tcp." + zone.name + ". 600 SRV 0 1 993 theirs.test.");
                return null;
            });
            assertThatThrownBy(() -> zone.publish(zone.tlsa(300, "b"), zone.srv("0 1 993 mail." + zone.name + ".")))
                    .hasMessageContaining("theirs.test. is there");
            assertThat(zone.records("_imaps._tcp", "SRV")).containsExactly("600 SRV 0 1 993 theirs.test.");
        }
    }

    /// Postern dies before, in and after each line of the journal, with the message done or not; then it starts
    /// again.
    @ParameterizedTest
    @EnumSource
    void aCrashAtAnyPointLosesNothingAndTakesNothingOfOthers(Program program) throws Exception {
        Zone zone = new Zone(program);
        String owner = "_993._tcp.mail." + zone.name + ".";
        zone.primary.change(zone.name, "update add " + owner + " 300 TLSA 3 1 1 " + "f".repeat(64));
        zone.publish(zone.tlsa(300, "a"));
        long before = Files.size(zone.journal);
        zone.publish(zone.tlsa(300, "b"));
        byte[] journal = Files.readAllBytes(zone.journal);
        int sent = (int) before;
        while (journal[sent] != '\n') {
            sent++;
        }
        sent++;
        // no octet of its line, one, half, all but the last: nothing was sent
        List<Integer> cuts =
                new ArrayList<>(List.of((int) before, (int) before + 1, ((int) before + sent) / 2, sent - 1, sent));
        int sentWhole = cuts.size() - 1;
        for (int start = sent; start < journal.length; ) { // half of each line that follows, and all of it
            int end = start;
            while (journal[end] != '\n') {
                end++;
            }
            cuts.add((start + end) / 2);
            cuts.add(end + 1);
            start = end + 1;
        }
        for (int index = 0; index < cuts.size(); index++) {
            boolean[] states = index < sentWhole ? new boolean[] {false} : new boolean[] {false, true};
            for (boolean done : states) {
                if (!done && cuts.get(index) > sent) {
                    continue; // the server had said that it is done
                }
                zone.primary.change(
                        zone.name,
                        "update delete " + owner + " TLSA",
                        "update add " + owner + " 300 TLSA 3 1 1 " + "f".repeat(64),
                        "update add " + owner + " 300 TLSA 3 1 1 " + (done ? "b" : "a").repeat(64));
                Files.write(zone.journal, java.util.Arrays.copyOf(journal, cuts.get(index)));
                zone.publish(zone.tlsa(300, "c"));
                assertThat(zone.records("_993._tcp.mail", "TLSA"))
                        .as("cut at %s of %s, done: %s", cuts.get(index), journal.length, done)
                        .hasSize(2)
                        .anyMatch(line -> line.contains("CCCC"))
                        .anyMatch(line -> line.contains("FFFF"));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void manyDomainsGoInSeveralMessages(Program program) throws Exception {
        Zone zone = new Zone(program);
        List<RecordSet> wanted = new ArrayList<>();
        for (int index = 0; index < 400; index++) {
            wanted.add(zone.set("_imaps._tcp.d" + index, RecordType.SRV, 300, "0 1 993 mail." + zone.name + "."));
        }
        try (UpdatePublisher publisher = new UpdatePublisher(zone.settings)) {
            publisher.publish(wanted);
            assertThat(publisher.journal().stream()
                            .filter(entry -> entry.outcome().equals("confirmed")))
                    .hasSizeGreaterThan(3);
            assertThat(zone.records("_imaps._tcp.d399", "SRV")).hasSize(1);
            publisher.publish(wanted.subList(1, 400));
            assertThat(zone.records("_imaps._tcp.d0", "SRV")).isEmpty();
            publisher.publish(List.of());
            assertThat(zone.records("_imaps._tcp.d399", "SRV")).isEmpty();
        }
    }

    @Test
    void aServerThatTakesAndDoesNotSignIsNotBelieved() throws Exception {
        try (ServerSocket listener = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            Thread.ofPlatform().daemon().start(() -> {
                try (java.net.Socket client = listener.accept()) {
                    var input = new java.io.DataInputStream(client.getInputStream());
                    byte[] question = new byte[input.readUnsignedShort()];
                    input.readFully(question);
                    byte[] answer = java.util.Arrays.copyOf(question, 14);
                    answer[0] = 0;
                    answer[1] = 12;
                    answer[2] = question[0];
                    answer[3] = question[1];
                    answer[4] = (byte) 0x84;
                    java.util.Arrays.fill(answer, 5, 14, (byte) 0);
                    client.getOutputStream().write(answer);
                    input.transferTo(java.io.OutputStream.nullOutputStream());
                } catch (IOException e) {
                    return; // the client has gone
                }
            });
            UpdateSettings settings = UpdateSettings.of(
                            "127.0.0.1",
                            listener.getLocalPort(),
                            new DomainName("a.test"),
                            Zone.key("k"),
                            directory.resolve("unsigned.journal"))
                    .withAttempts(1, Duration.ofMillis(1));
            try (UpdatePublisher publisher = new UpdatePublisher(settings)) {
                assertThatThrownBy(() -> publisher.publish(List.of(new RecordSet(
                                new DomainName("a.test"), RecordType.A, Duration.ofSeconds(60), List.of("192.0.2.1")))))
                        .hasMessageContaining("does not sign its answers with key k");
            }
        }
    }
}
