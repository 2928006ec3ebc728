package org.postern.session;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.postern.tls.TlsNames;

/// Reads the hello messages of TLS (RFC 8446 §4.1, RFC 5246 §7.4). Whatever does not fit is taken for nothing: it
/// is the engine that refuses it.
final class HelloReader {
    private static final int SERVER_NAME = 0; // extensions, RFC 8446 §4.2
    private static final int SIGNATURE_ALGORITHMS = 13;
    private static final int APPLICATION_PROTOCOLS = 16;
    private static final int PRE_SHARED_KEY = 41;
    private static final int SUPPORTED_VERSIONS = 43;
    private static final int KEY_SHARE = 51;

    private static final int MOST_PROTOCOLS = 8;
    private static final int MOST_VERSIONS = 16;
    private static final Pattern HOST_NAME = Pattern.compile("[A-Za-z0-9._-]{1,255}");
    private static final Pattern PROTOCOL_NAME = Pattern.compile("[!-~&&[^\"\\\\,]]{1,32}");

    /// RFC 8446 §4.1.3: the random of a ServerHello that is a HelloRetryRequest, its first octets.
    private static final long RETRY = 0xCF21AD74E59A6111L;

    /// With ECDHE and ECDSA, of the policy and of [RetiredVersions#EXPLAIN].
    private static final Set<Integer> ECDSA_SUITES = Set.of(0xc02b, 0xc02c, 0xcca9, 0xc009, 0xc00a);

    private HelloReader() {}

    /// @param group the group of the key share, where there is one
    /// @param resumed in TLS 1.3; in TLS 1.2 the missing Certificate message tells it
    /// @param retry a HelloRetryRequest: another ServerHello follows
    record ServerHello(int version, int cipherSuite, OptionalInt group, boolean resumed, boolean retry) {
        boolean isTls13() {
            return version >= 0x0304;
        }
    }

    /// @param verifiesEcdsa true if the client can do with a certificate for an ECDSA key
    record ClientHello(HandshakeOffer offer, boolean verifiesEcdsa) {}

    /// The body of a ClientHello.
    static Optional<ClientHello> clientHello(byte[] body) {
        try {
            ByteBuffer in = ByteBuffer.wrap(body);
            int legacyVersion = in.getShort() & 0xffff;
            skip(in, 32); // random
            skip(in, in.get() & 0xff); // legacy_session_id
            ByteBuffer suites = vector(in, in.getShort() & 0xffff);
            boolean ecdsaSuite = false;
            while (suites.remaining() >= 2) {
                int suite = suites.getShort() & 0xffff;
                ecdsaSuite |= (suite >> 8) == 0x13 || ECDSA_SUITES.contains(suite); // in TLS 1.3 a suite says nothing
            }
            boolean ecdsaSignature = true; // RFC 5246 §7.4.1.4.1: without the extension, as the suites say
            skip(in, in.get() & 0xff); // compression methods
            TreeSet<Integer> versions = new TreeSet<>(Comparator.reverseOrder());
            Optional<String> name = Optional.empty();
            List<String> protocols = List.of();
            if (in.hasRemaining()) {
                ByteBuffer extensions = vector(in, in.getShort() & 0xffff);
                while (extensions.hasRemaining()) {
                    int type = extensions.getShort() & 0xffff;
                    ByteBuffer data = vector(extensions, extensions.getShort() & 0xffff);
                    switch (type) {
                        case SERVER_NAME -> name = serverName(data);
                        case SIGNATURE_ALGORITHMS -> ecdsaSignature = hasEcdsa(data);
                        case APPLICATION_PROTOCOLS -> protocols = applicationProtocols(data);
                        case SUPPORTED_VERSIONS -> {
                            ByteBuffer list = vector(data, data.get() & 0xff);
                            while (list.remaining() >= 2 && versions.size() < MOST_VERSIONS) {
                                int version = list.getShort() & 0xffff;
                                if ((version & 0x0f0f) != 0x0a0a) { // RFC 8701: GREASE
                                    versions.add(version);
                                }
                            }
                        }
                        default -> {} // of no interest here
                    }
                }
            }
            if (versions.isEmpty()) {
                versions.add(legacyVersion); // RFC 8446 §4.2.1
            }
            return Optional.of(new ClientHello(
                    new HandshakeOffer(versions.stream().map(TlsNames::version).toList(), name, protocols),
                    ecdsaSuite && ecdsaSignature));
        } catch (BufferUnderflowException | IllegalArgumentException malformed) {
            return Optional.empty();
        }
    }

    /// RFC 8446 §4.2.3: any with a hash that is still good.
    private static boolean hasEcdsa(ByteBuffer data) {
        ByteBuffer schemes = vector(data, data.getShort() & 0xffff);
        boolean has = false;
        while (schemes.remaining() >= 2) {
            int scheme = schemes.getShort() & 0xffff;
            has |= scheme == 0x0403 || scheme == 0x0503 || scheme == 0x0603;
        }
        return has;
    }

    /// RFC 6066 §3
    private static Optional<String> serverName(ByteBuffer data) {
        ByteBuffer names = vector(data, data.getShort() & 0xffff);
        while (names.hasRemaining()) {
            int type = names.get();
            ByteBuffer name = vector(names, names.getShort() & 0xffff);
            if (type == 0) {
                return Optional.of(text(name))
                        .filter(host -> HOST_NAME.matcher(host).matches());
            }
        }
        return Optional.empty();
    }

    /// RFC 7301 §3.1
    private static List<String> applicationProtocols(ByteBuffer data) {
        ByteBuffer list = vector(data, data.getShort() & 0xffff);
        List<String> names = new ArrayList<>();
        while (list.hasRemaining() && names.size() < MOST_PROTOCOLS) {
            String name = text(vector(list, list.get() & 0xff));
            if (PROTOCOL_NAME.matcher(name).matches()) {
                names.add(name);
            }
        }
        return names;
    }

    /// The body of a ServerHello.
    static Optional<ServerHello> serverHello(byte[] body) {
        try {
            ByteBuffer in = ByteBuffer.wrap(body);
            int version = in.getShort() & 0xffff;
            boolean retry = in.getLong() == RETRY;
            skip(in, 24); // the rest of the random
            skip(in, in.get() & 0xff); // session_id
            int suite = in.getShort() & 0xffff;
            skip(in, 1); // compression method
            OptionalInt group = OptionalInt.empty();
            boolean resumed = false;
            if (in.hasRemaining()) {
                ByteBuffer extensions = vector(in, in.getShort() & 0xffff);
                while (extensions.hasRemaining()) {
                    int type = extensions.getShort() & 0xffff;
                    ByteBuffer data = vector(extensions, extensions.getShort() & 0xffff);
                    switch (type) {
                        case SUPPORTED_VERSIONS -> version = data.getShort() & 0xffff;
                        case KEY_SHARE -> group = OptionalInt.of(data.getShort() & 0xffff);
                        case PRE_SHARED_KEY -> resumed = true;
                        default -> {} // of no interest here
                    }
                }
            }
            return Optional.of(new ServerHello(version, suite, group, resumed, retry));
        } catch (BufferUnderflowException | IllegalArgumentException malformed) {
            return Optional.empty();
        }
    }

    /// The beginning of a ServerKeyExchange of TLS 1.2: its group, where it names one (RFC 8422 §5.4).
    static OptionalInt serverKeyExchange(byte[] body) {
        return body.length >= 3 && body[0] == 3
                ? OptionalInt.of(((body[1] & 0xff) << 8) | (body[2] & 0xff))
                : OptionalInt.empty();
    }

    private static void skip(ByteBuffer in, int octets) {
        in.position(in.position() + octets);
    }

    private static ByteBuffer vector(ByteBuffer in, int octets) {
        ByteBuffer part = in.slice(in.position(), Math.min(octets, in.remaining()));
        skip(in, octets);
        return part;
    }

    private static String text(ByteBuffer in) {
        byte[] octets = new byte[in.remaining()];
        in.get(octets);
        return new String(octets, StandardCharsets.ISO_8859_1);
    }
}
