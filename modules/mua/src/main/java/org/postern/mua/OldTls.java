package org.postern.mua;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.Vector;
import org.bouncycastle.tls.CertificateRequest;
import org.bouncycastle.tls.DefaultTlsClient;
import org.bouncycastle.tls.NameType;
import org.bouncycastle.tls.ProtocolVersion;
import org.bouncycastle.tls.ServerName;
import org.bouncycastle.tls.TlsAuthentication;
import org.bouncycastle.tls.TlsClientProtocol;
import org.bouncycastle.tls.TlsCredentials;
import org.bouncycastle.tls.TlsServerCertificate;
import org.bouncycastle.tls.crypto.impl.bc.BcTlsCrypto;
import org.jspecify.annotations.Nullable;

/// Whether a server still agrees to TLS before 1.2 (RFC 8997 §3). By BouncyCastle's client: that of the JDK has such
/// versions switched off for the whole process, and rightly.
public final class OldTls {
    private OldTls() {}

    /// A visit of its own that offers TLS 1.1 and 1.0 and nothing newer, and ends as soon as that is answered.
    /// Blocking.
    ///
    /// @return the version that the server agreed to, as `TLSv1.0`; empty where it refuses, or is not there
    public static Optional<String> accepted(Target target, InetAddress address, Duration patience) {
        Service service = target.server().service();
        Dialogue dialogue = Dialogue.of(service.protocol());
        Client client = new Client(target.serverName());
        try (Wire wire =
                Wire.connect(new InetSocketAddress(address, target.server().port()), patience)) {
            if (!service.implicitTls()) {
                dialogue.greeting(wire);
                if (!dialogue.capabilities(wire).offersStartTls()) {
                    return Optional.empty();
                }
                dialogue.startTls(wire);
            }
            new TlsClientProtocol(new FromWire(wire), new ToWire(wire)).connect(client);
        } catch (IOException e) {
            return client.agreed(); // whatever came after the ServerHello is of no interest
        }
        return client.agreed();
    }

    private static final class Client extends DefaultTlsClient {
        private final Optional<String> serverName;
        private @Nullable ProtocolVersion version;

        Client(Optional<String> serverName) {
            super(new BcTlsCrypto(new SecureRandom()));
            this.serverName = serverName;
        }

        Optional<String> agreed() {
            return Optional.ofNullable(version)
                    .filter(agreed -> !ProtocolVersion.TLSv12.isEqualOrEarlierVersionOf(agreed))
                    .map(agreed -> agreed.equals(ProtocolVersion.TLSv11) ? "TLSv1.1" : "TLSv1.0");
        }

        @Override
        protected ProtocolVersion[] getSupportedVersions() {
            return new ProtocolVersion[] {ProtocolVersion.TLSv11, ProtocolVersion.TLSv10};
        }

        @Override
        @SuppressWarnings("JdkObsolete") // the library's signature
        protected @Nullable Vector<?> getSNIServerNames() {
            if (serverName.isEmpty()) {
                return null;
            }
            Vector<ServerName> names = new Vector<>();
            names.add(new ServerName(NameType.host_name, serverName.get().getBytes(StandardCharsets.US_ASCII)));
            return names;
        }

        @Override
        public void notifyServerVersion(ProtocolVersion serverVersion) throws IOException {
            version = serverVersion;
            super.notifyServerVersion(serverVersion);
        }

        @Override
        public TlsAuthentication getAuthentication() {
            return new TlsAuthentication() {
                @Override
                public void notifyServerCertificate(TlsServerCertificate certificate) {
                    // nothing is sent inside, so it does not matter whose it is
                }

                @Override
                public @Nullable TlsCredentials getClientCredentials(CertificateRequest request) {
                    return null;
                }
            };
        }
    }

    private static final class FromWire extends InputStream {
        private final Wire wire;
        private byte[] octets = new byte[0];
        private int next;

        FromWire(Wire wire) {
            this.wire = wire;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            read(one, 0, 1);
            return one[0] & 0xff;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            if (next == octets.length) {
                byte[] received = new byte[4_096];
                int count = wire.receive(received);
                octets = Arrays.copyOf(received, count);
                next = 0;
            }
            int part = Math.min(length, octets.length - next);
            System.arraycopy(octets, next, buffer, offset, part);
            next += part;
            return part;
        }
    }

    private static final class ToWire extends OutputStream {
        private final Wire wire;

        ToWire(Wire wire) {
            this.wire = wire;
        }

        @Override
        public void write(int octet) throws IOException {
            wire.transmit(new byte[] {(byte) octet}, 1);
        }

        @Override
        public void write(byte[] buffer, int offset, int length) throws IOException {
            wire.transmit(Arrays.copyOfRange(buffer, offset, offset + length), length);
        }
    }
}
