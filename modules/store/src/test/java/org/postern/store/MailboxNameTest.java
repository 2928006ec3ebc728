package org.postern.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Collections;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postern.testkit.Requirement;

class MailboxNameTest {
    private static void refused(String name, String rule) {
        assertThatThrownBy(() -> MailboxName.of(name))
                .isInstanceOf(InvalidMailboxName.class)
                .hasMessageContaining(rule);
    }

    @ParameterizedTest
    @ValueSource(strings = {"INBOX", "inbox", "InBoX"})
    @Requirement("RFC3501-5.1")
    void inboxIsOneMailboxInEveryCase(String name) {
        assertThat(MailboxName.of(name)).isEqualTo(MailboxName.INBOX);
        assertThat(MailboxName.of(name).isInbox()).isTrue();
        assertThat(MailboxName.of(name + "/Work")).hasToString("INBOX/Work");
        assertThat(MailboxName.of(name + "/Work").isInbox()).isFalse();
    }

    @Test
    void inboxIsSpecialOnlyAsAWholeFirstLevel() {
        assertThat(MailboxName.of("inboxes")).hasToString("inboxes");
        assertThat(MailboxName.of("Work/inbox")).hasToString("Work/inbox");
        assertThat(MailboxName.of("work")).isNotEqualTo(MailboxName.of("Work"));
    }

    @Test
    void composedAndDecomposedFormsAreOneName() {
        assertThat(MailboxName.of("Entwu\u0308rfe"))
                .isEqualTo(MailboxName.of("Entw\u00fcrfe"))
                .hasToString("Entw\u00fcrfe");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a\u0000b", "a\tb", "a\r\nb", "\u007f", "a\u0085b", "a\u2028b", "a\u2029b"})
    void controlsAreRefused(String name) {
        refused(name, "control characters");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "/a", "a/", "a//b"})
    void emptyLevelsAreRefused(String name) {
        refused(name, "level of a mailbox name may not be empty");
    }

    @Test
    void eachOtherBrokenRuleIsNamed() {
        refused("", "a mailbox name may not be empty");
        refused("a\ud800b", "surrogate");
        refused("a\udc00", "surrogate");
        refused("x/" + "a".repeat(256), "255 octets");
        refused("\u00fc".repeat(128), "255 octets");
        refused(String.join("/", Collections.nCopies(21, "a")), "20 levels");
    }

    @Test
    void theLimitsThemselvesAreAllowed() {
        assertThat(MailboxName.of("a".repeat(255)).value()).hasSize(255);
        assertThat(MailboxName.of("\u00fc".repeat(127) + "a").value()).hasSize(128);
        assertThat(MailboxName.of(String.join("/", Collections.nCopies(20, "a")))
                        .parents())
                .hasSize(19);
        assertThat(MailboxName.of("\ud83d\udcec post").value()).isEqualTo("\ud83d\udcec post");
    }

    @Test
    void whatLiesAboveAndBelowAName() {
        MailboxName name = MailboxName.of("a/b/c");
        assertThat(name.parents()).extracting(MailboxName::value).containsExactly("a", "a/b");
        assertThat(MailboxName.of("a/b").isAbove(name)).isTrue();
        assertThat(MailboxName.of("a/bb").isAbove(name)).isFalse();
        assertThat(name.isAbove(name)).isFalse();
        assertThat(name.moved(MailboxName.of("a/b"), MailboxName.of("z"))).hasToString("z/c");
        assertThat(name.moved(MailboxName.of("a"), MailboxName.of("inbox"))).hasToString("INBOX/b/c");
    }

    @Test
    void aMoveThatWouldBreakTheLimitsIsRefused() {
        MailboxName deep = MailboxName.of(String.join("/", Collections.nCopies(20, "a")));
        assertThatThrownBy(() -> deep.moved(MailboxName.of("a"), MailboxName.of("b/c")))
                .isInstanceOf(InvalidMailboxName.class);
    }
}
