package org.postern.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.dns.Leftover;
import org.postern.dns.RecordDifference;
import org.postern.dns.RecordDifference.Comparison;
import org.postern.dns.RecordSet;
import org.postern.dns.RecordType;
import org.postern.resolver.DomainName;

class DnsMemoryTest {
    private static final RecordSet SRV = set("_imaps._tcp.example.org", RecordType.SRV, "0 0 0 .");
    private static final RecordSet TLSA =
            set("_993._tcp.mail.example.org", RecordType.TLSA, "3 1 1 " + "ab".repeat(32));

    @TempDir
    Path directory;

    private static RecordSet set(String owner, RecordType type, String data) {
        return new RecordSet(new DomainName(owner), type, Duration.ofHours(1), List.of(data));
    }

    private static RecordDifference missing(RecordSet set) {
        return new RecordDifference(set.key(), Optional.of(set), Optional.empty(), List.of("ns"));
    }

    private static RecordDifference left(RecordSet set) {
        return new RecordDifference(set.key(), Optional.empty(), Optional.of(set), List.of("ns"));
    }

    @Test
    void whatIsThereIsRememberedUntilItIsGone() {
        DnsMemory memory = DnsMemory.in(directory);
        memory.remember(List.of(SRV, TLSA), List.of(), new Comparison(List.of(missing(TLSA)), List.of()));
        assertThat(keys(memory)).containsExactly(SRV.key());
        memory.published(List.of(TLSA));
        assertThat(keys(DnsMemory.in(directory))).containsExactlyInAnyOrder(SRV.key(), TLSA.key());
        assertThat(memory.standing(RecordType.TLSA)).containsExactly(TLSA.owner());
        memory.remember(
                List.of(SRV),
                List.of(new Leftover(TLSA.key(), Set.of())),
                new Comparison(List.of(left(TLSA)), List.of()));
        assertThat(keys(memory)).contains(TLSA.key());
        // nobody says that it is gone
        memory.remember(
                List.of(SRV),
                List.of(new Leftover(TLSA.key(), Set.of())),
                new Comparison(List.of(), List.of("ns2: timed out")));
        assertThat(keys(memory)).contains(TLSA.key());
        memory.remember(
                List.of(SRV), List.of(new Leftover(TLSA.key(), Set.of())), new Comparison(List.of(), List.of()));
        assertThat(keys(DnsMemory.in(directory))).containsExactly(SRV.key());
    }

    private static List<RecordSet.Key> keys(DnsMemory memory) {
        return memory.standing().stream().map(Leftover::key).toList();
    }

    /// Beside Postern's text others' may be: only its own is left when it is wanted no more.
    @Test
    void ofTextsItIsRememberedWhatTheySay() {
        DnsMemory memory = DnsMemory.in(directory);
        RecordSet first = set("example.org", RecordType.TXT, "\"v=spf1 a -all\"");
        RecordSet second = set("example.org", RecordType.TXT, "\"v=spf1 mx -all\"");
        memory.published(List.of(first));
        memory.published(List.of(second));
        assertThat(DnsMemory.in(directory).standing())
                .containsExactly(new Leftover(
                        first.key(),
                        Set.of(first.data().getFirst(), second.data().getFirst())));
        memory.remember(List.of(second), List.of(), new Comparison(List.of(), List.of()));
        assertThat(DnsMemory.in(directory).standing())
                .containsExactly(new Leftover(first.key(), Set.copyOf(second.data())));
    }

    /// Before texts were published the file had no data.
    @Test
    void aFileOfAnEarlierVersionIsRead() throws Exception {
        Files.writeString(
                directory.resolve("published.json"),
                "{\"published\":[{\"owner\":\"_imaps._tcp.example.org\",\"type\":\"SRV\"}]}\n");
        assertThat(DnsMemory.in(directory).standing()).containsExactly(new Leftover(SRV.key(), Set.of()));
    }

    @Test
    void aFileThatCannotBeReadStopsTheStart() throws Exception {
        Path file = Files.writeString(directory.resolve("published.json"), "{\"published\": [{\"owner\": \"a\"}]}");
        assertThatThrownBy(() -> DnsMemory.in(directory))
                .isInstanceOf(StartException.class)
                .hasMessageStartingWith(file + " cannot be read: ");
    }
}
