package org.postern.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.postern.store.MailboxException.Reason.ALREADY_EXISTS;
import static org.postern.store.MailboxException.Reason.CANNOT;
import static org.postern.store.MailboxException.Reason.HAS_CHILDREN;
import static org.postern.store.MailboxException.Reason.NO_SUCH_MAILBOX;
import static org.postern.store.MailboxException.Reason.OVER_QUOTA;
import static org.postern.store.StoreFixture.flags;
import static org.postern.store.StoreFixture.message;
import static org.postern.store.StoreFixture.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.testkit.Requirement;

class MailboxesTest {
    @TempDir
    Path directory;

    private StoreFixture fixture;

    @BeforeEach
    void open() {
        fixture = new StoreFixture(directory);
    }

    @AfterEach
    void close() {
        fixture.close();
    }

    private void reopen() {
        fixture.close();
        fixture = new StoreFixture(directory);
    }

    private static void refused(MailboxException.Reason reason, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        MailboxException.class, e -> assertThat(e.reason()).isEqualTo(reason));
    }

    private Mailboxes mailboxes() {
        return fixture.store.mailboxes();
    }

    private List<String> names() {
        return mailboxes().list(fixture.alice).stream()
                .filter(MailboxListing::exists)
                .map(listing -> listing.name().value())
                .toList();
    }

    @Test
    void aNewAccountHasItsFirstMailboxes() {
        assertThat(names()).containsExactly("Archive", "Drafts", "INBOX", "Junk", "Sent", "Trash");
        assertThat(mailboxes().list(fixture.alice)).allMatch(MailboxListing::subscribed);
        assertThat(mailboxes().list(fixture.alice).get(1).specialUse()).hasValue(SpecialUse.DRAFTS);
    }

    @Test
    void whatIsAppendedIsThereByteForByteAlsoAfterARestart() throws IOException {
        AppendResult result = fixture.append(fixture.alice, "inbox", message("one"), Flags.SEEN, "$Label1", "Other");
        assertThat(result.uids()).containsExactly(1);
        for (int round = 0; round < 2; round++) {
            try (OpenMailbox inbox = fixture.open(fixture.alice, "INBOX")) {
                assertThat(inbox.uids()).containsExactly(1);
                assertThat(inbox.uidValidity()).isEqualTo(result.uidValidity());
                assertThat(text(inbox, 1)).isEqualTo(message("one"));
                assertThat(inbox.keywords()).containsExactlyInAnyOrder("$Label1", "Other");
                assertThat(flags(inbox, 1)).isEqualTo(Flags.SEEN | (0b11L << Flags.FIRST_KEYWORD));
                var rows = new MessageRows(1);
                inbox.read(inbox.uids(), 0, 1, rows);
                assertThat(rows.internalDate[0]).isEqualTo(1_700_000_000_000L);
                assertThat(rows.zoneOffset[0]).isEqualTo((short) 60);
                assertThat(inbox.status())
                        .returns(1, MailboxStatus::messages)
                        .returns(2L, MailboxStatus::uidNext)
                        .returns(0, MailboxStatus::unseen)
                        .returns((long) message("one").length(), MailboxStatus::size);
            }
            reopen();
        }
    }

    @Test
    @Requirement("RFC3501-6.4.6")
    void flagsAreReplacedAddedAndRemoved() throws IOException {
        fixture.append(fixture.alice, "INBOX", message("one"), Flags.SEEN);
        fixture.append(fixture.alice, "INBOX", message("two"), 0);
        try (OpenMailbox inbox = fixture.open(fixture.alice, "INBOX");
                OpenMailbox other = fixture.open(fixture.alice, "INBOX")) {
            other.uids();
            long before = inbox.status().highestModSeq();
            inbox.updateFlags(
                    inbox.uids(),
                    new FlagUpdate(FlagUpdate.Mode.ADD, Flags.FLAGGED, Set.of("a")),
                    OptionalLong.empty());
            assertThat(flags(inbox, 1)).isEqualTo(Flags.SEEN | Flags.FLAGGED | (1L << Flags.FIRST_KEYWORD));
            assertThat(inbox.status().highestModSeq()).isEqualTo(before + 1);
            // a change that changes nothing is no change
            inbox.updateFlags(
                    inbox.uids(),
                    new FlagUpdate(FlagUpdate.Mode.ADD, Flags.FLAGGED, Set.of("A")),
                    OptionalLong.empty());
            assertThat(inbox.status().highestModSeq()).isEqualTo(before + 1);
            inbox.updateFlags(
                    new int[] {1},
                    new FlagUpdate(FlagUpdate.Mode.REMOVE, Flags.SEEN, Set.of("a", "b")),
                    OptionalLong.empty());
            assertThat(flags(inbox, 1)).isEqualTo(Flags.FLAGGED);
            inbox.updateFlags(
                    new int[] {2},
                    new FlagUpdate(FlagUpdate.Mode.REPLACE, Flags.DRAFT, Set.of()),
                    OptionalLong.empty());
            assertThat(flags(inbox, 2)).isEqualTo(Flags.DRAFT);
            assertThat(inbox.changedSince(before + 2)).containsExactly(2);
            // RFC 7162 §3.1.3
            assertThat(inbox.updateFlags(
                            inbox.uids(),
                            new FlagUpdate(FlagUpdate.Mode.ADD, Flags.ANSWERED, Set.of()),
                            OptionalLong.of(before + 2)))
                    .containsExactly(2);
            assertThat(other.takeChanges()).hasSize(5);
        }
        reopen();
        try (OpenMailbox inbox = fixture.open(fixture.alice, "INBOX")) {
            assertThat(flags(inbox, 1)).isEqualTo(Flags.FLAGGED | Flags.ANSWERED);
            assertThat(flags(inbox, 2)).isEqualTo(Flags.DRAFT);
        }
    }

    @Test
    void onlyMessagesMarkedDeletedAreExpungedAndUidsAreNotUsedAgain() throws IOException {
        for (int number = 1; number <= 3; number++) {
            fixture.append(fixture.alice, "INBOX", message("m" + number), number == 2 ? 0 : Flags.DELETED);
        }
        try (OpenMailbox inbox = fixture.open(fixture.alice, "INBOX")) {
            assertThat(inbox.expunge(inbox.uids())).containsExactly(1, 3);
            assertThat(inbox.uids()).containsExactly(2);
        }
        assertThat(fixture.append(fixture.alice, "INBOX", message("m4"), 0).uids())
                .containsExactly(4);
        reopen();
        try (OpenMailbox inbox = fixture.open(fixture.alice, "INBOX")) {
            assertThat(inbox.uids()).containsExactly(2, 4);
            assertThat(text(inbox, 4)).isEqualTo(message("m4"));
        }
        assertThat(fixture.store.accounts().account("alice@example.test").orElseThrow())
                .returns(2L, Accounts.AccountInformation::usedMessages)
                .returns(2L * message("m1").length(), Accounts.AccountInformation::usedBytes);
    }

    @Test
    void copiesKeepFlagsDatesAndKeywordsByName() throws IOException {
        fixture.append(fixture.alice, "Sent", message("filler"), 0, "first");
        fixture.append(fixture.alice, "INBOX", message("one"), Flags.SEEN, "second");
        try (OpenMailbox inbox = fixture.open(fixture.alice, "INBOX");
                OpenMailbox sent = fixture.open(fixture.alice, "Sent")) {
            CopyResult copied = inbox.copy(new int[] {1, 7}, MailboxName.of("Sent"));
            assertThat(copied.source()).containsExactly(1);
            assertThat(copied.target()).containsExactly(2);
            assertThat(copied.uidValidity()).isEqualTo(sent.uidValidity());
            assertThat(sent.keywords()).containsExactly("first", "second");
            assertThat(flags(sent, 2)).isEqualTo(Flags.SEEN | (1L << (Flags.FIRST_KEYWORD + 1)));
            assertThat(text(sent, 2)).isEqualTo(message("one"));
            refused(NO_SUCH_MAILBOX, () -> inbox.copy(new int[] {1}, MailboxName.of("nowhere")));
            // into itself
            assertThat(inbox.copy(new int[] {1}, MailboxName.INBOX).target()).containsExactly(2);
            assertThat(inbox.uids()).containsExactly(1, 2);
        }
    }

    @Test
    @Requirement("RFC6851-3.3")
    void movesTakeTheMessageAwayInOneStep() throws IOException {
        fixture.append(fixture.alice, "INBOX", message("one"), 0);
        fixture.append(fixture.alice, "INBOX", message("two"), 0);
        try (OpenMailbox inbox = fixture.open(fixture.alice, "INBOX")) {
            assertThat(inbox.move(new int[] {1}, MailboxName.of("Trash")).target())
                    .containsExactly(1);
            assertThat(inbox.uids()).containsExactly(2);
            assertThat(inbox.move(new int[] {2}, MailboxName.INBOX).target()).containsExactly(3);
            assertThat(inbox.uids()).containsExactly(3);
            assertThat(text(inbox, 3)).isEqualTo(message("two"));
        }
        reopen();
        try (OpenMailbox trash = fixture.open(fixture.alice, "Trash")) {
            assertThat(text(trash, 1)).isEqualTo(message("one"));
        }
        assertThat(fixture.store
                        .accounts()
                        .account("alice@example.test")
                        .orElseThrow()
                        .usedMessages())
                .isEqualTo(2);
    }

    @Test
    @Requirement({"RFC3501-6.3.3", "RFC3501-6.3.4", "RFC3501-6.3.5"})
    void theTreeFollowsTheRulesOfCreateDeleteAndRename() throws IOException {
        mailboxes().create(fixture.alice, MailboxName.of("a/b/c"), Optional.empty());
        refused(ALREADY_EXISTS, () -> mailboxes().create(fixture.alice, MailboxName.of("a/b/c"), Optional.empty()));
        assertThat(mailboxes().list(fixture.alice))
                .filteredOn(listing -> listing.name().value().startsWith("a"))
                .extracting(listing -> listing.name().value() + " " + listing.exists())
                .containsExactly("a false", "a/b false", "a/b/c true");
        refused(CANNOT, () -> mailboxes().delete(fixture.alice, MailboxName.INBOX));
        refused(HAS_CHILDREN, () -> mailboxes().delete(fixture.alice, MailboxName.of("a/b")));
        refused(NO_SUCH_MAILBOX, () -> mailboxes().delete(fixture.alice, MailboxName.of("a/x")));
        long first = mailboxes().status(fixture.alice, MailboxName.of("a/b/c")).uidValidity();
        mailboxes().rename(fixture.alice, MailboxName.of("a"), MailboxName.of("z"));
        assertThat(names()).contains("z/b/c").doesNotContain("a/b/c");
        assertThat(mailboxes().status(fixture.alice, MailboxName.of("z/b/c")).uidValidity())
                .isEqualTo(first);
        refused(CANNOT, () -> mailboxes().rename(fixture.alice, MailboxName.of("z"), MailboxName.of("z/y")));
        refused(
                ALREADY_EXISTS,
                () -> mailboxes().rename(fixture.alice, MailboxName.of("z/b/c"), MailboxName.of("Sent")));
        mailboxes().delete(fixture.alice, MailboxName.of("z/b/c"));
        mailboxes().create(fixture.alice, MailboxName.of("z/b/c"), Optional.empty());
        assertThat(mailboxes().status(fixture.alice, MailboxName.of("z/b/c")).uidValidity())
                .isGreaterThan(first);
        fixture.append(fixture.alice, "INBOX", message("one"), 0);
        mailboxes().rename(fixture.alice, MailboxName.INBOX, MailboxName.of("old"));
        assertThat(mailboxes().status(fixture.alice, MailboxName.INBOX).messages())
                .isZero();
        assertThat(mailboxes().status(fixture.alice, MailboxName.of("old")).messages())
                .isEqualTo(1);
    }

    @Test
    void aDeletedMailboxTellsWhoHasItOpenAndGivesItsQuotaBack() throws IOException {
        mailboxes().create(fixture.alice, MailboxName.of("doomed"), Optional.empty());
        fixture.append(fixture.alice, "doomed", message("one"), 0);
        try (OpenMailbox open = fixture.open(fixture.alice, "doomed")) {
            open.uids();
            mailboxes().delete(fixture.alice, MailboxName.of("doomed"));
            assertThat(open.takeChanges()).last().isInstanceOf(MailboxChange.Gone.class);
            refused(
                    MailboxException.Reason.GONE,
                    () -> open.updateFlags(
                            new int[] {1},
                            new FlagUpdate(FlagUpdate.Mode.ADD, Flags.SEEN, Set.of()),
                            OptionalLong.empty()));
        }
        assertThat(fixture.store
                        .accounts()
                        .account("alice@example.test")
                        .orElseThrow()
                        .usedMessages())
                .isZero();
    }

    @Test
    void aFullQuotaRefusesWithoutATrace() throws IOException {
        fixture.store.accounts().setQuota(fixture.alice, new Accounts.Quota(OptionalLong.empty(), OptionalLong.of(1)));
        fixture.append(fixture.alice, "INBOX", message("one"), 0);
        refused(OVER_QUOTA, () -> fixture.append(fixture.alice, "INBOX", message("two"), 0));
        assertThat(mailboxes().status(fixture.alice, MailboxName.INBOX))
                .returns(1, MailboxStatus::messages)
                .returns(2L, MailboxStatus::uidNext);
        assertThat(fixture.store.deliveries().resolve("alice@example.test"))
                .isEqualTo(new RecipientVerdict.OverQuota());
        try (OpenMailbox inbox = fixture.open(fixture.alice, "INBOX")) {
            inbox.updateFlags(
                    new int[] {1}, new FlagUpdate(FlagUpdate.Mode.ADD, Flags.DELETED, Set.of()), OptionalLong.empty());
            assertThat(inbox.expunge(new int[] {1})).containsExactly(1);
        }
        fixture.append(fixture.alice, "INBOX", message("three"), 0);
    }

    @Test
    @Requirement("RFC3501-2.3.2")
    void oneSessionGetsAMessageAsRecent() throws IOException {
        fixture.append(fixture.alice, "INBOX", message("one"), 0);
        try (OpenMailbox looking = mailboxes().open(fixture.alice, MailboxName.INBOX, true, () -> {});
                OpenMailbox first = fixture.open(fixture.alice, "INBOX");
                OpenMailbox second = fixture.open(fixture.alice, "INBOX")) {
            assertThat(looking.firstRecentUid()).isEqualTo(1);
            assertThat(first.firstRecentUid()).isEqualTo(1);
            assertThat(second.firstRecentUid()).isEqualTo(2);
            fixture.append(fixture.alice, "INBOX", message("two"), 0);
            assertThat(second.claimRecent(new int[] {2})).isEqualTo(1);
            assertThat(first.claimRecent(new int[] {2})).isZero();
        }
        reopen();
        assertThat(mailboxes().status(fixture.alice, MailboxName.INBOX).recent())
                .isZero();
    }

    @Test
    void aSessionThatDoesNotKeepUpIsToldToStartOver() throws IOException {
        fixture.append(fixture.alice, "INBOX", message("one"), 0);
        try (OpenMailbox slow = fixture.open(fixture.alice, "INBOX");
                OpenMailbox busy = fixture.open(fixture.alice, "INBOX")) {
            slow.uids();
            long before = slow.status().highestModSeq();
            for (int round = 0; round < 1100; round++) {
                busy.updateFlags(
                        new int[] {1},
                        new FlagUpdate(
                                round % 2 == 0 ? FlagUpdate.Mode.ADD : FlagUpdate.Mode.REMOVE, Flags.SEEN, Set.of()),
                        OptionalLong.empty());
            }
            List<MailboxChange> changes = slow.takeChanges();
            assertThat(changes.getFirst())
                    .isInstanceOfSatisfying(
                            MailboxChange.Resynchronize.class,
                            change -> assertThat(change.since()).isEqualTo(before));
            assertThat(changes).hasSizeLessThan(1024);
        }
        reopen(); // past the threshold of a snapshot
        try (OpenMailbox inbox = fixture.open(fixture.alice, "INBOX")) {
            assertThat(flags(inbox, 1)).isZero();
        }
    }

    @Test
    void deliveryReachesEachAccountOnceInOneCommit() throws IOException {
        fixture.store.accounts().addAlias("team@example.test", "alice@example.test");
        fixture.store.accounts().addAlias("team@example.test", "bob@example.test");
        var team = (RecipientVerdict.Accepted) fixture.store.deliveries().resolve("Team@example.test");
        var alice = (RecipientVerdict.Accepted) fixture.store.deliveries().resolve("alice+lists@EXAMPLE.test");
        fixture.store.deliveries().deliver(fixture.spool(message("hello")), "bob@example.test", List.of(team, alice));
        try (OpenMailbox inbox = fixture.open(fixture.alice, "INBOX");
                OpenMailbox bobs = fixture.open(fixture.bob, "INBOX")) {
            assertThat(inbox.uids()).containsExactly(1);
            assertThat(text(inbox, 1))
                    .isEqualTo("Return-Path: <bob@example.test>\r\nDelivered-To: alice@example.test\r\n"
                            + message("hello"));
            assertThat(text(bobs, 1))
                    .startsWith("Return-Path: <bob@example.test>\r\nDelivered-To: bob@example.test\r\n");
        }
        assertThat(fixture.store.deliveries().resolve("nobody@example.test"))
                .isEqualTo(new RecipientVerdict.UnknownUser());
        assertThat(fixture.store.deliveries().resolve("alice@elsewhere.test"))
                .isEqualTo(new RecipientVerdict.NotLocal());
        assertThatThrownBy(() -> fixture.store
                        .deliveries()
                        .deliver(
                                fixture.spool("Delivered-To: ALICE@example.test\r\n" + message("loop")),
                                "",
                                List.of(alice)))
                .isInstanceOf(DeliveryException.class)
                .hasMessageContaining("loop");
    }

    @Test
    void whoCannotTakeAMessageDoesNotKeepItFromTheOthers() throws IOException {
        var deliveries = fixture.store.deliveries();
        var alice = (RecipientVerdict.Accepted) deliveries.resolve("alice@example.test");
        var bob = (RecipientVerdict.Accepted) deliveries.resolve("bob@example.test");
        fixture.store.accounts().setQuota(fixture.alice, new Accounts.Quota(OptionalLong.of(10), OptionalLong.empty()));
        assertThat(deliveries.deliverToEach(fixture.spool(message("hello")), "", List.of(alice, bob, alice)).stream()
                        .map(failure -> failure.map(DeliveryException::reason)))
                .containsExactly(
                        Optional.of(DeliveryException.Reason.OVER_QUOTA),
                        Optional.empty(),
                        Optional.of(DeliveryException.Reason.OVER_QUOTA));
        try (OpenMailbox inbox = fixture.open(fixture.alice, "INBOX");
                OpenMailbox bobs = fixture.open(fixture.bob, "INBOX")) {
            assertThat(inbox.uids()).isEmpty();
            assertThat(text(bobs, 1)).endsWith(message("hello"));
        }
        fixture.store.accounts().removeAccount(fixture.bob);
        assertThat(deliveries.deliverToEach(fixture.spool(message("late")), "", List.of(bob)).stream()
                        .map(failure -> failure.map(DeliveryException::reason)))
                .containsExactly(Optional.of(DeliveryException.Reason.NO_MAILBOX));
        assertThat(deliveries
                        .deliverToEach(
                                fixture.spool("Delivered-To: alice@example.test\r\n" + message("loop")),
                                "",
                                List.of(alice))
                        .getFirst()
                        .orElseThrow()
                        .reason())
                .isEqualTo(DeliveryException.Reason.LOOP);
    }
}
