package org.postern.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.dns.RecordSet;
import org.postern.identity.TrustAnchors;
import org.postern.recordgroups.GroupSettings;
import org.postern.recordgroups.GroupSettings.DkimSelector;
import org.postern.recordgroups.GroupSettings.KeySource;
import org.postern.recordgroups.Surroundings;
import org.postern.resolver.DomainName;
import org.postern.resolver.Upstream;

/// What is known of record groups over time: what stays, what is forgotten, and which of two looks counts.
class DnsGroupsTest {
    private static final DomainName DOMAIN = new DomainName("example.test");
    private static final DomainName OTHER = new DomainName("other.test");

    @TempDir
    Path directory;

    private final List<DnsGroups> opened = new ArrayList<>();
    private volatile DnsGroups.Situation situation = situation(GroupSettings.NONE);
    private volatile Runnable whileLooking = () -> {};

    /// Without a mailbox that reports go to there is no TLSRPT record.
    private final Set<String> mailboxes = ConcurrentHashMap.newKeySet();

    private DnsGroups open() {
        DnsGroups groups = new DnsGroups(
                directory,
                address -> {
                    whileLooking.run();
                    return mailboxes.contains(address);
                },
                () -> new TrustAnchors(List.of()),
                () -> new TrustAnchors(List.of()),
                new DomainName("mail.example.test"),
                Surroundings.Ports.USUAL);
        groups.follow(() -> situation, () -> {});
        opened.add(groups);
        return groups;
    }

    @AfterEach
    void close() {
        opened.forEach(DnsGroups::close);
    }

    private static DnsGroups.Situation situation(GroupSettings settings, DomainName... domains) {
        DnsSettings dns = DnsSettings.of("mail.example.test");
        return new DnsGroups.Situation(
                new DnsSettings(
                        List.of(new Upstream(InetAddress.ofLiteral("127.0.0.1"), 1)),
                        Optional.empty(),
                        dns.timeToLive(),
                        dns.frontEnds(),
                        dns.tlsa(),
                        false,
                        List.of(new DnsSettings.Groups(Set.of(), settings)),
                        List.of(new DnsSettings.Zone(DOMAIN, new DnsSettings.Way.Text(), List.of()))),
                domains.length == 0 ? List.of(DOMAIN) : Arrays.asList(domains),
                Map.of());
    }

    private static GroupSettings reports(String mailbox) {
        return new GroupSettings(
                List.of(),
                Optional.empty(),
                List.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.of("v=TLSRPTv1; rua=mailto:" + mailbox + "@{domain}"),
                Optional.empty());
    }

    private GroupSettings signed(KeySource source) {
        return new GroupSettings(
                List.of(),
                Optional.empty(),
                List.of(new DkimSelector("s", source)),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    private List<String> permitted(DnsGroups groups) {
        return groups.permitted(situation).stream()
                .flatMap(set -> set.data().stream().map(data -> set.key() + " " + data.replace("\\;", ";")))
                .toList();
    }

    private static String report(String mailbox) {
        return "_smtp._tls.example.test TXT \"v=TLSRPTv1; rua=mailto:" + mailbox + "@example.test\"";
    }

    private void look(DnsGroups groups) {
        groups.look(situation, situation.domains());
    }

    @Test
    void aChangeWaitsAndWhatAnsweredStaysOverARestart() {
        DnsGroups groups = open();
        situation = situation(reports("a"));
        look(groups);
        assertThat(permitted(groups)).isEmpty();
        assertThat(groups.waiting(situation))
                .singleElement()
                .satisfies(each -> assertThat(each.text())
                        .isEqualTo("_smtp._tls.example.test TXT waits: there is no mailbox a@example.test"));
        mailboxes.add("a@example.test");
        look(groups);
        assertThat(permitted(groups)).containsExactly(report("a"));
        assertThat(groups.waiting(situation)).isEmpty();

        mailboxes.clear();
        situation = situation(reports("b"));
        look(groups);
        assertThat(permitted(groups)).containsExactly(report("a"));
        assertThat(groups.waiting(situation))
                .singleElement()
                .satisfies(each -> assertThat(each.text())
                        .isEqualTo("_smtp._tls.example.test TXT stays as it is: there is no mailbox b@example.test"));
        assertThat(permitted(open())).containsExactly(report("a"));
        situation = situation(reports("a"));
        look(groups);
        assertThat(groups.waiting(situation))
                .singleElement()
                .satisfies(
                        each -> assertThat(each.text())
                                .isEqualTo(
                                        "_smtp._tls.example.test TXT leads to what answers no more: there is no mailbox a@example.test"));
    }

    @Test
    void whatWasSwitchedOffIsForgotten() {
        mailboxes.add("a@example.test");
        DnsGroups groups = open();
        situation = situation(reports("a"));
        look(groups);
        assertThat(permitted(groups)).hasSize(1);
        situation = situation(GroupSettings.NONE);
        assertThat(permitted(groups)).isEmpty();
        groups.start();
        ConfiguredServer.await(() -> permittedWith(groups, reports("b")).isEmpty());
        assertThat(permittedWith(open(), reports("b"))).isEmpty();
    }

    private static List<RecordSet> permittedWith(DnsGroups groups, GroupSettings settings) {
        return groups.permitted(situation(settings));
    }

    /// The configuration may change while a look is under way, and a domain may go.
    @Test
    void aLookThatEndsTooLateChangesNothing() {
        mailboxes.addAll(Set.of("a@example.test", "b@example.test", "a@other.test"));
        DnsGroups groups = open();
        DnsGroups.Situation before = situation(reports("a"), DOMAIN, OTHER);
        situation = before;
        whileLooking = () -> situation = situation(reports("b"));
        groups.look(before, before.domains());
        whileLooking = () -> {};
        assertThat(permitted(groups)).isEmpty();
        situation = situation(reports("b"), DOMAIN, OTHER);
        assertThat(permitted(groups)).isEmpty();
        look(groups);
        assertThat(permitted(groups)).contains(report("b"));
    }

    /// The later one began with what is true now.
    @Test
    void ofTwoLooksTheOneThatBeganLaterCounts() throws Exception {
        DnsGroups groups = open();
        situation = situation(reports("a"));
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch answered = new CountDownLatch(1);
        whileLooking = () -> {
            whileLooking = () -> {};
            asked.countDown();
            await(answered);
        };
        Thread first = Thread.ofPlatform().start(() -> look(groups));
        await(asked);
        look(groups); // there is no mailbox
        mailboxes.add("a@example.test");
        answered.countDown();
        first.join();
        assertThat(permitted(groups)).isEmpty();
        assertThat(groups.waiting(situation)).hasSize(1);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void oneDomainsFaultIsNoOthers() {
        mailboxes.add("a@example.test");
        DnsGroups groups = open();
        situation = situation(reports("a"), OTHER, DOMAIN);
        List<String> faults = new ArrayList<>();
        whileLooking = () -> {
            synchronized (faults) {
                faults.add("");
            }
        };
        look(groups);
        assertThat(faults).hasSize(2);
        assertThat(permitted(groups)).containsExactly(report("a"));
        mailboxes.add("a@other.test");
        whileLooking = () -> {
            throw new IllegalStateException("the store is away");
        };
        look(groups);
        assertThat(permitted(groups)).containsExactly(report("a"));
    }

    /// Mail that was signed with the old key is still under way, and the new one may not be there yet.
    @Test
    void aKeyStaysUntilItsSuccessorIsThere() throws Exception {
        String key = Base64.getEncoder()
                .encodeToString(KeyPairGenerator.getInstance("Ed25519")
                        .generateKeyPair()
                        .getPublic()
                        .getEncoded());
        Path file = Files.writeString(
                directory.resolve("key.pem"), "-----BEGIN PUBLIC KEY-----\n" + key + "\n-----END PUBLIC KEY-----\n");
        DnsGroups groups = open();
        situation = situation(signed(new KeySource.KeyFile(file.toString())));
        look(groups);
        assertThat(permitted(groups)).singleElement().asString().startsWith("s._domainkey.example.test TXT ");
        situation = situation(signed(new KeySource.Alias(new DomainName("nowhere.invalid"))));
        look(groups);
        assertThat(permitted(groups)).singleElement().asString().startsWith("s._domainkey.example.test TXT ");
        groups.start();
        groups.settle(situation);
        assertThat(permitted(open())).singleElement().asString().startsWith("s._domainkey.example.test TXT ");
    }

    @Test
    void whatCannotBeWrittenIsTriedAgain() throws Exception {
        mailboxes.add("a@example.test");
        DnsGroups groups = open();
        situation = situation(reports("a"));
        Path obstacle =
                Files.createDirectories(directory.resolve("groups.json.new/x")).getParent();
        assertThatThrownBy(() -> look(groups)).hasMessage(directory.resolve("groups.json") + " cannot be written");
        assertThat(permitted(groups)).isEmpty();
        Files.delete(obstacle.resolve("x"));
        Files.delete(obstacle);
        look(groups);
        assertThat(permitted(groups)).containsExactly(report("a"));
        assertThat(permitted(open())).containsExactly(report("a"));
    }

    @Test
    void aFileThatCannotBeReadStopsTheStart() throws Exception {
        Path file = Files.writeString(directory.resolve("groups.json"), "{\"answered\": [{\"owner\": \"a\"}]}");
        assertThatThrownBy(this::open)
                .isInstanceOf(StartException.class)
                .hasMessageStartingWith(file + " cannot be read: ");
    }
}
