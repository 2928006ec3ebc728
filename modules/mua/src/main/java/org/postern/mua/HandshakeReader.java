package org.postern.mua;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;

/// Reads along what a server sends in clear at the beginning of a handshake: ServerHello, ServerKeyExchange of TLS
/// 1.2, an alert (RFC 8446 §4.1.3, §5; RFC 8422 §5.4). The JDK tells neither the group nor which extensions came.
/// Only for evidence and for refusing: nothing is accepted because of what is read here.
final class HandshakeReader {
    private static final int MAXIMUM = 65_536; // octets that are looked at
    private static final int ALERT = 21;
    private static final int HANDSHAKE = 22;
    private static final int SERVER_HELLO = 2;
    private static final int SERVER_KEY_EXCHANGE = 12;
    private static final int PROTOCOL_VERSION = 70;
    private static final int NAMED_CURVE = 3;
    private static final int TLS_1_2 = 0x0303;
    private static final int TLS_1_3 = 0x0304;

    private static final Map<Integer, String> VERSIONS =
            Map.of(0x0300, "SSLv3", 0x0301, "TLSv1", 0x0302, "TLSv1.1", TLS_1_2, "TLSv1.2", TLS_1_3, "TLSv1.3");

    private static final Map<Integer, String> GROUPS = Map.ofEntries(
            Map.entry(0x0017, "secp256r1"),
            Map.entry(0x0018, "secp384r1"),
            Map.entry(0x0019, "secp521r1"),
            Map.entry(0x001d, "x25519"),
            Map.entry(0x001e, "x448"),
            Map.entry(0x0100, "ffdhe2048"),
            Map.entry(0x0101, "ffdhe3072"),
            Map.entry(0x0102, "ffdhe4096"),
            Map.entry(0x11eb, "SecP256r1MLKEM768"),
            Map.entry(0x11ec, "X25519MLKEM768"),
            Map.entry(0x11ed, "SecP384r1MLKEM1024"));

    /// The random of a HelloRetryRequest (RFC 8446 §4.1.3); another ServerHello follows.
    private static final byte[] RETRY =
            HexFormat.of().parseHex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c");

    private final ByteArrayOutputStream records = new ByteArrayOutputStream();
    private final ByteArrayOutputStream messages = new ByteArrayOutputStream();
    private int parsedRecords;
    private int parsedMessages;
    private boolean started;
    private boolean foreign;
    private boolean done;
    private int version;
    private int group = -1;
    private int alert = -1;
    private boolean renegotiationInfo;
    private boolean extendedMasterSecret;
    private Optional<String> applicationProtocol = Optional.empty();

    void accept(byte[] octets, int length) {
        if (!started && length > 0) {
            started = true;
            foreign = octets[0] != ALERT && octets[0] != HANDSHAKE;
        }
        if (done || foreign || records.size() + length > MAXIMUM) {
            done = true;
            return;
        }
        records.write(octets, 0, length);
        byte[] all = records.toByteArray();
        while (!done && all.length - parsedRecords >= 5) {
            int type = all[parsedRecords];
            int size = ((all[parsedRecords + 3] & 0xff) << 8) | (all[parsedRecords + 4] & 0xff);
            if (all.length - parsedRecords - 5 < size) {
                return;
            }
            if (type == ALERT && size == 2) {
                alert = all[parsedRecords + 6] & 0xff;
                done = true;
            } else if (type == HANDSHAKE) {
                messages.write(all, parsedRecords + 5, size);
                messages();
            } else {
                done = version == TLS_1_2 || type != 20; // what follows is encrypted; 20 is for middleboxes in TLS 1.3
            }
            parsedRecords += 5 + size;
        }
    }

    private void messages() {
        byte[] all = messages.toByteArray();
        while (!done && all.length - parsedMessages >= 4) {
            int type = all[parsedMessages];
            int size = ((all[parsedMessages + 1] & 0xff) << 16)
                    | ((all[parsedMessages + 2] & 0xff) << 8)
                    | (all[parsedMessages + 3] & 0xff);
            if (all.length - parsedMessages - 4 < size) {
                return;
            }
            ByteBuffer body = ByteBuffer.wrap(all, parsedMessages + 4, size).slice();
            try {
                if (type == SERVER_HELLO) {
                    serverHello(body);
                } else if (type == SERVER_KEY_EXCHANGE) {
                    if (body.get() == NAMED_CURVE) {
                        group = body.getShort() & 0xffff;
                    }
                    done = true;
                }
            } catch (BufferUnderflowException | IllegalArgumentException | IndexOutOfBoundsException e) {
                done = true; // malformed: the engine will say so
            }
            parsedMessages += 4 + size;
        }
    }

    private void serverHello(ByteBuffer hello) {
        version = hello.getShort() & 0xffff;
        byte[] random = new byte[32];
        hello.get(random);
        skip(hello, hello.get() & 0xff);
        skip(hello, 3); // suite and compression
        if (hello.remaining() >= 2) {
            hello.getShort();
        }
        while (hello.remaining() >= 4) {
            int type = hello.getShort() & 0xffff;
            int size = hello.getShort() & 0xffff;
            ByteBuffer data = hello.slice(hello.position(), size);
            skip(hello, size);
            switch (type) {
                case 16 -> { // application_layer_protocol_negotiation
                    data.getShort();
                    byte[] name = new byte[data.get() & 0xff];
                    data.get(name);
                    applicationProtocol = Optional.of(new String(name, ISO_8859_1));
                }
                case 23 -> extendedMasterSecret = true;
                case 43 -> version = data.getShort() & 0xffff; // supported_versions
                case 51 -> group = data.getShort() & 0xffff; // key_share
                case 0xff01 -> renegotiationInfo = true;
                default -> {}
            }
        }
        done = version == TLS_1_3 && !Arrays.equals(random, RETRY);
    }

    private static void skip(ByteBuffer buffer, int count) {
        buffer.position(buffer.position() + count);
    }

    /// The very first octet belongs to no handshake.
    boolean notTls() {
        return foreign;
    }

    /// As `TLSv1.2`; empty before the ServerHello.
    Optional<String> version() {
        return version == 0
                ? Optional.empty()
                : Optional.of(VERSIONS.getOrDefault(version, String.format("0x%04x", version)));
    }

    boolean versionTooOld() {
        return (version != 0 && version < TLS_1_2) || alert == PROTOCOL_VERSION;
    }

    boolean foreignApplicationProtocol(String offered) {
        return applicationProtocol.filter(chosen -> !chosen.equals(offered)).isPresent();
    }

    boolean extendedMasterSecret() {
        return extendedMasterSecret;
    }

    boolean renegotiationInfo() {
        return renegotiationInfo;
    }

    /// As IANA registers it, or its number.
    Optional<String> group() {
        return group < 0 ? Optional.empty() : Optional.of(GROUPS.getOrDefault(group, String.format("0x%04x", group)));
    }
}
