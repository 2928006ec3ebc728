package org.postern.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Mail that comes with UIDs of its own.
class ImportsTest {
    private static final long VALIDITY = 1_700_000_000;

    @TempDir
    private Path directory;

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

    private Import.Message message(String identity, long uid, String... keywords) throws IOException {
        return new Import.Message(
                fixture.spool(StoreFixture.message(identity)),
                identity.getBytes(UTF_8),
                uid == 0 ? OptionalLong.empty() : OptionalLong.of(uid),
                Flags.SEEN,
                Set.of(keywords),
                new InternalDate(1_600_000_000_000L + uid, -120));
    }

    private Import begin() {
        return fixture.store.imports().begin(fixture.alice, OptionalLong.of(VALIDITY + 10), false);
    }

    private static Import.Target target(Import running, String name, long validity) {
        return target(running, name, validity, 0);
    }

    private static Import.Target target(Import running, String name, long validity, long uidNext) {
        return running.target(
                MailboxName.of(name),
                validity == 0 ? Optional.empty() : Optional.of(new Import.Kept(validity, uidNext, 0)));
    }

    private static List<Import.Offered> offered(String... identities) {
        return Stream.of(identities)
                .map(each -> new Import.Offered(each.getBytes(UTF_8), OptionalLong.empty()))
                .toList();
    }

    private MailboxStatus status(String name) {
        return fixture.store.mailboxes().status(fixture.alice, MailboxName.of(name));
    }

    private List<String> names() {
        return fixture.store.mailboxes().list(fixture.alice).stream()
                .filter(MailboxListing::exists)
                .map(listing -> listing.name().value())
                .toList();
    }

    @Test
    void uidsAndUidValidityAreKept() throws Exception {
        try (Import running = begin();
                Import.Target work = target(running, "Work", VALIDITY, 6000)) {
            assertThat(work.newUidsBecause()).isEmpty();
            assertThat(work.add(List.of(message("a", 3, "Later"), message("b", 4))))
                    .isEqualTo(new Import.Added(0, 0));
            assertThat(names()).as("nobody sees half of it").doesNotContain("Work");
            work.add(List.of(message("c", 5000)));
            work.finish(true, Optional.of(SpecialUse.ARCHIVE));
        }
        for (int time = 0; time < 2; time++) {
            try (OpenMailbox work = fixture.open(fixture.alice, "Work")) {
                assertThat(work.uidValidity()).isEqualTo(VALIDITY);
                assertThat(work.uids()).containsExactly(3, 4, 5000);
                assertThat(work.status().uidNext()).isEqualTo(6000);
                assertThat(work.status().recent()).isZero();
                assertThat(work.keywords()).containsExactly("Later");
                assertThat(StoreFixture.flags(work, 3)).isEqualTo(Flags.SEEN | 1L << Flags.FIRST_KEYWORD);
                assertThat(StoreFixture.text(work, 5000)).contains("The body of c");
                var rows = new MessageRows(1);
                work.read(new int[] {3}, 0, 1, rows);
                assertThat(rows.internalDate[0]).isEqualTo(1_600_000_000_003L);
                assertThat(rows.zoneOffset[0]).isEqualTo((short) -120);
            }
            reopen();
        }
        assertThat(fixture.store.mailboxes().list(fixture.alice))
                .filteredOn(listing -> listing.specialUse().equals(Optional.of(SpecialUse.ARCHIVE)))
                .singleElement()
                .satisfies(listing -> {
                    assertThat(listing.name().value()).isEqualTo("Work");
                    assertThat(listing.subscribed()).isTrue();
                });
        assertThat(fixture.append(fixture.alice, "Work", "Subject: own\r\n\r\n", 0)
                        .uids())
                .containsExactly(6000);
        fixture.store.mailboxes().create(fixture.alice, MailboxName.of("Later"), Optional.empty());
        assertThat(status("Later").uidValidity()).isGreaterThan(VALIDITY + 10);
    }

    @Test
    void whatANameHadFollowsBehindWhatIsImported() throws Exception {
        fixture.append(fixture.alice, "INBOX", StoreFixture.message("before"), 0, "Mine");
        try (OpenMailbox session = fixture.open(fixture.alice, "INBOX");
                Import running = begin();
                Import.Target inbox = target(running, "INBOX", VALIDITY, 20)) {
            inbox.add(List.of(message("a", 7, "Theirs"), message("b", 9)));
            fixture.append(fixture.alice, "INBOX", StoreFixture.message("meanwhile"), Flags.FLAGGED);
            inbox.finish(true, Optional.empty());
            assertThat(session.takeChanges()).last().isInstanceOf(MailboxChange.Gone.class);
        }
        for (int time = 0; time < 2; time++) {
            try (OpenMailbox inbox = fixture.open(fixture.alice, "INBOX")) {
                assertThat(inbox.uidValidity()).isEqualTo(VALIDITY);
                assertThat(inbox.uids()).containsExactly(7, 9, 20, 21);
                assertThat(StoreFixture.text(inbox, 20)).contains("The body of before");
                assertThat(StoreFixture.text(inbox, 21)).contains("The body of meanwhile");
                assertThat(inbox.keywords()).containsExactly("Theirs", "Mine");
                assertThat(StoreFixture.flags(inbox, 20)).isEqualTo(1L << (Flags.FIRST_KEYWORD + 1));
                assertThat(StoreFixture.flags(inbox, 21)).isEqualTo(Flags.FLAGGED);
            }
            reopen();
        }
        assertThat(fixture.store
                        .accounts()
                        .account("alice@example.test")
                        .orElseThrow()
                        .usedMessages())
                .isEqualTo(4);
    }

    @Test
    void anImportThatWasCutOffGoesOnWhereItWas() throws Exception {
        try (Import running = begin();
                Import.Target work = target(running, "Work", VALIDITY)) {
            work.add(List.of(message("a", 1), message("b", 2)));
        }
        reopen();
        assertThat(names()).doesNotContain("Work");
        try (Import running = begin();
                Import.Target work = target(running, "Work", VALIDITY, 4)) {
            assertThat(work.newUidsBecause()).isEmpty();
            assertThat(work.known(offered("a", "b", "c"))).containsExactly(true, true, false);
            work.add(List.of(message("c", 3)));
            work.finish(false, Optional.empty());
        }
        // a further run, when more has come at the source, and here
        fixture.append(fixture.alice, "Work", StoreFixture.message("own"), 0);
        try (Import running = begin();
                Import.Target work = target(running, "Work", VALIDITY, 30)) {
            assertThat(work.newUidsBecause()).isEmpty();
            assertThat(work.add(List.of(message("d", 4), message("e", 10)))).isEqualTo(new Import.Added(1, 0));
            work.finish(false, Optional.empty());
        }
        reopen();
        try (OpenMailbox work = fixture.open(fixture.alice, "Work")) {
            assertThat(work.uids()).containsExactly(1, 2, 3, 4, 5, 10);
            assertThat(StoreFixture.text(work, 4)).contains("The body of own");
            assertThat(StoreFixture.text(work, 5)).contains("The body of d");
            assertThat(work.status().uidNext()).isEqualTo(30);
        }
    }

    @Test
    void aUidNeverMeansTwoMessages() throws Exception {
        long own = status("Drafts").uidValidity();
        try (Import running = begin()) {
            try (Import.Target low = target(running, "Low", own)) {
                assertThat(low.newUidsBecause())
                        .hasValueSatisfying(why -> assertThat(why).contains("UIDVALIDITY " + own));
            }
            try (Import.Target work = target(running, "Work", VALIDITY, 2)) {
                work.add(List.of(message("a", 1)));
                work.finish(false, Optional.empty());
            }
            try (Import.Target twin = target(running, "Twin", VALIDITY, 2)) {
                assertThat(twin.newUidsBecause()).isPresent();
                twin.add(List.of(message("t", 1)));
                twin.finish(false, Optional.empty());
            }
            assertThat(status("Twin").uidValidity()).isGreaterThan(VALIDITY + 10);
            try (Import.Target work = target(running, "Work", VALIDITY + 1)) {
                assertThat(work.newUidsBecause()).isPresent();
            }
            fixture.store.mailboxes().delete(fixture.alice, MailboxName.of("Work"));
            try (Import.Target work = target(running, "Work", VALIDITY)) {
                assertThat(work.newUidsBecause()).isPresent();
            }
        }
        // nor under the address of an account that was removed, while others are not held back by it
        fixture.store.accounts().removeAccount(fixture.alice);
        var again = fixture.store.accounts().addAccount("alice@example.test", "no hash", Optional.empty());
        var carol = fixture.store.accounts().addAccount("carol@example.test", "no hash", Optional.empty());
        try (Import running = fixture.store.imports().begin(again, OptionalLong.of(VALIDITY), false);
                Import.Target work = target(running, "Work", VALIDITY)) {
            assertThat(work.newUidsBecause()).isPresent();
        }
        try (Import running = fixture.store.imports().begin(carol, OptionalLong.of(VALIDITY), false);
                Import.Target work = target(running, "Work", VALIDITY)) {
            assertThat(work.newUidsBecause()).isEmpty();
        }
    }

    @Test
    void aTrialChangesNothing() throws Exception {
        long before = status("Drafts").uidValidity();
        try (Import running = fixture.store.imports().begin(fixture.alice, OptionalLong.of(VALIDITY), true);
                Import.Target work = target(running, "Work", VALIDITY)) {
            assertThat(work.newUidsBecause()).isEmpty();
            assertThat(work.known(offered("a"))).containsExactly(false);
            assertThatThrownBy(() -> work.add(List.of(message("a", 1)))).isInstanceOf(IllegalStateException.class);
        }
        fixture.store.mailboxes().create(fixture.alice, MailboxName.of("Next"), Optional.empty());
        assertThat(status("Next").uidValidity()).isLessThan(before + 100);
    }

    @Test
    void oneAtATimeAndAllOrNothing() throws Exception {
        try (Import running = begin();
                Import.Target plain = target(running, "Plain", 0)) {
            assertThatThrownBy(this::begin).isInstanceOf(MailboxException.class).hasMessageContaining("under way");
            fixture.store
                    .accounts()
                    .setQuota(
                            fixture.alice,
                            new org.postern.store.Accounts.Quota(OptionalLong.empty(), OptionalLong.of(1)));
            assertThatThrownBy(() -> plain.add(List.of(message("a", 0), message("b", 0))))
                    .isInstanceOf(MailboxException.class)
                    .hasMessageContaining("quota");
            assertThat(plain.known(offered("a"))).containsExactly(false);
            plain.add(List.of(message("a", 0)));
            assertThat(plain.known(offered("a", "a"))).containsExactly(true, true);
            assertThat(plain.known(offered("x", "x"))).containsExactly(false, true);
        }
        begin().close();
    }

    @Test
    void keywordsThatFindNoRoomAreDropped() throws Exception {
        List<String> keywords = new ArrayList<>();
        for (int index = 0; index < Flags.KEYWORDS + 3; index++) {
            keywords.add("k" + index);
        }
        try (Import running = begin();
                Import.Target plain = target(running, "Plain", 0)) {
            assertThat(plain.add(List.of(message("a", 0, keywords.toArray(String[]::new)))))
                    .isEqualTo(new Import.Added(0, 3));
        }
    }

    @Test
    void forgettingTakesAwayWhatWasNotFinished() throws Exception {
        try (Import running = begin();
                Import.Target done = target(running, "Done", VALIDITY);
                Import.Target half = target(running, "Half", VALIDITY + 1, 2)) {
            done.add(List.of(message("a", 1)));
            done.finish(false, Optional.empty());
            half.add(List.of(message("b", 1), message("c", 2)));
        }
        fixture.store.imports().forget(fixture.alice);
        assertThat(fixture.store
                        .accounts()
                        .account("alice@example.test")
                        .orElseThrow()
                        .usedMessages())
                .isEqualTo(1);
        try (Import running = begin();
                Import.Target done = target(running, "Done", VALIDITY);
                Import.Target half = target(running, "Half", VALIDITY + 1)) {
            assertThat(done.known(offered("a"))).containsExactly(false);
            assertThat(half.known(offered("b"))).containsExactly(false);
            assertThat(half.newUidsBecause()).isPresent();
        }
        assertThat(names()).contains("Done").doesNotContain("Half");
    }

    @Test
    void aRemovedAccountLeavesNothingHidden() throws Exception {
        try (Import running = begin();
                Import.Target half = target(running, "Half", VALIDITY)) {
            half.add(List.of(message("b", 1)));
            fixture.store.accounts().removeAccount(fixture.alice);
            assertThatThrownBy(() -> half.add(List.of(message("c", 2)))).isInstanceOf(MailboxException.class);
        }
    }
}
