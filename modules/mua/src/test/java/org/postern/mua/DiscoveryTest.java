package org.postern.mua;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.postern.resolver.DnsRecord;
import org.postern.resolver.DomainName;
import org.postern.resolver.Lookup;
import org.postern.testkit.Requirement;

/// Which servers SRV records lead to, and in which order.
class DiscoveryTest {
    private static final DomainName DOMAIN = new DomainName("example.org");
    private static final Instant NOW = Instant.parse("2026-06-01T12:00:00Z");

    /// Answers by label; what is not there is denied.
    private final Map<String, Lookup> zone = new HashMap<>();

    private final List<String> asked = new ArrayList<>();
    private final Discovery discovery = new Discovery(this::lookup, new Random(1));

    private Lookup lookup(DomainName name, DnsRecord.Type type) {
        assertThat(type).isEqualTo(DnsRecord.Type.SRV);
        asked.add(name.text());
        return zone.getOrDefault(
                name.text(),
                new Lookup.Secure(name, List.of(), Lookup.Absence.NO_NAME, Duration.ofHours(1), List.of(), List.of()));
    }

    private static DnsRecord.Srv srv(String text) {
        String[] words = text.split(" ", -1);
        return new DnsRecord.Srv(
                Integer.parseInt(words[0]),
                Integer.parseInt(words[1]),
                Integer.parseInt(words[2]),
                new DomainName(words[3]));
    }

    private void secure(String label, String... records) {
        DomainName name = new DomainName("_" + label + "._tcp.example.org");
        List<DnsRecord> all = new ArrayList<>();
        for (String record : records) {
            all.add(srv(record));
        }
        zone.put(
                name.text(),
                new Lookup.Secure(name, all, Lookup.Absence.NONE, Duration.ofHours(1), List.of(), List.of()));
    }

    private void insecure(String label, String... records) {
        secure(label, records);
        zone.computeIfPresent("_" + label + "._tcp.example.org", (_, answer) -> {
            Lookup.Secure was = (Lookup.Secure) answer;
            return new Lookup.Insecure(
                    was.canonicalName(), was.records(), was.absence(), was.timeToLive(), List.of(), List.of());
        });
    }

    private void bogus(String label) {
        DomainName name = new DomainName("_" + label + "._tcp.example.org");
        zone.put(name.text(), new Lookup.Bogus(name, "a signature has expired", List.of(), List.of()));
    }

    private Found.Offered offered(Purpose purpose, Protocol preferred) {
        return (Found.Offered) discovery.find(DOMAIN, purpose, preferred);
    }

    private static List<String> names(List<Offer> offers) {
        return offers.stream()
                .map(offer -> switch (offer) {
                    case Offer.Ready ready -> ready.server().toString();
                    case Offer.Unconfirmed unconfirmed -> unconfirmed.toString();
                })
                .toList();
    }

    @Test
    @Requirement({"R6186-1", "R6186-4", "R8314-50", "R8314-51", "L-41"})
    void prioritiesCompareAcrossLabels() {
        secure("imap", "0 1 143 a.example.org");
        secure("imaps", "20 1 993 a.example.org", "5 1 10993 b.example.org");
        secure("pop3s", "10 1 995 a.example.org");
        Found.Offered found = offered(Purpose.ACCESS, Protocol.POP3);
        assertThat(found.protocol()).isEqualTo(Protocol.IMAP);
        assertThat(names(found.offers()))
                .containsExactly(
                        "imap://a.example.org:143", "imaps://b.example.org:10993", "imaps://a.example.org:993");
        assertThat(names(found.otherProtocol())).containsExactly("pop3s://a.example.org:995");
        assertThat(asked)
                .containsExactly(
                        "_imaps._tcp.example.org",
                        "_imap._tcp.example.org",
                        "_pop3s._tcp.example.org",
                        "_pop3._tcp.example.org");
    }

    @Test
    @Requirement({"R6186-4", "L-43"})
    void amongEqualsTheProtocolIsChosenBeforeWeights() {
        secure("imaps", "0 10 993 a.example.org");
        secure("imap", "0 50 143 a.example.org");
        secure("pop3s", "0 90 995 a.example.org");
        assertThat(names(offered(Purpose.ACCESS, Protocol.IMAP).offers()))
                .as("implicit TLS first")
                .containsExactly("imaps://a.example.org:993", "imap://a.example.org:143");
        assertThat(offered(Purpose.ACCESS, Protocol.POP3).protocol()).isEqualTo(Protocol.POP3);
    }

    @Test
    @Requirement({"R6186-7", "L-43"})
    void weightsDivideTheLoadAndZeroIsDrawnSeldom() {
        secure(
                "imaps",
                "0 90 993 a.example.org",
                "0 10 993 b.example.org",
                "0 0 993 z.example.org",
                "1 0 993 c.example.org");
        Map<String, Integer> first = new HashMap<>();
        for (int count = 0; count < 10_000; count++) {
            List<String> names = names(offered(Purpose.ACCESS, Protocol.IMAP).offers());
            first.merge(names.getFirst(), 1, Integer::sum);
            assertThat(names).hasSize(4).endsWith("imaps://c.example.org:993");
        }
        assertThat(first.get("imaps://a.example.org:993")).isBetween(8_700, 9_100);
        assertThat(first.get("imaps://b.example.org:993")).isBetween(850, 1_150);
        assertThat(first.get("imaps://z.example.org:993")).isBetween(40, 180);
        List<String> once = names(
                new Discovery(this::lookup, new Random(7)).find(DOMAIN, Purpose.ACCESS, Protocol.IMAP)
                                instanceof Found.Offered found
                        ? found.offers()
                        : List.of());
        List<String> again = names(
                new Discovery(this::lookup, new Random(7)).find(DOMAIN, Purpose.ACCESS, Protocol.IMAP)
                                instanceof Found.Offered found
                        ? found.offers()
                        : List.of());
        assertThat(once).as("the same draw from the same source").isEqualTo(again);
    }

    @Test
    @Requirement({"R6186-5", "L-42"})
    void aDotMeansNotOfferedAndNothingIsGuessed() {
        secure("imaps", "0 0 0 .");
        secure("imap", "0 0 143 a.example.org");
        assertThat(names(offered(Purpose.ACCESS, Protocol.IMAP).offers())).containsExactly("imap://a.example.org:143");
        secure("imap", "0 0 0 .");
        assertThat(discovery.find(DOMAIN, Purpose.ACCESS, Protocol.IMAP)).isInstanceOf(Found.NotOffered.class);
        secure("imap", "0 0 0 .", "0 0 143 a.example.org");
        assertThat(discovery.find(DOMAIN, Purpose.ACCESS, Protocol.IMAP))
                .isInstanceOfSatisfying(
                        Found.NotOffered.class,
                        found -> assertThat(found.sets().get(1).faults()).hasSize(1));
        zone.clear();
        assertThat(discovery.find(DOMAIN, Purpose.ACCESS, Protocol.IMAP)).isInstanceOf(Found.NoRecords.class);
    }

    @Test
    @Requirement({"R2782-1", "R6186-7"})
    void recordsThatCannotBeFollowedAreLeftOutAndNamed() {
        secure("imaps", "0 0 0 a.example.org", "0 0 993 192.0.2.1", "0 0 993 *.example.org", "1 0 993 b.example.org");
        Found.Offered found = offered(Purpose.ACCESS, Protocol.IMAP);
        assertThat(names(found.offers())).containsExactly("imaps://b.example.org:993");
        assertThat(found.sets().getFirst().faults()).hasSize(3);
    }

    @Test
    @Requirement({"SEED-9", "SEED-15", "L-45"})
    void submissionFallsBackToSmtpOnlyWhereNothingElseIsPublished() {
        secure("smtp", "0 0 25 a.example.org");
        secure("smtps", "0 0 465 a.example.org");
        assertThat(names(offered(Purpose.SUBMISSION, Protocol.SUBMISSION).offers()))
                .containsExactly("smtp://a.example.org:25");
        assertThat(asked).doesNotContain("_smtps._tcp.example.org");
        secure("submissions", "0 0 465 a.example.org");
        assertThat(names(offered(Purpose.SUBMISSION, Protocol.SUBMISSION).offers()))
                .containsExactly("submissions://a.example.org:465");
        secure("submissions", "0 0 0 .");
        assertThat(discovery.find(DOMAIN, Purpose.SUBMISSION, Protocol.SUBMISSION))
                .isInstanceOf(Found.NotOffered.class);
    }

    @Test
    @Requirement({"SEED-14", "SEED-18", "R8314-54", "R6186-14", "L-37", "L-39"})
    void anUnsignedTargetElsewhereNeedsTheUser() {
        insecure("imaps", "0 0 993 mail.example.org", "1 0 993 mail.elsewhere.example");
        List<Offer> offers = offered(Purpose.ACCESS, Protocol.IMAP).offers();
        assertThat(offers.get(0))
                .isInstanceOfSatisfying(
                        Offer.Ready.class,
                        ready -> assertThat(ready.server().references().all())
                                .as("the target is no name to look for")
                                .noneMatch(each -> each.toString().contains("mail.example.org")));
        assertThat(offers.get(1)).isInstanceOfSatisfying(Offer.Unconfirmed.class, unconfirmed -> {
            assertThat(unconfirmed.host()).isEqualTo("mail.elsewhere.example");
            assertThat(unconfirmed.confirmedByUser().references().all())
                    .anyMatch(each -> each.toString().equals("DNS-ID mail.elsewhere.example"));
        });
        secure("imaps", "0 0 993 mail.elsewhere.example");
        assertThat(offered(Purpose.ACCESS, Protocol.IMAP).offers().getFirst())
                .isInstanceOfSatisfying(
                        Offer.Ready.class,
                        ready -> assertThat(ready.server().references().all())
                                .anyMatch(each -> each.toString().equals("DNS-ID mail.elsewhere.example"))
                                .anyMatch(each -> each.toString().equals("SRV-ID _imaps.example.org")));
    }

    @Test
    @Requirement("DT-9")
    void oneSetThatFailsStopsAll() {
        secure("imaps", "0 0 993 a.example.org");
        bogus("imap");
        Found found = discovery.find(DOMAIN, Purpose.ACCESS, Protocol.IMAP);
        assertThat(found).isInstanceOf(Found.Failed.class);
        for (Policy policy : Policy.values()) {
            Decision decision =
                    Judge.judge(policy, (Found.Failed) found, Account.named("alice@example.org"), Phase.SETUP);
            assertThat(decision).isInstanceOf(Decision.Terminate.class);
            assertThat(decision.evidence().row().id()).isEqualTo("DT-9");
            assertThat(decision.evidence().lines()).anyMatch(line -> line.contains("a signature has expired"));
        }
    }

    private SavedServer saved() {
        Server server =
                ((Offer.Ready) offered(Purpose.ACCESS, Protocol.IMAP).offers().getFirst()).server();
        asked.clear();
        return SavedServer.of(server, NOW);
    }

    @Test
    @Requirement({"R6186-10", "R8314-55", "L-40"})
    void whatWasNotSignedStays() {
        insecure("imaps", "0 0 993 mail.example.org");
        SavedServer saved = saved();
        insecure("imaps", "0 0 993 attacker.example.org");
        assertThat(discovery.refresh(saved, NOW.plus(Duration.ofDays(100)))).isEqualTo(new Refresh.Keep(saved, ""));
        assertThat(asked).as("no lookup for a connection").isEmpty();
        assertThat(discovery.check(saved, NOW)).isInstanceOfSatisfying(Refresh.Keep.class, keep -> {
            assertThat(keep.saved()).isEqualTo(saved);
            assertThat(keep.alert()).contains("attacker.example.org");
        });
        secure("imaps", "0 0 993 new.example.net");
        secure("pop3s", "0 0 995 new.example.net");
        assertThat(discovery.check(saved, NOW)).isInstanceOfSatisfying(Refresh.Follow.class, follow -> {
            assertThat(follow.next().server()).hasToString("imaps://new.example.net:993");
        });
        assertThat(asked).as("the protocol stays").noneMatch(name -> name.contains("pop3"));
    }

    @Test
    @Requirement({"R6186-10", "R8314-55", "L-40"})
    void whatWasSignedFollowsWhenItIsTooOld() {
        secure("imaps", "0 0 993 mail.example.org", "1 0 993 second.example.org");
        SavedServer saved = saved();
        secure("imaps", "0 0 993 new.example.net");
        assertThat(discovery.refresh(saved, NOW.plus(Duration.ofMinutes(59)))).isEqualTo(new Refresh.Keep(saved, ""));
        assertThat(asked).as("within its time to live").isEmpty();
        Instant later = NOW.plus(Duration.ofMinutes(61));
        assertThat(discovery.refresh(saved, later))
                .isInstanceOfSatisfying(
                        Refresh.Follow.class,
                        follow -> assertThat(follow.next().server().host()).isEqualTo("new.example.net"));
        insecure("imaps", "0 0 993 new.example.net");
        assertThat(discovery.refresh(saved, later))
                .isInstanceOfSatisfying(
                        Refresh.Keep.class, keep -> assertThat(keep.alert()).contains("unsigned"));
        bogus("imaps");
        assertThat(discovery.refresh(saved, later))
                .isInstanceOfSatisfying(
                        Refresh.Keep.class, keep -> assertThat(keep.saved()).isEqualTo(saved));
        secure("imaps", "0 0 0 .");
        assertThat(discovery.refresh(saved, later)).isInstanceOf(Refresh.Withdrawn.class);
    }
}
