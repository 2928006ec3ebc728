package org.postern.interchange;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.postern.store.Flags;
import org.postern.store.InvalidMailboxName;

/// Any octets where other programs' files are expected.
class InterchangeFuzzTest {
    @FuzzTest
    void anyOctetsAreAUidListOrRefused(byte[] octets) {
        try {
            UidList list = UidList.read(new ByteArrayInputStream(octets));
            assertThat(list.uidValidity()).isBetween(1L, 0xffff_ffffL);
            assertThat(list.uidNext()).isBetween(1L, 0xffff_ffffL);
        } catch (IOException refused) {
            assertThat(refused).hasMessageMatching("(?s).+");
        }
    }

    @FuzzTest
    void anyTextIsAMaildirName(byte[] octets) {
        String text = new String(octets, ISO_8859_1);
        MaildirName name = MaildirName.parse(text);
        assertThat(text).startsWith(name.unique());
        assertThat(name.unique()).doesNotContain(":");
        assertThat(name.letters()).matches("[a-z]{0,26}");
        assertThat(name.systemFlags() & ~((1L << Flags.FIRST_KEYWORD) - 1)).isZero();
        assertThat(name.seconds()).isNotNegative();
    }

    @FuzzTest
    void anyTextIsAMailboxNameOrRefused(byte[] octets) {
        try {
            assertThat(Names.mailbox(new String(octets, ISO_8859_1)).value()).isNotEmpty();
        } catch (InvalidMailboxName refused) {
            assertThat(refused.getMessage()).isNotEmpty();
        }
    }

    @FuzzTest
    void anyOctetsAreAnMboxOrRefused(byte[] octets) throws IOException {
        Path file = Files.createTempFile("mbox", ".fuzz");
        try {
            Files.write(file, octets);
            try (FileChannel channel = FileChannel.open(file)) {
                var reader = new MboxReader(channel);
                long last = 0;
                for (var found = reader.next(); found != null; found = reader.next()) {
                    assertThat(found.start()).isGreaterThanOrEqualTo(last);
                    assertThat(found.end()).isBetween(found.start(), (long) octets.length);
                    last = found.end();
                    try (InputStream in = reader.open(found)) {
                        assertThat(in.readAllBytes()).hasSizeLessThanOrEqualTo(2 * octets.length);
                    }
                }
            } catch (IOException refused) {
                assertThat(refused).hasMessageMatching("(?s).+");
            }
        } finally {
            Files.delete(file);
        }
    }

    @FuzzTest
    void anyHeaderHasADateOrNone(byte[] octets) throws IOException {
        DateField.find(new ByteArrayInputStream(octets))
                .ifPresent(date -> assertThat(date.offsetMinutes()).isBetween(-18 * 60, 18 * 60));
    }

    @FuzzTest
    void anyTextIsTheNameOfAnEmlOrNot(byte[] octets) {
        String text = new String(octets, ISO_8859_1);
        EmlName.parse(text).ifPresent(name -> assertThat(name.text()).isEqualTo(text));
    }

    /// What was written comes back, whatever it is but for what an mbox cannot tell: line ends are CRLF, and the
    /// last line has one.
    @FuzzTest
    void anyLinesComeBackOutOfAnMbox(byte[] octets) throws IOException {
        String lines = new String(octets, ISO_8859_1).replaceAll("[\r\n\0]+", "\r\n") + "\r\n";
        var written = new java.io.ByteArrayOutputStream();
        var quoting = new FromQuoting(written);
        assertThat(new LocalLines(quoting, false).copy(new ByteArrayInputStream(lines.getBytes(ISO_8859_1))))
                .isTrue();
        quoting.finish();
        try (InputStream back =
                new CrlfInputStream(new FromUnquoting(new ByteArrayInputStream(written.toByteArray())))) {
            assertThat(new String(back.readAllBytes(), ISO_8859_1)).isEqualTo(lines);
        }
    }
}
