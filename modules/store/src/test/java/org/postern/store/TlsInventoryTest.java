package org.postern.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.testkit.Requirement;

class TlsInventoryTest {
    private final Instant now = Instant.now();
    private final LocalDate today = LocalDate.ofInstant(now, ZoneOffset.UTC);

    @TempDir
    Path directory;

    private static TlsWay way(String service, String client) {
        return new TlsWay(service, service.endsWith("s"), "TLSv1.3", "TLS_AES_128_GCM_SHA256", true, "PLAIN", client);
    }

    private Instant daysAgo(int days) {
        return now.minus(Duration.ofDays(days));
    }

    @Test
    @Requirement({"SEED-5", "R8314-21"})
    void sessionsOfOneWayAreCountedTogetherAndSurviveARestart() {
        try (StoreFixture fixture = new StoreFixture(directory)) {
            TlsInventory inventory = fixture.store.tlsInventory();
            inventory.record(fixture.alice, way("imap", "Old Mail 1.0"), daysAgo(3), daysAgo(3));
            assertThat(inventory.uses()).hasSize(1); // written; the next ones add to the row
            inventory.record(fixture.alice, way("imap", "Old Mail 1.0"), daysAgo(1), now);
            inventory.record(fixture.alice, way("imap", "Old Mail 1.0"), now, now);
            inventory.record(fixture.bob, way("imaps", ""), now, now);
        }
        try (StoreFixture fixture = new StoreFixture(directory)) {
            assertThat(fixture.store.tlsInventory().uses())
                    .containsExactly(
                            new TlsUse("alice@example.test", way("imap", "Old Mail 1.0"), today.minusDays(3), today, 3),
                            new TlsUse("bob@example.test", way("imaps", ""), today, today, 1));
        }
    }

    @Test
    void whatIsOldGoesAndWithTheAccountEverything() throws IOException {
        try (StoreFixture fixture = new StoreFixture(directory)) {
            TlsInventory inventory = fixture.store.tlsInventory();
            inventory.record(fixture.alice, way("pop3", ""), daysAgo(92), daysAgo(92));
            inventory.record(fixture.alice, way("pop3s", ""), daysAgo(92), daysAgo(88));
            inventory.record(fixture.bob, way("imaps", ""), now, now);
            assertThat(inventory.uses()).extracting(use -> use.way().service()).containsExactly("pop3s", "imaps");
            fixture.store.accounts().removeAccount(fixture.alice);
            inventory.record(fixture.alice, way("imaps", ""), now, now); // its last session ended after it
            assertThat(inventory.uses()).extracting(TlsUse::address).containsExactly("bob@example.test");
            List<Finding> findings = new ArrayList<>();
            fixture.store.verify(VerifyOptions.ALL, findings::add, WorkProgress.NONE);
            assertThat(findings).extracting(Finding::kind).doesNotContain(Finding.Kind.ORPHAN_ROWS);
        }
    }

    @Test
    void anAccountHasSoManyWaysAndTheOldestMakesRoom() {
        try (StoreFixture fixture = new StoreFixture(directory)) {
            TlsInventory inventory = fixture.store.tlsInventory();
            inventory.record(fixture.alice, way("imaps", "the first"), daysAgo(2), daysAgo(2));
            inventory.uses();
            for (int number = 0; number < TlsUseRows.MOST; number++) {
                inventory.record(fixture.alice, way("imaps", "Changing " + number), daysAgo(1), now);
            }
            assertThat(inventory.uses())
                    .hasSize(TlsUseRows.MOST)
                    .extracting(use -> use.way().client())
                    .doesNotContain("the first");
        }
    }

    @Test
    void whatAClientCallsItselfIsOneShortLine() {
        assertThat(way("imap", "  A\r\nB\u202e\tC ").client()).isEqualTo("A B C");
        assertThat(way("imap", "😀".repeat(100)).client()).isEqualTo("😀".repeat(64));
    }
}
