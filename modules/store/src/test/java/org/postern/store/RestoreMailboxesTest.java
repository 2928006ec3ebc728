package org.postern.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.auth.AccountId;
import org.postern.auth.AppPassword;
import org.postern.auth.ScramVerifier;

/// Single mailboxes and accounts out of a backup, into a store in use.
class RestoreMailboxesTest {
    private static final String ALICE = "alice@example.test";

    @TempDir
    private Path directory;

    private StoreFixture fixture;
    private String address = ALICE;

    @BeforeEach
    void open() {
        fixture = new StoreFixture(directory.resolve("data"));
    }

    @AfterEach
    void close() {
        fixture.close();
    }

    private AccountId alice() {
        return fixture.store.accounts().account(address).orElseThrow().id();
    }

    private void backup() throws IOException {
        try (BackupDirectory target = BackupDirectory.open(directory.resolve("backup"), true)) {
            fixture.store.backup(target, Map.of(), WorkProgress.NONE);
        }
    }

    /// What came of one mailbox.
    private record Outcome(int taken, int known, Optional<String> newUids, Optional<String> leftAlone) {}

    private Map<String, Outcome> restore(String mailbox, String... options) throws IOException {
        return restore(mailbox, mailbox, Integer.MAX_VALUE, options);
    }

    /// @param most messages, then it is cut off
    private Map<String, Outcome> restore(String mailbox, String as, int most, String... options) throws IOException {
        Set<String> given = Set.of(options);
        Path scratch = Files.createTempDirectory(directory, "scratch");
        Map<String, Outcome> outcomes = new TreeMap<>();
        try (BackupDirectory backup = BackupDirectory.open(directory.resolve("backup"), false);
                BackupContents contents = BackupContents.open(backup, Optional.empty(), scratch, WorkProgress.NONE)) {
            var restoration = fixture.store
                    .imports()
                    .restore(
                            contents.account(address).orElseThrow(),
                            new Imports.RestoreOptions(
                                    contents.origin(),
                                    contents.time(),
                                    given.contains("beside"),
                                    given.contains("merge"),
                                    given.contains("ignore-quota"),
                                    given.contains("trial")));
            try (Import running = restoration.mail()) {
                for (BackupContents.SavedMailbox saved : contents.mailboxes(address)) {
                    if (mailbox.isEmpty() || saved.name().value().equals(mailbox)) {
                        MailboxName name = mailbox.isEmpty() ? saved.name() : MailboxName.of(as);
                        outcomes.put(name.value(), restore(running, contents, saved, name, most, given));
                    }
                }
            }
        }
        return outcomes;
    }

    private Outcome restore(
            Import running,
            BackupContents contents,
            BackupContents.SavedMailbox saved,
            MailboxName name,
            int most,
            Set<String> given)
            throws IOException {
        try (Import.Target target = running.target(
                name, Optional.of(new Import.Kept(saved.uidValidity(), saved.uidNext(), saved.modSeq())))) {
            if (target.leftAloneBecause().isPresent()) {
                return new Outcome(0, 0, Optional.empty(), target.leftAloneBecause());
            }
            BackupContents.SavedMessages messages = contents.messages(saved);
            int taken = 0;
            int known = 0;
            for (int index = 0; index < messages.count() && taken < most; index++) {
                MessageRows row = messages.row(index);
                byte[] identity = (saved.uidValidity() + " " + row.uid[0]).getBytes(StandardCharsets.US_ASCII);
                OptionalLong uid = OptionalLong.of(Integer.toUnsignedLong(row.uid[0]));
                if (target.known(List.of(new Import.Offered(identity, uid)))[0]) {
                    known++;
                    continue;
                }
                taken++;
                if (!given.contains("trial")) {
                    MessageSpool spool = fixture.store.newSpool();
                    try (InputStream in = messages.open(row.message[0])) {
                        byte[] octets = in.readAllBytes();
                        spool.write(octets, 0, octets.length);
                    }
                    Set<String> keywords = new java.util.TreeSet<>();
                    for (int bit = 0; bit < messages.keywords().size(); bit++) {
                        if ((row.flags[0] & 1L << (Flags.FIRST_KEYWORD + bit)) != 0) {
                            keywords.add(messages.keywords().get(bit));
                        }
                    }
                    target.add(List.of(new Import.Message(
                            spool,
                            identity,
                            uid,
                            row.flags[0] & (1 << Flags.FIRST_KEYWORD) - 1,
                            keywords,
                            new InternalDate(row.internalDate[0], row.zoneOffset[0]))));
                }
            }
            if (!given.contains("trial") && taken < most) {
                target.finish(saved.subscribed(), saved.specialUse());
            }
            return new Outcome(taken, known, target.newUidsBecause(), Optional.empty());
        }
    }

    // ---- what clients see

    private Map<Long, String> state(String mailbox) throws IOException {
        Map<Long, String> state = new TreeMap<>();
        var rows = new MessageRows(1);
        try (OpenMailbox open = fixture.open(alice(), mailbox)) {
            for (int uid : open.uids()) {
                open.read(new int[] {uid}, 0, 1, rows);
                state.put(
                        Integer.toUnsignedLong(uid),
                        "%x %s %d %d %d %s"
                                .formatted(
                                        rows.flags[0],
                                        open.keywords(),
                                        rows.internalDate[0],
                                        rows.zoneOffset[0],
                                        rows.size[0],
                                        StoreFixture.text(open, uid)));
            }
        }
        return state;
    }

    private MailboxStatus status(String mailbox) {
        return fixture.store.mailboxes().status(alice(), MailboxName.of(mailbox));
    }

    private void delete(String mailbox) {
        fixture.store.mailboxes().delete(alice(), MailboxName.of(mailbox));
        fixture.store.removals().finish();
    }

    private void expunge(String mailbox, int... uids) {
        try (OpenMailbox open = fixture.open(alice(), mailbox)) {
            open.updateFlags(uids, new FlagUpdate(FlagUpdate.Mode.ADD, Flags.DELETED, Set.of()), OptionalLong.empty());
            open.expunge(uids);
        }
    }

    /// A mailbox with a past: UIDs 1, 3 and 4.
    private void fillWork() throws IOException {
        fixture.store.mailboxes().create(alice(), MailboxName.of("Work"), Optional.empty());
        fixture.store.mailboxes().subscribe(alice(), MailboxName.of("Work"));
        fixture.append(alice(), "Work", StoreFixture.message("one"), Flags.SEEN, "Later");
        fixture.append(alice(), "Work", StoreFixture.message("two"), 0);
        fixture.append(alice(), "Work", StoreFixture.message("three"), Flags.FLAGGED);
        fixture.append(alice(), "Work", StoreFixture.message("four"), 0, "Later", "Mine");
        expunge("Work", 2);
    }

    private void assertVerified() throws IOException {
        List<Finding> findings = new ArrayList<>();
        fixture.store.removals().finish();
        fixture.store.verify(VerifyOptions.ALL, findings::add, WorkProgress.NONE);
        assertThat(findings)
                .filteredOn(finding -> finding.severity() != Finding.Severity.NOTE)
                .isEmpty();
    }

    @Test
    void aDeletedMailboxComesBackAsItWas() throws Exception {
        fillWork();
        Map<Long, String> before = state("Work");
        backup();
        fixture.append(alice(), "Work", StoreFixture.message("after the backup"), 0); // UID 5: told, and lost
        MailboxStatus told = status("Work");
        for (int time = 0; time < 3; time++) {
            long used = fixture.store.accounts().account(ALICE).orElseThrow().usedMessages();
            delete("Work");
            assertThat(restore("Work")).containsEntry("Work", new Outcome(3, 0, Optional.empty(), Optional.empty()));
            assertThat(state("Work")).isEqualTo(before);
            MailboxStatus now = status("Work");
            assertThat(now.uidValidity()).isEqualTo(told.uidValidity());
            assertThat(now.uidNext()).isEqualTo(told.uidNext());
            assertThat(now.recent()).isZero();
            try (OpenMailbox work = fixture.open(alice(), "Work")) { // who knows later changes learns what holds
                assertThat(work.changedSince(told.highestModSeq())).isEqualTo(work.uids());
            }
            assertThat(fixture.store.accounts().account(ALICE).orElseThrow().usedMessages())
                    .isEqualTo(used - 1);
            assertThat(fixture.append(alice(), "Work", StoreFixture.message("new " + time), 0)
                            .uids())
                    .containsExactly((int) told.uidNext());
            told = status("Work");
            assertThat(restore("Work").get("Work").leftAlone()).hasValue("it is there");
        }
        assertVerified();
    }

    @Test
    void aRestoreThatWasCutOffGoesOnAndIsSeenWhenItIsWhole() throws Exception {
        fillWork();
        Map<Long, String> before = state("Work");
        long uidNext = status("Work").uidNext();
        backup();
        delete("Work");
        restore("Work", "Work", 2);
        assertThatThrownBy(() -> status("Work")).isInstanceOf(MailboxException.class);
        fixture.store.imports().forget(alice()); // begun anew, its past is still known
        restore("Work", "Work", 1);
        assertThat(restore("Work").get("Work")).isEqualTo(new Outcome(2, 1, Optional.empty(), Optional.empty()));
        assertThat(state("Work")).isEqualTo(before);
        assertThat(status("Work").uidNext()).isEqualTo(uidNext);
        assertVerified();
    }

    @Test
    void whatIsThereStaysAndGetsBackWhatItLacksWhereThatIsAsked() throws Exception {
        fillWork();
        backup();
        expunge("Work", 1, 4);
        fixture.append(alice(), "Work", StoreFixture.message("later"), 0); // UID 5
        fixture.store.mailboxes().rename(alice(), MailboxName.of("Work"), MailboxName.of("Done"));
        assertThat(restore("Work").get("Work").leftAlone()).hasValue("it is there under the name Done");
        assertThat(restore("Work", "merge").get("Work").taken()).isEqualTo(2);
        assertThat(restore("Work", "merge").get("Work")).satisfies(again -> {
            assertThat(again.taken()).isZero();
            assertThat(again.known()).isEqualTo(3);
        });
        try (OpenMailbox done = fixture.open(alice(), "Done")) {
            assertThat(done.uids()).containsExactly(3, 5, 6, 7);
            assertThat(StoreFixture.text(done, 6)).contains("The body of one");
            assertThat(StoreFixture.text(done, 7)).contains("The body of four");
        }
        assertVerified();
    }

    @Test
    void aMailboxThatWasMadeAnewIsNotTakenForTheOld() throws Exception {
        fillWork();
        Map<Long, String> before = state("Work");
        long uidValidity = status("Work").uidValidity();
        long uidNext = status("Work").uidNext();
        backup();
        delete("Work");
        fixture.store.mailboxes().create(alice(), MailboxName.of("Work"), Optional.empty());
        fixture.append(alice(), "Work", StoreFixture.message("since"), 0);
        assertThat(restore("Work").get("Work").leftAlone()).hasValue("another mailbox has its name since");
        assertThat(restore("Work", "Work before", Integer.MAX_VALUE, "beside").get("Work before"))
                .isEqualTo(new Outcome(3, 0, Optional.of("it is a copy"), Optional.empty()));
        assertThat(restore("Work", "Work before", Integer.MAX_VALUE, "beside")
                        .get("Work before")
                        .taken())
                .as("nothing comes twice")
                .isZero();
        assertThat(status("Work before").uidValidity()).isGreaterThan(uidValidity + 1);
        delete("Work before");
        assertThat(restore("Work", "Work before", Integer.MAX_VALUE, "beside")
                        .get("Work before")
                        .taken())
                .as("what was thrown away may come again")
                .isEqualTo(3);
        assertThat(restore("Work", "Drafts", Integer.MAX_VALUE, "beside")
                        .get("Drafts")
                        .leftAlone())
                .as("an empty mailbox may be filled")
                .isEmpty();
        assertThat(restore("Work", "merge").get("Work").taken()).isEqualTo(3);
        assertThat(status("Work").uidValidity()).isEqualTo(uidValidity);
        Map<Long, String> after = state("Work");
        assertThat(after.remove(uidNext)).contains("The body of since");
        assertThat(after).isEqualTo(before);
        assertVerified();
    }

    @Test
    void aTrialChangesNothingAndTheQuotaHolds() throws Exception {
        fillWork();
        backup();
        delete("Work");
        assertThat(restore("Work", "trial").get("Work").taken()).isEqualTo(3);
        assertThat(restore("Work", "trial").get("Work").taken()).isEqualTo(3);
        fixture.store.accounts().setQuota(alice(), new Accounts.Quota(OptionalLong.empty(), OptionalLong.of(2)));
        assertThatThrownBy(() -> restore("Work"))
                .isInstanceOf(MailboxException.class)
                .hasMessageContaining("quota");
        assertThat(restore("Work", "ignore-quota").get("Work")).satisfies(rest -> {
            assertThat(rest.taken()).isEqualTo(1);
            assertThat(rest.known()).isEqualTo(2);
        });
        assertThatThrownBy(() -> fixture.append(alice(), "Work", StoreFixture.message("more"), 0))
                .hasMessageContaining("quota");
        assertVerified();
    }

    @Test
    void aRemovedAccountComesBackWithAllThatItHad() throws Exception {
        fillWork();
        fixture.append(alice(), "INBOX", StoreFixture.message("in the inbox"), Flags.ANSWERED);
        Accounts accounts = fixture.store.accounts();
        accounts.setPassword(
                alice(), "a hash", Optional.of(new ScramVerifier(new byte[] {1}, 4096, new byte[] {2}, new byte[] {3
                })));
        accounts.addAppPassword(
                alice(), AppPassword.of("phone", new byte[] {4}, Set.of("imap"), Optional.of(Instant.EPOCH)));
        accounts.setQuota(alice(), new Accounts.Quota(OptionalLong.of(1 << 20), OptionalLong.of(50)));
        accounts.setSentCopy(alice(), true);
        accounts.addAlias("office@example.test", ALICE);
        accounts.addAlias("boss@example.test", ALICE);
        Map<String, Map<Long, String>> before = everything();
        Map<String, Long> validities = validities();
        Accounts.AccountInformation was = accounts.account(ALICE).orElseThrow();
        backup();
        accounts.removeAlias("office@example.test", ALICE);
        accounts.removeAccount(alice());
        fixture.store.removals().finish();

        assertThat(restore("", "trial").get("Work").taken()).isEqualTo(3);
        assertThat(accounts.account(ALICE)).as("a trial").isEmpty();
        restore("");
        assertThat(everything()).isEqualTo(before);
        assertThat(validities()).isEqualTo(validities);
        Accounts.AccountInformation now = accounts.account(ALICE).orElseThrow();
        assertThat(now.quota()).isEqualTo(was.quota());
        assertThat(now.hasOwnQuota()).isTrue();
        assertThat(now.sentCopy()).isTrue();
        assertThat(now.usedBytes()).isEqualTo(was.usedBytes());
        assertThat(accounts.find(ALICE)).hasValueSatisfying(credentials -> {
            assertThat(credentials.passwordHash()).isEqualTo("a hash");
            assertThat(credentials.scram().orElseThrow().iterations()).isEqualTo(4096);
            assertThat(credentials.appPasswords()).singleElement().satisfies(password -> {
                assertThat(password.name()).isEqualTo("phone");
                assertThat(password.expires()).hasValue(Instant.EPOCH);
            });
        });
        assertThat(accounts.aliases())
                .containsExactlyInAnyOrder(
                        new Accounts.Alias("office@example.test", ALICE),
                        new Accounts.Alias("boss@example.test", ALICE));
        assertThat(restore("").values()).allMatch(outcome -> outcome.taken() == 0);
        assertThat(everything()).isEqualTo(before);
        fixture.store.mailboxes().create(alice(), MailboxName.of("Next"), Optional.empty());
        assertThat(status("Next").uidValidity())
                .isGreaterThan(validities.values().stream()
                        .mapToLong(Long::longValue)
                        .max()
                        .orElseThrow());
        assertVerified();
    }

    @Test
    void anAddressThatIsAnAliasNowIsNotTaken() throws Exception {
        backup();
        fixture.store.accounts().removeAccount(alice());
        fixture.store.accounts().addAlias(ALICE, "bob@example.test");
        assertThatThrownBy(() -> restore("", "trial")).hasMessageContaining("remove it first");
        assertThatThrownBy(() -> restore("")).hasMessageContaining("there is an alias " + ALICE);
    }

    /// Where the account was another one all the time, its numbers may have meant anything.
    @Test
    void theBackupOfAnotherServerKeepsUidsWhereTheyMeantNothing() throws Exception {
        address = "carol@example.test";
        fixture.store.accounts().addAccount(address, "no hash", Optional.empty());
        fillWork();
        Map<Long, String> before = state("Work");
        long uidValidity = status("Work").uidValidity();
        backup();
        fixture.close();
        fixture = new StoreFixture(directory.resolve("other"));
        restore("");
        assertThat(state("Work")).isEqualTo(before);
        assertThat(status("Work").uidValidity()).isEqualTo(uidValidity);
        assertThat(status("Work").uidNext())
                .as("what the other server has given since")
                .isGreaterThan(1_000_000);
        fixture.append(alice(), "Work", StoreFixture.message("new"), 0);
        long uidNext = status("Work").uidNext();
        delete("Work");
        restore("Work");
        assertThat(state("Work")).isEqualTo(before);
        assertThat(status("Work").uidNext()).isGreaterThanOrEqualTo(uidNext);

        fixture.close();
        fixture = new StoreFixture(directory.resolve("third"));
        fixture.store.accounts().addAccount(address, "no hash", Optional.empty());
        assertThat(restore("Work").get("Work").newUids()).hasValue("the backup is of another server");
        assertThat(state("Work").values()).containsExactlyElementsOf(before.values());
        assertThat(status("Work").uidValidity()).isNotEqualTo(uidValidity);
        // an account of this address has gone beyond them
        fixture.store
                .imports()
                .begin(alice(), OptionalLong.of(uidValidity + 1_000), false)
                .close();
        fixture.store.accounts().removeAccount(alice());
        assertThat(restore("Work").get("Work").newUids()).hasValue("the backup is of another server");
    }

    /// A number that this server is about to give itself would soon be that of two mailboxes.
    @Test
    void numbersOfAnotherServerThatComeSoonArePassedOver() throws Exception {
        address = "carol@example.test";
        fixture.store.accounts().addAccount(address, "no hash", Optional.empty());
        fixture.store.mailboxes().create(alice(), MailboxName.of("Early"), Optional.empty());
        long ahead = status("Early").uidValidity() + 500;
        fixture.store.imports().begin(alice(), OptionalLong.of(ahead), false).close();
        fillWork();
        long uidValidity = status("Work").uidValidity();
        assertThat(uidValidity).isGreaterThan(ahead);
        backup();
        fixture.close();

        fixture = new StoreFixture(directory.resolve("other"));
        fixture.store.accounts().addAccount(address, "no hash", Optional.empty());
        assertThat(restore("Work", "trial").get("Work").newUids()).hasValue("the backup is of another server");
        fixture.store.mailboxes().create(alice(), MailboxName.of("Between"), Optional.empty());
        assertThat(status("Between").uidValidity())
                .as("a trial changes nothing")
                .isLessThan(ahead);
        assertThat(restore("Work").get("Work").newUids()).hasValue("the backup is of another server");
        fixture.store.mailboxes().create(alice(), MailboxName.of("After"), Optional.empty());
        assertThat(status("After").uidValidity()).isGreaterThan(uidValidity);
    }

    private Map<String, Map<Long, String>> everything() throws IOException {
        Map<String, Map<Long, String>> everything = new TreeMap<>();
        for (MailboxListing listing : fixture.store.mailboxes().list(alice())) {
            everything.put(
                    listing.name().value() + listing.subscribed() + listing.specialUse(),
                    state(listing.name().value()));
        }
        return everything;
    }

    private Map<String, Long> validities() {
        Map<String, Long> validities = new TreeMap<>();
        for (MailboxListing listing : fixture.store.mailboxes().list(alice())) {
            validities.put(
                    listing.name().value(), status(listing.name().value()).uidValidity());
        }
        return validities;
    }
}
