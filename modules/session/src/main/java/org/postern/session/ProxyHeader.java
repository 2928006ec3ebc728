package org.postern.session;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What a proxy in front says of a connection: version 2 of the PROXY protocol, as HAProxy defines it.
///
/// @param client whose connection it is; empty where it is the proxy's own, as when it looks whether we are there
/// @param tls of the client, where the proxy has ended it; empty where it has not, or does not tell enough of it
record ProxyHeader(Optional<InetAddress> client, Optional<TlsFacts> tls) {
    static final int FIXED = 16; // octets, before addresses and TLVs
    static final int LONGEST = 4096;

    private static final byte[] SIGNATURE = {0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A};
    private static final int LOCAL = 0x20; // version and command
    private static final int PROXY = 0x21;

    private static final int ALPN = 0x01; // TLVs
    private static final int AUTHORITY = 0x02;
    private static final int SSL = 0x20;
    private static final int SSL_VERSION = 0x21;
    private static final int SSL_CIPHER = 0x23;
    private static final int SSL_GROUP = 0x26;
    private static final int CLIENT_SSL = 0x01; // a bit of the TLV's first octet

    /// Of the policy, as OpenSSL and so HAProxy calls them (RFC 5289, RFC 7905); those of TLS 1.3 have one name.
    private static final Map<String, String> OPENSSL_NAMES = Map.of(
            "ECDHE-ECDSA-AES128-GCM-SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            "ECDHE-RSA-AES128-GCM-SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            "ECDHE-ECDSA-AES256-GCM-SHA384", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            "ECDHE-RSA-AES256-GCM-SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            "ECDHE-ECDSA-CHACHA20-POLY1305", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
            "ECDHE-RSA-CHACHA20-POLY1305", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256");

    /// IANA names of groups, by what OpenSSL calls them.
    private static final Map<String, String> GROUPS = Map.of(
            "x25519", "x25519",
            "prime256v1", "secp256r1",
            "secp256r1", "secp256r1",
            "secp384r1", "secp384r1",
            "x25519mlkem768", "X25519MLKEM768");

    private static final Pattern HOST_NAME = Pattern.compile("[A-Za-z0-9._-]{1,255}");
    private static final Pattern WORD = Pattern.compile("[A-Za-z0-9._/-]{1,64}");

    /// Whether it may be one, as far as it is there.
    static boolean mayBegin(byte[] octets) {
        int length = Math.min(octets.length, SIGNATURE.length);
        return Arrays.equals(octets, 0, length, SIGNATURE, 0, length);
    }

    /// How long the whole is.
    ///
    /// @param fixed its first 16 octets
    /// @throws IllegalArgumentException saying what is wrong with it
    static int length(byte[] fixed) {
        int length = FIXED + (ByteBuffer.wrap(fixed).getShort(14) & 0xffff);
        if (!mayBegin(fixed)) {
            throw new IllegalArgumentException("no PROXY header of version 2");
        }
        if (length > LONGEST) {
            throw new IllegalArgumentException("a PROXY header of " + length + " octets");
        }
        return length;
    }

    /// @param octets the whole of it
    /// @throws IllegalArgumentException saying what is wrong with it
    static ProxyHeader parse(byte[] octets) {
        if (octets.length < FIXED || octets.length != length(octets)) {
            throw new IllegalArgumentException("a PROXY header of another length than it says");
        }
        ByteBuffer in = ByteBuffer.wrap(octets).position(12);
        int command = in.get() & 0xff;
        int family = in.get() & 0xff;
        in.getShort(); // the length
        if (command == LOCAL) {
            return new ProxyHeader(Optional.empty(), Optional.empty());
        }
        if (command != PROXY) {
            throw new IllegalArgumentException("version and command 0x" + Integer.toHexString(command));
        }
        InetAddress client = switch (family) {
            case 0x11 -> address(in, 4);
            case 0x21 -> address(in, 16);
            default -> throw new IllegalArgumentException("no TCP connection: 0x" + Integer.toHexString(family));
        };
        return new ProxyHeader(Optional.of(client), tls(values(in)));
    }

    /// The client's; behind it are the proxy's address and the two ports.
    private static InetAddress address(ByteBuffer in, int octets) {
        byte[] client = octets(in, octets);
        octets(in, octets + 4);
        try {
            return InetAddress.getByAddress(client);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("of " + octets + " octets", e);
        }
    }

    private static byte[] octets(ByteBuffer in, int count) {
        if (count > in.remaining()) {
            throw new IllegalArgumentException("the PROXY header ends too early");
        }
        byte[] octets = new byte[count];
        in.get(octets);
        return octets;
    }

    private static Map<Integer, byte[]> values(ByteBuffer in) {
        Map<Integer, byte[]> values = new HashMap<>();
        while (in.hasRemaining()) {
            byte[] head = octets(in, 3);
            values.put(head[0] & 0xff, octets(in, (head[1] & 0xff) << 8 | (head[2] & 0xff)));
        }
        return values;
    }

    private static Optional<TlsFacts> tls(Map<Integer, byte[]> values) {
        byte[] ssl = values.get(SSL);
        if (ssl == null || ssl.length < 5 || (ssl[0] & CLIENT_SSL) == 0) {
            return Optional.empty();
        }
        Map<Integer, byte[]> of = values(ByteBuffer.wrap(ssl, 5, ssl.length - 5)); // behind the verification's outcome
        Optional<String> suite = text(of.get(SSL_CIPHER), WORD);
        Optional<String> version = text(of.get(SSL_VERSION), WORD);
        if (suite.isEmpty() || version.isEmpty()) {
            return Optional.empty(); // without them it cannot be said that it is good enough
        }
        return Optional.of(new TlsFacts(
                version.get(),
                OPENSSL_NAMES.getOrDefault(suite.get(), suite.get()),
                text(of.get(SSL_GROUP), WORD).map(name -> GROUPS.get(name.toLowerCase(Locale.ROOT))),
                text(values.get(AUTHORITY), HOST_NAME),
                text(values.get(ALPN), WORD),
                false,
                true));
    }

    private static Optional<String> text(byte @Nullable [] octets, Pattern pattern) {
        return Optional.ofNullable(octets)
                .map(value -> new String(value, StandardCharsets.ISO_8859_1))
                .filter(value -> pattern.matcher(value).matches());
    }
}
