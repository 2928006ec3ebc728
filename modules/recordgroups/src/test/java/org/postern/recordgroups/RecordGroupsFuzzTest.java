package org.postern.recordgroups;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.postern.resolver.DomainName;

/// Whatever stands in a record, a policy or a file of settings: it is read, or refused in words.
class RecordGroupsFuzzTest {
    private static final DomainName DOMAIN = new DomainName("example.org");
    private static final String[] PIECES = {
        "v=spf1",
        "v=DMARC1",
        "v=TLSRPTv1",
        "v=DKIM1",
        "; p=none",
        "; p=",
        "; rua=mailto:a@b",
        ",https://",
        "!10m",
        " include:",
        " redirect=",
        " a:",
        "/24",
        "//64",
        " ip4:192.0.2.1",
        " ip6:::1",
        " -all",
        "%{i}",
        "version: STSv1\n",
        "mode: enforce\n",
        "mx: *.b\n",
        "max_age: 1\n",
        "<clientConfig>",
        "</clientConfig>",
        "<incomingServer type=\"imap\">",
        "</incomingServer>",
        "<port>993</port>",
        "&#0;",
        "\r\n",
        "..",
        "\0",
        "\u00ff"
    };

    /// @return how many readers took it
    private static int read(byte[] octets) {
        String text = new String(octets, ISO_8859_1);
        List<String> taken = new ArrayList<>();
        attempt(
                taken,
                () -> SpfRecord.parse(text)
                        .terms()
                        .forEach(term -> assertThat(term.name()).isNotEmpty()));
        attempt(
                taken,
                () -> ReportAddresses.ofDmarc(TagList.parse(text))
                        .mailboxes()
                        .forEach(mailbox -> assertThat(mailbox.address()).contains("@")));
        attempt(taken, () -> ReportAddresses.ofTlsReports(TagList.parse(text)));
        attempt(taken, () -> assertThat(TransportPolicy.parse(octets).id()).hasSize(32));
        attempt(taken, () -> AutoconfigFile.parse(octets, DOMAIN).disagreement(List.of(), Map.of()));
        DkimKey.isKey(text);
        return taken.size();
    }

    private interface Reader {
        void read() throws IOException;
    }

    private static void attempt(List<String> taken, Reader reader) {
        try {
            reader.read();
            taken.add("");
        } catch (IOException | IllegalArgumentException refused) {
            assertThat(refused.getMessage()).isNotBlank();
        }
    }

    @FuzzTest
    void anyOctets(byte[] octets) {
        read(octets);
    }

    @Test
    void piecesOfRecordsAndFiles() {
        Random random = new Random(7);
        int taken = 0;
        for (int round = 0; round < 5_000; round++) {
            StringBuilder text = new StringBuilder();
            for (int count = random.nextInt(8); count >= 0; count--) {
                text.append(PIECES[random.nextInt(PIECES.length)]);
            }
            taken += read(text.toString().getBytes(ISO_8859_1));
        }
        assertThat(taken).as("some are right").isPositive();
    }
}
