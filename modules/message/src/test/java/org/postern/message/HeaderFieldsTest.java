package org.postern.message;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.postern.message.HeaderFields.Choice;
import org.postern.testkit.Requirement;

@Requirement("RFC3501-6.4.5")
class HeaderFieldsTest {
    private static final String HEADER =
            "From mbox\r\nReceived: one\r\n\tfolded\r\nSubject : x\nFROM: a@b\r\nreceived: two\r\nX: \u00fc\r\n\r\n";

    @Test
    void listedFieldsAsTheyStand() throws IOException {
        assertThat(select(HEADER, Choice.LISTED, "RECEIVED", "From"))
                .isEqualTo("Received: one\r\n\tfolded\r\nFROM: a@b\r\nreceived: two\r\n\r\n");
        assertThat(select(HEADER, Choice.LISTED, "subject")).isEqualTo("Subject : x\n\r\n");
        assertThat(select(HEADER, Choice.LISTED, "none", "rec", "received:")).isEqualTo("\r\n");
    }

    @Test
    void allButTheListedFields() throws IOException {
        assertThat(select(HEADER, Choice.NOT_LISTED, "received"))
                .isEqualTo("From mbox\r\nSubject : x\nFROM: a@b\r\nX: \u00fc\r\n\r\n");
        assertThat(select(HEADER, Choice.NOT_LISTED, "nothing")).isEqualTo(HEADER);
    }

    @Test
    void theBlankLineIsAlwaysThere() throws IOException {
        assertThat(select("", Choice.LISTED, "a")).isEqualTo("\r\n");
        assertThat(select("A: b", Choice.LISTED, "a")).isEqualTo("A: b\r\n\r\n");
        assertThat(select("A: b\n\nC: not header\n", Choice.NOT_LISTED, "x")).isEqualTo("A: b\n\n");
    }

    private static String select(String header, Choice choice, String... names) throws IOException {
        byte[] selected =
                HeaderFields.select(new ByteArrayInputStream(header.getBytes(ISO_8859_1)), List.of(names), choice);
        return new String(selected, ISO_8859_1);
    }
}
