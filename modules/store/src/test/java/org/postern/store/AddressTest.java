package org.postern.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postern.testkit.Requirement;

class AddressTest {
    @ParameterizedTest
    @CsvSource({
        "Example.ORG, example.org",
        "example.org., example.org",
        "bücher.example, xn--bcher-kva.example",
        "BÜCHER.Example, xn--bcher-kva.example",
        "bu\u0308cher.example, xn--bcher-kva.example",
        // UTS 46 non-transitional: sharp s is a letter of its own, not ss as in IDNA2003
        "faß.example, xn--fa-hia.example",
        "日本。example, xn--wgv71a.example",
        "localhost, localhost",
        "1.example, 1.example"
    })
    void domainsBecomeLowerCaseALabels(String typed, String stored) {
        assertThat(Address.parseDomain(typed)).hasValue(stored);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ".",
                "a..example",
                ".example",
                "-a.example",
                "a-.example",
                "a_b.example",
                "a b.example",
                "[192.0.2.1]",
                "ex\u0000mple",
                "a\u2260b\u0338.ex\u00admple\u0001",
                "\u0301a.example",
                "bücher..example"
            })
    void whatIsNoDomainIsRefused(String typed) {
        assertThat(Address.parseDomain(typed)).isEmpty();
    }

    @Test
    void domainsAreBounded() {
        assertThat(Address.parseDomain("a".repeat(63) + ".example")).isPresent();
        assertThat(Address.parseDomain("a".repeat(64) + ".example")).isEmpty();
        assertThat(Address.parseDomain("ü".repeat(63) + ".example")).isEmpty();
        assertThat(Address.parseDomain("a.".repeat(126) + "a")).isPresent();
        assertThat(Address.parseDomain("a.".repeat(127) + "a")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ' ',
            quoteCharacter = '`',
            value = {
                "alice@example.org alice alice",
                "Alice.B@example.org Alice.B alice.b",
                "o'neil!#$%&*/=?^_{|}~-@example.org o'neil!#$%&*/=?^_{|}~- o'neil!#$%&*/=?^_{|}~-",
                "\"alice\"@example.org alice alice",
                "\"a\\lice\"@example.org alice alice",
                "Zoë@example.org Zoë zoë",
                "Zoe\u0308@example.org Zoe\u0308 zoë",
                "用户@example.org 用户 用户"
            })
    @Requirement({"RFC5321-4.1.2", "RFC6531-3.3"})
    void localPartsAreKeptAsTypedAndComparedWithoutCase(String typed, String local, String key) {
        Address address = Address.of(typed);
        assertThat(address.localPart()).isEqualTo(local);
        assertThat(address.localKey()).isEqualTo(key);
        assertThat(address.domain()).isEqualTo("example.org");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "alice",
                "@example.org",
                "alice@",
                ".alice@example.org",
                "alice.@example.org",
                "a..b@example.org",
                "a b@example.org",
                "a@b@example.org",
                "\"a@b\"@example.org",
                "\"a b\"@example.org",
                "\"\"@example.org",
                "\"alice@example.org",
                "alice\"@example.org",
                "a\"b\"c@example.org",
                "a\\b@example.org",
                "<alice@example.org>",
                "alice\r\n@example.org",
                "alice\u0000@example.org",
                "alice\u0085@example.org",
                "alice\u2028@example.org",
                "alice\u00a0@example.org",
                "alice\ud800@example.org",
                "(comment)alice@example.org"
            })
    void whatIsNoAddressIsRefusedWithAReason(String typed) {
        assertThat(Address.parse(typed)).isEmpty();
        assertThatThrownBy(() -> Address.of(typed))
                .isInstanceOf(AccountException.class)
                .hasMessageContaining("not a mail address");
    }

    @Test
    @Requirement("RFC5321-4.5.3.1.1")
    void localPartsHaveAtMost64Octets() {
        assertThat(Address.parse("a".repeat(64) + "@example.org")).isPresent();
        assertThat(Address.parse("a".repeat(65) + "@example.org")).isEmpty();
        assertThat(Address.parse("ü".repeat(32) + "@example.org")).isPresent();
        assertThat(Address.parse("ü".repeat(33) + "@example.org")).isEmpty();
    }

    @Test
    @Requirement("RFC5233-1")
    void theFirstSeparatorBeginsTheDetail() {
        assertThat(Address.of("alice+a+b@example.org").withoutDetail('+')).hasToString("alice@example.org");
        assertThat(Address.of("alice@example.org").withoutDetail('+')).hasToString("alice@example.org");
        assertThat(Address.of("+alice@example.org").withoutDetail('+')).hasToString("+alice@example.org");
        assertThat(Address.of("alice-x+y@example.org").withoutDetail('-')).hasToString("alice@example.org");
    }
}
