package org.postern.store;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postern.auth.AccountId;
import org.postern.auth.ScramVerifier;
import org.postern.auth.StoredCredentials;
import org.postern.testkit.Requirement;

class AccountsTest {
    private static final Optional<ScramVerifier> NO_SCRAM = Optional.empty();

    @TempDir
    Path directory;

    private PosternStore store;

    @BeforeEach
    void open() {
        store = PosternStore.open(
                StoreSettings.in(directory).withDefaultDomain("example.test"), new SimpleMeterRegistry());
        if (accounts().domains().isEmpty()) {
            accounts().addDomain("example.test");
        }
    }

    @AfterEach
    void close() {
        store.close();
    }

    private void reopen() {
        store.close();
        open();
    }

    private Accounts accounts() {
        return store.accounts();
    }

    private AccountId add(String address) {
        return accounts().addAccount(address, "hash of " + address, NO_SCRAM);
    }

    private StoredCredentials credentials(String loginName) {
        return accounts().find(loginName).orElseThrow();
    }

    private static void refused(String reason, ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOf(AccountException.class).hasMessageContaining(reason);
    }

    // ---- domains

    @Test
    void domainsAreKeptAsALabelsAndOnlyOnce() {
        accounts().addDomain("BÜCHER.example");
        refused("exists already", () -> accounts().addDomain("xn--bcher-kva.example"));
        refused("exists already", () -> accounts().addDomain("Example.TEST"));
        refused("not a domain name", () -> accounts().addDomain("a..b"));
        reopen();
        assertThat(accounts().domains()).containsExactly("example.test", "xn--bcher-kva.example");
        AccountId zoe = add("Zoë@bücher.example");
        assertThat(accounts().account("ZOË@xn--bcher-kva.EXAMPLE").orElseThrow())
                .returns(zoe, Accounts.AccountInformation::id)
                .returns("Zoë@xn--bcher-kva.example", Accounts.AccountInformation::address);
    }

    @Test
    void aDomainWithAccountsStaysUntilTheyAreRemoved() {
        AccountId alice = add("alice@example.test");
        accounts().addAlias("info@example.test", "alice@example.test");
        refused("still has accounts", () -> accounts().removeDomain("example.test"));
        accounts().removeAccount(alice);
        accounts().removeDomain("EXAMPLE.test");
        assertThat(accounts().domains()).isEmpty();
        assertThat(accounts().aliases()).isEmpty();
        refused("there is no domain", () -> accounts().removeDomain("example.test"));
        refused("there is no domain", () -> add("alice@example.test"));
    }

    // ---- accounts

    @Test
    void localPartsCompareWithoutCaseAfterNormalisationAndAreShownAsTyped() {
        AccountId zoe = add("Zoe\u0308.B@example.test");
        refused("exists already", () -> add("ZOË.b@example.test"));
        reopen();
        assertThat(accounts().account("zoë.B@Example.Test").orElseThrow())
                .returns(zoe, Accounts.AccountInformation::id)
                .returns("Zoe\u0308.B@example.test", Accounts.AccountInformation::address);
    }

    @ParameterizedTest
    @ValueSource(strings = {"alice", "@example.test", "a b@example.test", "alice@exa mple.test"})
    void malformedAddressesAreRefused(String address) {
        refused("not a mail address", () -> add(address));
        assertThat(accounts().account(address)).isEmpty();
        assertThat(accounts().accounts()).isEmpty();
    }

    @Test
    void anAddressThatWouldReadAsADetailIsRefused() {
        refused("begins a detail", () -> add("alice+work@example.test"));
    }

    @Test
    void anAccountHasItsMailboxesSubscribedAndWithTheirUse() {
        AccountId alice = add("alice@example.test");
        assertThat(store.mailboxes().list(alice))
                .allMatch(MailboxListing::subscribed)
                .extracting(
                        listing -> listing.name().value(),
                        listing -> listing.specialUse().orElse(null))
                .containsExactly(
                        tuple("Archive", SpecialUse.ARCHIVE),
                        tuple("Drafts", SpecialUse.DRAFTS),
                        tuple("INBOX", null),
                        tuple("Junk", SpecialUse.JUNK),
                        tuple("Sent", SpecialUse.SENT),
                        tuple("Trash", SpecialUse.TRASH));
    }

    @Test
    void aRemovedAccountLeavesNothingThatItsSuccessorCouldSee() throws IOException {
        AccountId first = add("alice@example.test");
        append(first, StoreFixture.message("private"));
        List<AccountId> revoked = new ArrayList<>();
        accounts().onRevoked(revoked::add);
        try (OpenMailbox open = store.mailboxes().open(first, MailboxName.INBOX, false, () -> {})) {
            open.uids();
            accounts().removeAccount(first);
            assertThat(revoked).containsExactly(first);
            assertThat(open.takeChanges()).last().isInstanceOf(MailboxChange.Gone.class);
        }
        assertThat(accounts().find("alice@example.test")).isEmpty();
        assertThat(store.deliveries().resolve("alice@example.test")).isEqualTo(new RecipientVerdict.UnknownUser());
        refused("no such account", () -> accounts().removeAccount(first));
        reopen();
        AccountId second = add("alice@example.test");
        assertThat(second.value()).isGreaterThan(first.value());
        assertThat(store.mailboxes().list(first)).isEmpty();
        MailboxStatus after = store.mailboxes().status(second, MailboxName.INBOX);
        assertThat(after.messages()).isZero();
        assertThat(accounts().account("alice@example.test").orElseThrow())
                .returns(0L, Accounts.AccountInformation::usedBytes)
                .returns(0L, Accounts.AccountInformation::usedMessages);
    }

    @Test
    @Requirement("RFC3501-2.3.1.1")
    void aSuccessorNeverShowsAUidValidityOfItsPredecessor() {
        AccountId first = add("alice@example.test");
        long highest = 0;
        for (int number = 0; number < 20; number++) {
            store.mailboxes().create(first, MailboxName.of("m" + number), Optional.empty());
        }
        for (MailboxListing listing : store.mailboxes().list(first)) {
            highest = Math.max(
                    highest, store.mailboxes().status(first, listing.name()).uidValidity());
        }
        accounts().removeAccount(first);
        reopen();
        AccountId second = add("alice@example.test");
        for (MailboxListing listing : store.mailboxes().list(second)) {
            assertThat(store.mailboxes().status(second, listing.name()).uidValidity())
                    .isGreaterThan(highest);
        }
    }

    private void append(AccountId account, String message) throws IOException {
        byte[] octets = message.getBytes(ISO_8859_1);
        MessageSpool spool = store.newSpool();
        spool.write(octets, 0, octets.length);
        store.mailboxes()
                .append(
                        account,
                        MailboxName.INBOX,
                        List.of(new Mailboxes.Appended(spool, 0, Set.of(), new InternalDate(0, 0))));
    }

    @Test
    void oneOfManyWhoWantAnAddressGetsIt() throws Exception {
        try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Boolean>> tries = new ArrayList<>();
            for (int number = 0; number < 8; number++) {
                tries.add(executor.submit(() -> {
                    try {
                        add("alice@example.test");
                        return true;
                    } catch (AccountException e) {
                        return false;
                    }
                }));
            }
            int successes = 0;
            for (Future<Boolean> each : tries) {
                successes += each.get() ? 1 : 0;
            }
            assertThat(successes).isEqualTo(1);
        }
        assertThat(accounts().accounts()).hasSize(1);
    }

    // ---- credentials

    @Test
    @Requirement("R6186-11")
    void bareLocalPartsLogInOnlyWithinTheDefaultDomain() {
        accounts().addDomain("other.test");
        AccountId alice = add("alice@example.test");
        AccountId other = add("alice@other.test");
        add("bob@other.test");
        assertThat(credentials("ALICE").account()).isEqualTo(alice);
        assertThat(credentials("alice@example.test").account()).isEqualTo(alice);
        assertThat(credentials("alice@other.test").account()).isEqualTo(other);
        assertThat(accounts().find("bob")).isEmpty();
        assertThat(accounts().find("")).isEmpty();
        assertThat(accounts().find("alice+detail@example.test")).isEmpty();
        store.close();
        store = PosternStore.open(StoreSettings.in(directory), new SimpleMeterRegistry());
        assertThat(accounts().find("alice")).isEmpty();
    }

    @Test
    void credentialsAreKeptAndEachChangeHasANewVersion() {
        var verifier = new ScramVerifier(new byte[] {1, 2}, 100_000, new byte[] {3}, new byte[] {4, 5, 6});
        AccountId alice = accounts().addAccount("alice@example.test", "first", Optional.of(verifier));
        reopen();
        StoredCredentials first = credentials("alice");
        assertThat(first.passwordHash()).isEqualTo("first");
        assertThat(first.scram()).hasValueSatisfying(kept -> {
            assertThat(kept.salt()).isEqualTo(verifier.salt());
            assertThat(kept.iterations()).isEqualTo(100_000);
            assertThat(kept.storedKey()).isEqualTo(verifier.storedKey());
            assertThat(kept.serverKey()).isEqualTo(verifier.serverKey());
        });
        accounts().setPassword(alice, "second", NO_SCRAM);
        StoredCredentials second = credentials("alice");
        assertThat(second.version()).isGreaterThan(first.version());
        assertThat(second.passwordHash()).isEqualTo("second");
        assertThat(second.scram()).isEmpty();
        assertThat(second.toString()).doesNotContain("second");
        reopen();
        assertThat(credentials("alice").version()).isEqualTo(second.version());
    }

    @Test
    void aRehashReplacesOnlyTheHashItWasMadeFor() {
        AccountId alice = add("alice@example.test");
        long version = credentials("alice").version();
        accounts().rehashed(alice, version, "stronger");
        assertThat(credentials("alice"))
                .returns("stronger", StoredCredentials::passwordHash)
                .returns(version, StoredCredentials::version);
        accounts().setPassword(alice, "new password", NO_SCRAM);
        accounts().rehashed(alice, version, "of the old password");
        assertThat(credentials("alice").passwordHash()).isEqualTo("new password");
    }

    @Test
    void sessionsAreToldWhenTheirCredentialsEnd() {
        AccountId alice = add("alice@example.test");
        List<AccountId> revoked = new ArrayList<>();
        accounts().onRevoked(revoked::add);
        accounts().setQuota(alice, new Accounts.Quota(OptionalLong.of(1), OptionalLong.of(1)));
        assertThat(revoked).isEmpty();
        accounts().setPassword(alice, "new", NO_SCRAM);
        assertThat(revoked).hasSize(1);
        long version = credentials("alice").version();
        accounts().setEnabled(alice, false);
        assertThat(revoked).hasSize(2);
        assertThat(credentials("alice").enabled()).isFalse();
        assertThat(credentials("alice").version()).isGreaterThan(version);
        accounts().setEnabled(alice, true);
        assertThat(revoked).hasSize(2);
        assertThat(credentials("alice").enabled()).isTrue();
        accounts().removeAccount(alice);
        assertThat(revoked).containsOnly(alice).hasSize(3);
        refused("no such account", () -> accounts().setPassword(alice, "x", NO_SCRAM));
        refused("no such account", () -> accounts().setEnabled(alice, true));
        refused(
                "no such account",
                () -> accounts().setQuota(alice, new Accounts.Quota(OptionalLong.empty(), OptionalLong.empty())));
        assertThat(revoked).hasSize(3);
    }

    // ---- quota

    @Test
    void quotasAreKeptAndLiftedAndJudgeRecipients() throws IOException {
        AccountId alice = add("alice@example.test");
        long size = StoreFixture.message("one").length();
        append(alice, StoreFixture.message("one"));
        var byOctets = new Accounts.Quota(OptionalLong.of(size), OptionalLong.empty());
        accounts().setQuota(alice, byOctets);
        reopen();
        assertThat(accounts().account("alice@example.test").orElseThrow())
                .returns(byOctets, Accounts.AccountInformation::quota)
                .returns(size, Accounts.AccountInformation::usedBytes)
                .returns(1L, Accounts.AccountInformation::usedMessages);
        assertThat(store.deliveries().resolve("alice@example.test")).isEqualTo(new RecipientVerdict.OverQuota());
        accounts().setQuota(alice, new Accounts.Quota(OptionalLong.of(size + 1), OptionalLong.of(2)));
        assertThat(targets("alice@example.test")).containsExactly(alice);
        accounts().setQuota(alice, new Accounts.Quota(OptionalLong.empty(), OptionalLong.of(1)));
        assertThat(store.deliveries().resolve("alice@example.test")).isEqualTo(new RecipientVerdict.OverQuota());
        accounts().setQuota(alice, new Accounts.Quota(OptionalLong.empty(), OptionalLong.empty()));
        assertThat(targets("alice@example.test")).containsExactly(alice);
    }

    // ---- addresses

    private List<AccountId> targets(String address) {
        RecipientVerdict verdict = store.deliveries().resolve(address);
        assertThat(verdict).isInstanceOf(RecipientVerdict.Accepted.class);
        var accepted = (RecipientVerdict.Accepted) verdict;
        assertThat(accepted.original()).isEqualTo(address);
        return accepted.targets().stream().map(RecipientVerdict.Target::account).toList();
    }

    @Test
    void recipientsAreJudgedByDomainThenByLocalPart() {
        AccountId alice = add("alice@example.test");
        assertThat(targets("Alice@EXAMPLE.test")).containsExactly(alice);
        assertThat(targets("alice+lists+java@example.test")).containsExactly(alice);
        assertThat(targets("\"alice\"@example.test")).containsExactly(alice);
        var unknown = new RecipientVerdict.UnknownUser();
        var elsewhere = new RecipientVerdict.NotLocal();
        assertThat(store.deliveries().resolve("nobody@example.test")).isEqualTo(unknown);
        assertThat(store.deliveries().resolve("+alice@example.test")).isEqualTo(unknown);
        assertThat(store.deliveries().resolve("\"a b\"@example.test")).isEqualTo(unknown);
        assertThat(store.deliveries().resolve("alice@elsewhere.test")).isEqualTo(elsewhere);
        assertThat(store.deliveries().resolve("alice@sub.example.test")).isEqualTo(elsewhere);
        assertThat(store.deliveries().resolve("alice")).isEqualTo(elsewhere);
        assertThat(store.deliveries().resolve("")).isEqualTo(elsewhere);
        accounts().setEnabled(alice, false);
        assertThat(store.deliveries().resolve("alice@example.test")).isEqualTo(new RecipientVerdict.Disabled());
    }

    @Test
    void aliasesLeadToAccountsAndAliasesEachOnce() {
        AccountId alice = add("alice@example.test");
        AccountId bob = add("bob@example.test");
        accounts().addAlias("info@example.test", "alice@example.test");
        accounts().addAlias("info@example.test", "bob@example.test");
        accounts().addAlias("everyone@example.test", "info@example.test");
        accounts().addAlias("Everyone@example.test", "alice+everyone@example.test");
        accounts().addAlias("list+announce@example.test", "bob@example.test");
        reopen();
        assertThat(accounts().aliases()).hasSize(5);
        assertThat(targets("INFO@example.test")).containsExactlyInAnyOrder(alice, bob);
        assertThat(targets("info+detail@example.test")).containsExactlyInAnyOrder(alice, bob);
        assertThat(targets("everyone@example.test")).containsExactlyInAnyOrder(alice, bob);
        assertThat(targets("list+announce@example.test")).containsExactly(bob);
        assertThat(store.deliveries().resolve("list@example.test")).isEqualTo(new RecipientVerdict.UnknownUser());
        accounts().setEnabled(alice, false);
        assertThat(targets("info@example.test")).containsExactly(bob);
        accounts().removeAlias("INFO@example.test", "bob@example.test");
        assertThat(store.deliveries().resolve("info@example.test")).isEqualTo(new RecipientVerdict.Disabled());
        refused("there is no alias", () -> accounts().removeAlias("info@example.test", "bob@example.test"));
    }

    @Test
    void aCatchAllTakesOnlyWhatIsNobodyElses() {
        AccountId alice = add("alice@example.test");
        AccountId bob = add("bob@example.test");
        accounts().addAlias("info@example.test", "alice@example.test");
        accounts().addAlias("@EXAMPLE.test", "bob@example.test");
        assertThat(accounts().aliases()).contains(new Accounts.Alias("@example.test", "bob@example.test"));
        assertThat(targets("whoever@example.test")).containsExactly(bob);
        assertThat(targets("alice@example.test")).containsExactly(alice);
        assertThat(targets("alice+x@example.test")).containsExactly(alice);
        assertThat(targets("info@example.test")).containsExactly(alice);
        assertThat(store.deliveries().resolve("whoever@elsewhere.test")).isEqualTo(new RecipientVerdict.NotLocal());
        accounts().removeAlias("@example.test", "bob@example.test");
        assertThat(store.deliveries().resolve("whoever@example.test")).isEqualTo(new RecipientVerdict.UnknownUser());
    }

    @Test
    void aliasesThatLeadNowhereOrInACircleAreRefusedWithoutATrace() {
        add("alice@example.test");
        accounts().addDomain("other.test");
        refused("no local account", () -> accounts().addAlias("a@example.test", "nobody@example.test"));
        refused("no local account", () -> accounts().addAlias("a@example.test", "alice@elsewhere.test"));
        refused("back to itself", () -> accounts().addAlias("a@example.test", "a@example.test"));
        refused("back to itself", () -> accounts().addAlias("a@example.test", "a+detail@example.test"));
        refused("an alias would hide it", () -> accounts().addAlias("Alice@example.test", "alice@example.test"));
        refused("there is no domain", () -> accounts().addAlias("a@elsewhere.test", "alice@example.test"));
        refused("not a mail address", () -> accounts().addAlias("a", "alice@example.test"));
        refused("not a mail address", () -> accounts().addAlias("a@example.test", "alice"));
        refused("not a domain name", () -> accounts().addAlias("@exa mple", "alice@example.test"));
        refused("back to itself", () -> accounts().addAlias("@other.test", "any@other.test"));
        assertThat(accounts().aliases()).isEmpty();

        accounts().addAlias("a@example.test", "alice@example.test");
        accounts().addAlias("b@other.test", "a@example.test");
        refused("back to itself", () -> accounts().addAlias("a@example.test", "b@other.test"));
        refused("already", () -> accounts().addAlias("A@example.test", "alice@example.test"));
        refused("remove it first", () -> add("a@example.test"));
        assertThat(accounts().aliases()).hasSize(2);
    }

    @Test
    void aChainOfAliasesHasALimit() {
        AccountId alice = add("alice@example.test");
        String target = "alice@example.test";
        for (int number = 1; number <= 9; number++) {
            accounts().addAlias("a" + number + "@example.test", target);
            target = "a" + number + "@example.test";
        }
        assertThat(targets(target)).containsExactly(alice);
        String last = target;
        accounts().addAlias("a10@example.test", last);
        refused("more than 10", () -> accounts().addAlias("a11@example.test", "a10@example.test"));
    }

    /// Four ways at each of eight levels: 65,536 paths, but 33 addresses.
    @Test
    void manyWaysToOneAddressAreFollowedOnce() {
        AccountId alice = add("alice@example.test");
        for (int level = 8; level >= 1; level--) {
            for (int from = 0; from < 4; from++) {
                for (int to = 0; to < (level == 8 ? 1 : 4); to++) {
                    accounts()
                            .addAlias(
                                    "l" + level + "-" + from + "@example.test",
                                    level == 8 ? "alice@example.test" : "l" + (level + 1) + "-" + to + "@example.test");
                }
            }
        }
        assertThat(targets("l1-0@example.test")).containsExactly(alice);
    }

    @Test
    @Requirement("N-1")
    void anAccountOwnsItsAddressesDetailsAndAliasesOnly() {
        AccountId alice = add("alice@example.test");
        AccountId bob = add("bob@example.test");
        accounts().addAlias("info@example.test", "alice@example.test");
        accounts().addAlias("team@example.test", "info@example.test");
        accounts().addAlias("team@example.test", "bob@example.test");
        for (String own : List.of(
                "alice@example.test",
                "ALICE@Example.test",
                "alice+shop@example.test",
                "info@example.test",
                "info+x@example.test",
                "team@example.test")) {
            assertThat(accounts().owns(alice, own)).as(own).isTrue();
        }
        for (String foreign : List.of(
                "bob@example.test",
                "alice@elsewhere.test",
                "nobody@example.test",
                "alice",
                "",
                "alice@example.test@example.test",
                "+alice@example.test")) {
            assertThat(accounts().owns(alice, foreign)).as(foreign).isFalse();
        }
        assertThat(accounts().owns(bob, "team@example.test")).isTrue();
        assertThat(accounts().owns(bob, "info@example.test")).isFalse();
        assertThat(accounts().owns(new AccountId(999), "alice@example.test")).isFalse();
    }

    @Test
    void everythingAboutAccountsIsThereAfterARestart() {
        AccountId alice = add("alice@example.test");
        AccountId bob = add("bob@example.test");
        accounts().setEnabled(bob, false);
        accounts().addAlias("info@example.test", "alice@example.test");
        List<Accounts.AccountInformation> before = accounts().accounts();
        List<Accounts.Alias> aliases = accounts().aliases();
        reopen();
        assertThat(accounts().accounts()).isEqualTo(before).hasSize(2);
        assertThat(before)
                .extracting(Accounts.AccountInformation::id, Accounts.AccountInformation::enabled)
                .containsExactly(tuple(alice, true), tuple(bob, false));
        assertThat(accounts().aliases()).isEqualTo(aliases);
    }
}
