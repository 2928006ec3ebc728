package org.postern.pop3;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.postern.testkit.Transcript;

/// Whatever octets come: a line is a command or is refused, and nothing of it is looked at before TLS if
/// it may hold a secret.
class CommandFuzzTest {
    private static final byte[] SUBSTITUTES = {0, '\r', '\n', ' ', '.', '*', '=', '-', '0', '9', (byte) 0xff};

    @FuzzTest
    void anyOctets(byte[] octets) {
        read(octets);
    }

    /// Every line of every transcript, and each with one octet changed: the fuzzer's seeds, run in every
    /// build.
    @ParameterizedTest
    @MethodSource("org.postern.pop3.Pop3TranscriptsTest#all")
    void everyTranscriptWithAnOctetChanged(Transcript transcript) {
        for (Transcript.Step step : transcript.steps()) {
            if (step instanceof Transcript.Send send) {
                byte[] line = send.text().getBytes(ISO_8859_1);
                read(line);
                for (int at = 0; at < line.length; at++) {
                    for (byte substitute : SUBSTITUTES) {
                        byte[] changed = line.clone();
                        changed[at] = substitute;
                        read(changed);
                    }
                }
            }
        }
    }

    @Test
    void randomLines() {
        var random = new Random(1939);
        String[] keywords = {"CAPA", "USER", "PASS", "AUTH", "LANG", "LIST", "RETR", "TOP", "UIDL", "DELE", "QUIT", ""};
        for (int round = 0; round < 20_000; round++) {
            byte[] rest = new byte[random.nextInt(24)];
            random.nextBytes(rest);
            for (int at = 0; at < rest.length; at++) {
                if (random.nextInt(3) > 0) {
                    rest[at] = (byte) " 0123456789ab=*".charAt(random.nextInt(15));
                }
            }
            byte[] keyword = keywords[random.nextInt(keywords.length)].getBytes(ISO_8859_1);
            byte[] line = Arrays.copyOf(keyword, keyword.length + rest.length);
            System.arraycopy(rest, 0, line, keyword.length, rest.length);
            read(line);
        }
    }

    private static void read(byte[] line) {
        byte[] before = line.clone();
        String keyword = new String(line, ISO_8859_1).split(" ", 2)[0].toUpperCase(Locale.ROOT);
        boolean secret = keyword.equals("USER") || keyword.equals("PASS") || keyword.equals("AUTH");
        try {
            Command outside = new CommandReader(() -> false).read(line);
            assertThat(secret).as("%s before TLS", outside).isFalse();
        } catch (BadCommand refused) {
            if (secret) {
                assertThat(refused.text()).isEqualTo("Begin TLS first"); // the same, whatever follows
            }
        }
        assertThat(line).as("the reader's input stays the caller's").isEqualTo(before);
        var reader = new CommandReader(() -> true);
        try {
            Command command = reader.read(line);
            assertThat(reader.recognized()).isTrue();
            switch (command) {
                case Command.User user ->
                    assertThat(user.toString()).isEqualTo("User[…]").doesNotContain(user.name());
                case Command.Pass pass -> assertThat(pass).hasToString("Pass[…]");
                case Command.Auth auth -> assertThat(auth).hasToString("Auth[" + auth.mechanism() + "]");
                default -> assertThat(secret).isFalse();
            }
        } catch (BadCommand refused) {
            assertThat(refused.text()).isNotEmpty();
        }
    }
}
