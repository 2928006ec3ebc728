package org.postern.message;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import org.assertj.core.api.Assertions;

/// Any octets as a message, and any octets as an outline.
class MessageFuzzTest {
    @FuzzTest
    void anyOctetsAreAMessage(byte[] octets) throws IOException {
        Invariants.check(octets);
    }

    @FuzzTest
    void anyOctetsBecomeLinesOrAreRefused(byte[] octets) throws IOException {
        BinaryPartsTest.check(octets);
    }

    @FuzzTest
    void anyOctetsAreAnOutlineOrRefused(byte[] octets) {
        MessageOutline outline;
        try {
            outline = MessageOutline.decode(octets);
        } catch (IllegalArgumentException e) {
            return;
        }
        Assertions.assertThat(MessageOutline.decode(outline.encode())).isEqualTo(outline);
    }
}
