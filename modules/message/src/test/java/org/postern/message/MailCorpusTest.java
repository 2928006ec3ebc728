package org.postern.message;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postern.testkit.MailCorpus;
import org.postern.testkit.MailCorpus.Kind;
import org.postern.testkit.MailCorpus.Mail;

/// The seeded corpus and the reader of mail keep each other honest.
class MailCorpusTest {
    @ParameterizedTest
    @EnumSource
    void everyKindKeepsTheInvariantsAndSaysItsSubject(Kind kind) throws IOException {
        MailCorpus corpus = new MailCorpus(42);
        for (int i = 0; i < 50; i++) {
            Mail mail = corpus.next(kind);
            Invariants.check(mail.octets());
            Extracted message = Extracted.of(mail.octets());
            assertThat(message.envelope()).endsWith(" \"" + mail.messageId() + "\")");
            HeaderText header = HeaderText.read(message.open(0, mail.octets().length));
            assertThat(header.values("Subject")).containsExactly(mail.subject());
        }
    }

    @Test
    void theSameSeedGivesTheSameMail() {
        assertThat(octets(1)).isEqualTo(octets(1)).isNotEqualTo(octets(2));
        Set<String> ids = new HashSet<>();
        MailCorpus corpus = new MailCorpus(3);
        for (int i = 0; i < 100; i++) {
            assertThat(ids.add(corpus.next().messageId())).isTrue();
        }
    }

    @Test
    void partsAreWhereTheKindSays() {
        MailCorpus corpus = new MailCorpus(5);
        assertThat(Extracted.of(corpus.next(Kind.NESTED).octets()).outline().part(2, 2, 2, 2, 2, 2))
                .hasValueSatisfying(part -> assertThat(part.subtype()).isEqualTo("html"));
        assertThat(Extracted.of(corpus.next(Kind.FORWARDED).octets()).outline().part(2, 1))
                .hasValueSatisfying(part -> assertThat(part.subtype()).isEqualTo("plain"));
        assertThat(Extracted.of(corpus.next(Kind.ATTACHMENT).octets()).bodyStructure())
                .containsPattern("\"attachment\" \\(\"filename\\*\" \"utf-8''[A-Za-z%0-9]+\\.bin\"\\)");
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 401, 402, 999, 4096, 4097, 5_000, 100_000, 100_001, 100_002, 100_077})
    void sizesAreExactAndLinesShort(int size) throws IOException {
        Mail mail = new MailCorpus(1).ofSize(size);
        assertThat(mail.octets()).hasSize(size);
        assertThat(new String(mail.octets(), UTF_8)).endsWith("\r\n");
        assertThat(new String(mail.octets(), UTF_8).lines()).allMatch(line -> line.length() < 100);
        Invariants.check(mail.octets());
    }

    private static List<String> octets(long seed) {
        MailCorpus corpus = new MailCorpus(seed);
        return Stream.generate(corpus::next)
                .limit(20)
                .map(mail -> new String(mail.octets(), UTF_8))
                .toList();
    }
}
