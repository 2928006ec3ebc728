package org.postern.nameserver;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.time.Instant;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class CookiesTest {
    private static final HexFormat HEX = HexFormat.of();

    private static Cookies of(String secret) {
        return new Cookies(HEX.parseHex(secret));
    }

    /// RFC 9018 Appendix A.1 and A.2.
    @Test
    void examples() {
        Cookies cookies = of("e5e973e5a6b2a43f48e7dc849e37bfcf");
        byte[] client = HEX.parseHex("2464c4abcf10c957");
        InetAddress address = InetAddress.ofLiteral("198.51.100.100");
        byte[] cookie = cookies.make(client, address, Instant.ofEpochSecond(1_559_731_985));
        assertThat(HEX.formatHex(cookie)).isEqualTo("010000005cf79f111f8130c3eee29480");
        assertThat(cookies.isGood(client, cookie, address, Instant.ofEpochSecond(1_559_734_385)))
                .isTrue();
        assertThat(HEX.formatHex(cookies.make(client, address, Instant.ofEpochSecond(1_559_734_385))))
                .isEqualTo("010000005cf7a871d4a564a1442aca77");
    }

    /// RFC 9018 Appendix A.4: IPv6.
    @Test
    void exampleOfIpv6() {
        InetAddress address = InetAddress.ofLiteral("2001:db8:220:1:59de:d0f4:8769:82b8");
        byte[] client = HEX.parseHex("22681ab97d52c298");
        byte[] cookie =
                of("445536bcd2513298075a5d379663c962").make(client, address, Instant.ofEpochSecond(1_559_741_961));
        assertThat(HEX.formatHex(cookie)).isEqualTo("010000005cf7c609a6bb79d16625507a");
    }

    @Test
    void isGoodForItsClientAndForAnHour() {
        Cookies cookies = of("e5e973e5a6b2a43f48e7dc849e37bfcf");
        byte[] client = HEX.parseHex("2464c4abcf10c957");
        InetAddress address = InetAddress.ofLiteral("198.51.100.100");
        Instant made = Instant.ofEpochSecond(1_559_731_985);
        byte[] cookie = cookies.make(client, address, made);
        assertThat(cookies.isGood(client, cookie, address, made.plusSeconds(3_600)))
                .isTrue();
        assertThat(cookies.isGood(client, cookie, address, made.plusSeconds(3_601)))
                .isFalse();
        assertThat(cookies.isGood(client, cookie, address, made.minusSeconds(300)))
                .isTrue();
        assertThat(cookies.isGood(client, cookie, address, made.minusSeconds(301)))
                .isFalse();
        assertThat(cookies.isGood(client, cookie, InetAddress.ofLiteral("198.51.100.101"), made))
                .isFalse();
        assertThat(cookies.isGood(HEX.parseHex("2464c4abcf10c958"), cookie, address, made))
                .isFalse();
        assertThat(of("00e973e5a6b2a43f48e7dc849e37bfcf").isGood(client, cookie, address, made))
                .isFalse();
        for (int bit = 0; bit < 128; bit++) {
            byte[] changed = cookie.clone();
            changed[bit / 8] ^= (byte) (1 << bit % 8);
            assertThat(cookies.isGood(client, changed, address, made))
                    .as("bit %d", bit)
                    .isFalse();
        }
        assertThat(cookies.isGood(client, new byte[8], address, made)).isFalse();
    }
}
