package org.postern.session;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.postern.testkit.Requirement;

class ProxyHeaderTest {
    private static final byte[] SIGNATURE = {13, 10, 13, 10, 0, 13, 10, 'Q', 'U', 'I', 'T', 10};
    private static final byte[] IPV4 = {(byte) 192, 0, 2, 7, (byte) 192, 0, 2, 1, 0x12, 0x34, 3, (byte) 0xe1};

    private static byte[] header(int command, int family, byte[]... parts) {
        var body = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            body.writeBytes(part);
        }
        var out = new ByteArrayOutputStream();
        out.writeBytes(SIGNATURE);
        out.write(command);
        out.write(family);
        out.write(body.size() >> 8);
        out.write(body.size());
        out.writeBytes(body.toByteArray());
        return out.toByteArray();
    }

    private static byte[] value(int type, byte[]... parts) {
        var body = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            body.writeBytes(part);
        }
        var out = new ByteArrayOutputStream();
        out.write(type);
        out.write(body.size() >> 8);
        out.write(body.size());
        out.writeBytes(body.toByteArray());
        return out.toByteArray();
    }

    private static byte[] text(int type, String text) {
        return value(type, text.getBytes(US_ASCII));
    }

    /// @param client 1 for a client that came by TLS
    private static byte[] ssl(int client, byte[]... values) {
        byte[][] all = new byte[values.length + 1][];
        all[0] = new byte[] {(byte) client, 0, 0, 0, 0};
        System.arraycopy(values, 0, all, 1, values.length);
        return value(0x20, all);
    }

    @Test
    @Requirement("TLS-12")
    void itTellsTheClientAndItsTls() throws Exception {
        ProxyHeader plain = ProxyHeader.parse(header(0x21, 0x11, IPV4));
        assertThat(plain.client()).hasValue(InetAddress.ofLiteral("192.0.2.7"));
        assertThat(plain.tls()).isEmpty();
        byte[] ipv6 = new byte[36];
        ipv6[0] = 0x20;
        ipv6[1] = 1;
        ipv6[15] = 9;
        assertThat(ProxyHeader.parse(header(0x21, 0x21, ipv6)).client()).hasValue(InetAddress.ofLiteral("2001::9"));
        assertThat(ProxyHeader.parse(header(0x20, 0, new byte[0]))) // it looks whether we are there
                .satisfies(own -> assertThat(own.client()).isEmpty());

        TlsFacts tls = ProxyHeader.parse(header(
                        0x21,
                        0x11,
                        IPV4,
                        text(0x01, "imap"),
                        text(0x02, "mail.example.test"),
                        ssl(1, text(0x21, "TLSv1.2"), text(0x23, "ECDHE-RSA-AES128-GCM-SHA256"), text(0x26, "X25519"))))
                .tls()
                .orElseThrow();
        assertThat(tls.version()).isEqualTo("TLSv1.2");
        assertThat(tls.cipherSuite()).isEqualTo("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"); // R8314-27
        assertThat(tls.group()).hasValue("x25519");
        assertThat(tls.serverName()).hasValue("mail.example.test");
        assertThat(tls.applicationProtocol()).hasValue("imap");
        assertThat(tls.implicit()).isTrue();
    }

    @Test
    @Requirement("TLS-12")
    void whatIsNotToldIsNotThere() {
        for (byte[] without : new byte[][] {
            ssl(0, text(0x21, "TLSv1.3"), text(0x23, "TLS_AES_128_GCM_SHA256")), // the client did not use it
            ssl(1, text(0x21, "TLSv1.3")),
            ssl(1, text(0x23, "TLS_AES_128_GCM_SHA256")),
            ssl(1, text(0x21, "TLSv1.3"), text(0x23, "a suite\r\nin two lines")),
            value(0x20, new byte[] {1, 0, 0})
        }) {
            assertThat(ProxyHeader.parse(header(0x21, 0x11, IPV4, without)).tls())
                    .isEmpty();
        }
    }

    @Test
    void whatIsNoHeaderIsRefused() {
        byte[] good = header(0x21, 0x11, IPV4, ssl(1, text(0x21, "TLSv1.3"), text(0x23, "TLS_AES_128_GCM_SHA256")));
        assertThat(ProxyHeader.mayBegin(Arrays.copyOf(good, 5))).isTrue();
        assertThat(ProxyHeader.mayBegin("a1 NOOP\r\n".getBytes(US_ASCII))).isFalse();
        assertThat(ProxyHeader.mayBegin("PROXY TCP4 192.0.2.7 192.0.2.1 1 2\r\n".getBytes(US_ASCII)))
                .isFalse();
        for (byte[] bad : new byte[][] {
            header(0x11, 0x11, IPV4), // version 1
            header(0x22, 0x11, IPV4),
            header(0x21, 0x12, IPV4), // UDP
            header(0x21, 0x11, Arrays.copyOf(IPV4, 11)),
            header(0x21, 0x11, IPV4, new byte[] {1, 0}),
            header(0x21, 0x11, IPV4, new byte[] {1, 0, 9, 0}),
            header(0x21, 0x11, new byte[5000]),
            Arrays.copyOf(good, good.length - 1)
        }) {
            assertThatThrownBy(() -> ProxyHeader.parse(bad)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    /// Whatever is said, it is taken or refused in order.
    @Test
    void mutationsAreRefusedOrTaken() {
        byte[] good = header(
                0x21,
                0x11,
                IPV4,
                text(0x02, "mail.example.test"),
                ssl(1, text(0x21, "TLSv1.3"), text(0x23, "TLS_AES_128_GCM_SHA256")));
        var random = new Random(8);
        int taken = 0;
        for (int round = 0; round < 20_000; round++) {
            byte[] mutated = good.clone();
            for (int change = 0; change <= random.nextInt(3); change++) {
                mutated[12 + random.nextInt(mutated.length - 12)] = (byte) random.nextInt(256);
            }
            try {
                ProxyHeader header = ProxyHeader.parse(mutated);
                header.tls().ifPresent(tls -> assertThat(tls.cipherSuite()).matches("[A-Za-z0-9._/-]+"));
                taken++;
            } catch (IllegalArgumentException refused) {
                assertThat(refused).hasMessageNotContaining("null");
            }
        }
        assertThat(taken).isPositive();
    }
}
