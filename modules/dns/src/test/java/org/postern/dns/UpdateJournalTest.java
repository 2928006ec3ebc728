package org.postern.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.dns.UpdateRecords.Place;
import org.postern.resolver.DomainName;
import org.xbill.DNS.Record;

class UpdateJournalTest {
    @TempDir
    Path directory;

    private UpdateJournal open() throws PublicationException {
        return new UpdateJournal(directory.resolve("new/of.journal"), Clock.systemUTC());
    }

    private static Set<Record> record(int number) {
        return UpdateRecords.of(new RecordSet(
                new DomainName("n" + number + ".example.test"),
                RecordType.TXT,
                Duration.ofSeconds(60),
                List.of("\"tab\t, quote \\\" and \\195\"")));
    }

    private static UpdatePlan.Change adding(int number) {
        return new UpdatePlan.Change(Place.of(record(number).iterator().next()), Set.of(), record(number), Set.of());
    }

    @Test
    void staysBoundedAndKeepsWhatIsPosterns() throws Exception {
        Set<Place> expected = new LinkedHashSet<>();
        try (UpdateJournal journal = open()) {
            for (int number = 0; number < 1_500; number++) {
                long sent = journal.sent(List.of(adding(number)), "server");
                if (number % 3 == 0) {
                    journal.outcome(sent, UpdateJournal.Kind.REFUSED, "no");
                } else {
                    journal.outcome(sent, UpdateJournal.Kind.CONFIRMED, "");
                    expected.add(adding(number).place());
                }
                journal.bound();
            }
            assertThat(journal.places()).isEqualTo(expected);
            assertThat(journal.entries()).hasSizeBetween(200, 1_001);
        }
        assertThat(Files.readAllLines(directory.resolve("new/of.journal"))).hasSizeLessThan(1_100);
        try (UpdateJournal journal = open()) {
            assertThat(journal.places()).containsExactlyInAnyOrderElementsOf(expected);
            assertThat(journal.ours(adding(1).place())).isEqualTo(record(1));
            assertThat(journal.sent(List.of(adding(9)), "server")).isEqualTo(1_501);
        }
    }

    @Test
    void aDamagedLineIsNamed() throws Exception {
        try (UpdateJournal journal = open()) {
            journal.outcome(journal.sent(List.of(adding(1)), "server"), UpdateJournal.Kind.CONFIRMED, "");
            journal.adopt(record(2));
        }
        Path file = directory.resolve("new/of.journal");
        Files.writeString(file, Files.readString(file).replaceFirst("CONFIRMED", "REFUSED"));
        assertThatThrownBy(this::open)
                .isInstanceOf(PublicationException.class)
                .hasMessageContaining("of.journal, line 2: the journal is damaged")
                .hasMessageContaining("postern dns adopt");
    }

    @Test
    void aSecretIsNeverShown() {
        String secret = "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0";
        assertThat(new UpdateKey(new DomainName("k"), UpdateKey.Algorithm.of("HMAC-SHA512"), secret))
                .hasToString("key k (hmac-sha512)");
        assertThatThrownBy(() -> new UpdateKey(new DomainName("k"), UpdateKey.Algorithm.HMAC_SHA256, secret + "*"))
                .hasMessage("the secret of key k is not base64")
                .hasNoCause();
        assertThatThrownBy(() -> new UpdateKey(new DomainName("k"), UpdateKey.Algorithm.HMAC_SHA256, "c2hvcnQ="))
                .hasMessage("the secret of key k is shorter than 16 octets");
        assertThatThrownBy(() -> UpdateKey.Algorithm.of("hmac-md5")).hasMessageContaining("hmac-sha256");
    }
}
