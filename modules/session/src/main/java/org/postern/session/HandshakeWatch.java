package org.postern.session;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/// Stands between the wire and TLS for the handshake, and reads what both sides say in the clear. No engine tells of a
/// handshake that failed, and the JDK's does not tell the group (TLS-15). It changes nothing, keeps a bounded part, and
/// leaves the pipeline when it has seen enough.
///
/// On the event loop, but for the facts: those are read after the handshake, which orders the two.
final class HandshakeWatch extends ChannelDuplexHandler {
    private static final int CLIENT_HELLO = 1; // RFC 8446 §4, RFC 5246 §7.4
    private static final int SERVER_HELLO = 2;
    private static final int CERTIFICATE = 11;
    private static final int SERVER_KEY_EXCHANGE = 12;
    private static final int SERVER_HELLO_DONE = 14;

    private static final int CHANGE_CIPHER_SPEC = 20; // RFC 8446 §5.1
    private static final int HANDSHAKE = 22;

    private final Direction client = new Direction() {
        @Override
        void message(int type, byte[] body) {
            if (type == CLIENT_HELLO) {
                hello = HelloReader.clientHello(body).orElse(null);
            }
            done = true;
        }

        @Override
        int wanted(int type) {
            return type == CLIENT_HELLO ? 16 * 1024 : 0;
        }
    };

    private final Direction server = new Direction() {
        @Override
        void message(int type, byte[] body) {
            switch (type) {
                case SERVER_HELLO -> {
                    HelloReader.ServerHello hello =
                            HelloReader.serverHello(body).orElse(null);
                    choice = hello;
                    done = hello == null || (hello.isTls13() && !hello.retry());
                }
                case CERTIFICATE -> certificate = true;
                case SERVER_KEY_EXCHANGE -> {
                    exchange = HelloReader.serverKeyExchange(body);
                    done = true;
                }
                case SERVER_HELLO_DONE -> done = true;
                default -> {} // CertificateStatus and the like
            }
        }

        @Override
        int wanted(int type) {
            return switch (type) {
                case SERVER_HELLO -> 4 * 1024;
                case SERVER_KEY_EXCHANGE -> 3; // its beginning does
                default -> 0;
            };
        }

        @Override
        void changeCipherSpec() {
            HelloReader.ServerHello hello = choice;
            done = hello == null || !hello.retry(); // RFC 8446 §D.4: after a retry it means nothing
        }
    };

    // read by the session's thread when the handshake is over
    private volatile HelloReader.@Nullable ClientHello hello;
    private HelloReader.@Nullable ServerHello choice;
    private OptionalInt exchange = OptionalInt.empty();
    private boolean certificate;

    /// What the client asked for, once it has.
    Optional<HandshakeOffer> offer() {
        return Optional.ofNullable(hello).map(HelloReader.ClientHello::offer);
    }

    /// True where nothing is known.
    boolean clientVerifiesEcdsa() {
        HelloReader.ClientHello known = hello;
        return known == null || known.verifiesEcdsa();
    }

    OptionalInt cipherSuite() {
        HelloReader.ServerHello hello = choice;
        return hello == null ? OptionalInt.empty() : OptionalInt.of(hello.cipherSuite());
    }

    /// Where one was agreed upon in this handshake.
    OptionalInt group() {
        HelloReader.ServerHello hello = choice;
        return hello == null || hello.group().isEmpty() ? exchange : hello.group();
    }

    /// True if the session was made by an earlier handshake.
    boolean resumed() {
        HelloReader.ServerHello hello = choice;
        return hello != null && (hello.isTls13() ? hello.resumed() : !certificate);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (message instanceof ByteBuf octets) {
            client.read(octets);
            leaveWhenDone(context);
        }
        context.fireChannelRead(message);
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        if (message instanceof ByteBuf octets) {
            server.read(octets);
            leaveWhenDone(context);
        }
        context.write(message, promise);
    }

    private void leaveWhenDone(ChannelHandlerContext context) {
        if (client.done && server.done) {
            context.pipeline().remove(this);
        }
    }

    /// One direction's records, and the handshake messages in them: octet after octet, as they come.
    private abstract static class Direction {
        boolean done;
        private int headerOctets; // of 5, of the record under way
        private int recordType;
        private int recordLength;
        private int messageHeaderOctets; // of 4
        private int messageType;
        private int messageLength; // what is still to come
        private byte[] body = new byte[0];
        private int bodyLength;

        /// A message, as much of it as was wanted.
        abstract void message(int type, byte[] body);

        /// How many octets of such a message are wanted at most; one that is longer is cut.
        abstract int wanted(int type);

        /// Whatever follows is encrypted.
        void changeCipherSpec() {
            done = true;
        }

        final void read(ByteBuf octets) {
            int end = octets.writerIndex();
            int index = octets.readerIndex();
            while (index < end && !done) {
                if (headerOctets < 5) {
                    header(octets.getByte(index++) & 0xff);
                } else if (recordType != HANDSHAKE) {
                    int count = Math.min(recordLength, end - index);
                    index += count;
                    recordLength -= count;
                } else {
                    recordLength--;
                    handshake(octets.getByte(index++) & 0xff);
                }
                if (headerOctets == 5 && recordLength == 0) {
                    headerOctets = 0;
                }
            }
        }

        private void header(int octet) {
            switch (headerOctets++) {
                case 0 -> {
                    recordType = octet;
                    recordLength = 0;
                    if (octet == CHANGE_CIPHER_SPEC) {
                        changeCipherSpec();
                    } else if (octet != HANDSHAKE) {
                        done = true; // an alert, encrypted data, or no TLS at all
                    }
                }
                case 3, 4 -> recordLength = (recordLength << 8) | octet;
                default -> {} // the version of the record says nothing
            }
        }

        private void handshake(int octet) {
            if (messageHeaderOctets < 4) {
                if (messageHeaderOctets++ == 0) {
                    messageType = octet;
                    messageLength = 0;
                } else {
                    messageLength = (messageLength << 8) | octet;
                }
                if (messageHeaderOctets == 4) {
                    body = new byte[Math.min(wanted(messageType), messageLength)];
                    bodyLength = 0;
                }
            } else {
                messageLength--;
                if (bodyLength < body.length) {
                    body[bodyLength++] = (byte) octet;
                }
            }
            if (messageHeaderOctets == 4 && messageLength == 0) {
                messageHeaderOctets = 0;
                byte[] whole = body;
                body = new byte[0];
                message(messageType, whole);
            }
        }
    }
}
