package org.postern.recordgroups;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SpfRecordTest {
    private static List<String> terms(String text) {
        return SpfRecord.parse(text).terms().stream()
                .map(term ->
                        term.name() + term.domain().map(domain -> ":" + domain).orElse(term.macros() ? ":%" : ""))
                .toList();
    }

    /// The examples of RFC 7208 appendix A, and the forms of its §5.
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "v=spf1 +all | all",
                "v=spf1 a -all | a all",
                "v=spf1 a:example.org -all | a:example.org all",
                "v=spf1 mx -all | mx all",
                "v=spf1 mx mx:example.org -all | mx mx:example.org all",
                "v=spf1 mx/30 mx:example.org/30 -all | mx mx:example.org all",
                "v=spf1 ptr -all | ptr all",
                "v=spf1 ip4:192.0.2.128/28 -all | ip4 all",
                "v=spf1 a/24//64 a:a.example/24//96 ~all | a a:a.example all",
                "v=spf1 ip6:::ffff:192.0.2.1 exists:%{l1r-}.a%%%_%-.example a:%{d2}/24 -all | ip6 exists:% a:% all",
                "v=spf1 ip6:2001:db8::/32 ?include:Example.NET -all | ip6 include:example.net all",
                "v=spf1 exists:%{ir}.sbl.spamhaus.example.org | exists:%",
                "V=SPF1 redirect=_spf.example.com | redirect:_spf.example.com",
                "v=spf1 exp=explain._spf.%{d} op=x -ALL | all",
            })
    void isRead(String text, String terms) {
        assertThat(terms(text)).containsExactly(terms.split(" ", -1));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "v=spf10 -all",
                "v=spf1 mx=example.org:example.org all:x",
                "v=spf1 include -all",
                "v=spf1 include: -all",
                "v=spf1 ip4:192.0.2.0/33",
                "v=spf1 ip4:2001:db8::1",
                "v=spf1 ip6:192.0.2.1",
                "v=spf1 ip4",
                "v=spf1 ip4:mail.example.org",
                "v=spf1 ipv4:192.0.2.1",
                "v=spf1 redirect=a.example redirect=b.example",
                "v=spf1 a:exam..ple",
                " v=spf1 -all",
                "v=spf1;x",
                "v=spf1 a/xyz",
                "v=spf1 mx/foo",
                "v=spf1 a/99",
                "v=spf1 a//129",
                "v=spf1 a:example.org/33",
                "v=spf1 ptr/24",
                "v=spf1 include:example.org/24",
                "v=spf1 include:org",
                "v=spf1 ip4:192.0.2.0/-1",
                "v=spf1 ip4:192.0.2.0/+8",
                "v=spf1 ip4:192.0.2.0/08",
                "v=spf1 ip4:127.1",
                "v=spf1 ip4:1",
                "v=spf1 ip6:fe80::1%1",
                "v=spf1 include:%zz",
                "v=spf1 include:%{z}.example",
                "v=spf1 exp=a.example exp=b.example",
                "v=spf1 -all;"
            })
    void orRefused(String text) {
        assertThatThrownBy(() -> SpfRecord.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void theReasonNamesTheWord() {
        assertThatThrownBy(() -> SpfRecord.parse("v=spf1 mx inlude:example.org -all"))
                .hasMessage("'inlude:example.org' is no mechanism");
    }
}
