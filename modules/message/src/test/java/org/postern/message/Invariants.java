package org.postern.message;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.postern.message.SectionText.HEADER;
import static org.postern.message.SectionText.TEXT;
import static org.postern.message.SectionText.WHOLE;

import java.io.IOException;
import java.io.Reader;
import java.io.Writer;

/// What must hold of every message, however broken.
final class Invariants {
    private Invariants() {}

    static void check(byte[] octets) throws IOException {
        Extracted message = Extracted.of(octets);
        assertThat(message.extract().size()).isEqualTo(octets.length);
        assertThat(message.section(WHOLE)).isEqualTo(new String(octets, ISO_8859_1));
        assertThat(message.section(HEADER) + message.section(TEXT)).isEqualTo(message.section(WHOLE));
        checkPlaces(message.outline().root(), new Range(0, octets.length));

        assertThat(WireChecker.bodyDepth(message.extract().body())).isPositive();
        assertThat(WireChecker.bodyDepth(message.extract().bodyStructure())).isPositive();
        WireChecker.checkEnvelope(message.extract().envelope());

        MessageOutline decoded = MessageOutline.decode(message.outline().encode());
        assertThat(decoded).isEqualTo(message.outline());
        assertThat(decoded.withPrefix(17).size()).isEqualTo(octets.length + 17L);

        new TextSearch("no such text \u00fc").inText(message.outline(), message::open);
        readAll(message, message.outline().root());
        HeaderFields.select(message.open(0, octets.length), java.util.List.of("to"), HeaderFields.Choice.NOT_LISTED);
    }

    /// Parts lie within what holds them, one behind the other.
    private static void checkPlaces(Part part, Range holder) {
        assertThat(part.headerOffset()).isGreaterThanOrEqualTo(holder.offset());
        assertThat(part.bodyOffset()).isGreaterThanOrEqualTo(part.headerOffset() + part.headerLength());
        assertThat(part.body().end()).isLessThanOrEqualTo(Math.max(holder.end(), part.bodyOffset()));
        assertThat(part.lines()).isBetween(0L, part.bodyLength());
        long last = part.bodyOffset();
        for (Part child : part.children()) {
            assertThat(child.headerOffset()).isGreaterThanOrEqualTo(last);
            last = child.body().end();
            checkPlaces(child, part.body());
        }
    }

    private static void readAll(Extracted message, Part part) throws IOException {
        try (Reader reader = PartText.open(part, message.open(part.bodyOffset(), part.bodyLength()))) {
            reader.transferTo(Writer.nullWriter());
        }
        for (Part child : part.children()) {
            readAll(message, child);
        }
    }
}
