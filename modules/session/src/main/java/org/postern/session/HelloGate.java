package org.postern.session;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.ssl.AbstractSniHandler;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.Future;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.postern.session.TlsEngines.Client;
import org.postern.tls.ServedCertificates;

/// Waits for a whole ClientHello, then makes room for an engine: one that belongs to the virtual host that the
/// client asks for. Who says nothing costs no engine. On the event loop.
final class HelloGate extends AbstractSniHandler<Client> {
    private static final int LONGEST_CLIENT_HELLO = 16 * 1024;
    private static final int UNRECOGNIZED_NAME = 112; // RFC 6066 §3
    private static final int NO_APPLICATION_PROTOCOL = 120; // RFC 7301 §3.2

    private final TlsEngines engines;
    private final ServedCertificates certificates;
    private final ListenerSettings listener;
    private final HandshakeWatch watch;
    private final Executor handshakes;

    /// @param watch stands in front of it: what it has seen of the ClientHello is there
    /// @param handshakes for what is too long for an event loop: signatures and key exchanges cost a millisecond
    HelloGate(
            TlsEngines engines,
            ServedCertificates certificates,
            ListenerSettings listener,
            HandshakeWatch watch,
            Executor handshakes) {
        super(LONGEST_CLIENT_HELLO, listener.limits().handshake().toMillis());
        this.engines = engines;
        this.certificates = certificates;
        this.listener = listener;
        this.watch = watch;
        this.handshakes = handshakes;
    }

    @Override
    protected Future<Client> lookup(ChannelHandlerContext context, @Nullable String serverName) {
        return context.executor()
                .newSucceededFuture(new Client(
                        Optional.ofNullable(serverName),
                        watch.clientVerifiesEcdsa(),
                        watch.offer()
                                .filter(offer -> offer.versions().contains("TLSv1.3"))
                                .isPresent()));
    }

    @Override
    protected void onLookupComplete(ChannelHandlerContext context, @Nullable String serverName, Future<Client> client) {
        List<String> served = listener.protocol().applicationProtocols();
        List<String> offered =
                watch.offer().map(HandshakeOffer::applicationProtocols).orElse(List.of());
        if (serverName != null && !certificates.answersFor(serverName)) {
            refuse(context, UNRECOGNIZED_NAME); // TLS-7
        } else if (!served.isEmpty() && !offered.isEmpty() && offered.stream().noneMatch(served::contains)) {
            refuse(context, NO_APPLICATION_PROTOCOL); // TLS-5: without ALPN nobody is asked
        } else {
            var handler = new SslHandler(
                    engines.newEngine(client.getNow(), listener.protocol(), context.alloc()), handshakes);
            handler.setHandshakeTimeoutMillis(listener.limits().handshake().toMillis());
            context.pipeline().replace(this, context.name(), handler);
        }
    }

    /// By a fatal alert before any encryption (RFC 8446 §6).
    private static void refuse(ChannelHandlerContext context, int description) {
        context.writeAndFlush(Unpooled.wrappedBuffer(new byte[] {21, 3, 3, 0, 2, 2, (byte) description}))
                .addListener(ChannelFutureListener.CLOSE);
    }
}
