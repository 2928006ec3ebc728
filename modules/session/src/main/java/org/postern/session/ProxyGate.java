package org.postern.session;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Waits for what a proxy says of a connection; only then a session begins. On the event loop.
final class ProxyGate extends ByteToMessageDecoder {
    private static final Logger LOG = LoggerFactory.getLogger(ProxyGate.class);

    private final Duration patience;
    private final Consumer<ProxyHeader> begin;

    /// @param begin puts handlers into the pipeline
    ProxyGate(Duration patience, Consumer<ProxyHeader> begin) {
        this.patience = patience;
        this.begin = begin;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        context.executor()
                .schedule(
                        () -> {
                            if (!context.isRemoved()) {
                                refuse(context.channel(), "it said nothing");
                            }
                        },
                        patience.toMillis(),
                        TimeUnit.MILLISECONDS);
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
        try {
            byte[] first = new byte[Math.min(in.readableBytes(), ProxyHeader.FIXED)];
            in.getBytes(in.readerIndex(), first);
            if (!ProxyHeader.mayBegin(first)) {
                throw new IllegalArgumentException("no PROXY header of version 2");
            }
            if (first.length < ProxyHeader.FIXED || in.readableBytes() < ProxyHeader.length(first)) {
                return;
            }
            byte[] header = new byte[ProxyHeader.length(first)];
            in.readBytes(header);
            ProxyHeader said = ProxyHeader.parse(header);
            ByteBuf rest = in.readRetainedSlice(in.readableBytes()); // the client's: it goes through all handlers
            context.pipeline().remove(this);
            begin.accept(said);
            if (rest.isReadable()) {
                context.channel().pipeline().fireChannelRead(rest);
                context.channel().pipeline().fireChannelReadComplete();
            } else {
                rest.release();
            }
        } catch (IllegalArgumentException malformed) {
            in.skipBytes(in.readableBytes());
            refuse(context.channel(), String.valueOf(malformed.getMessage()));
        }
    }

    private static void refuse(Channel channel, String why) {
        LOG.warn("the proxy {}: {}; server.proxies names who must begin with one", channel.remoteAddress(), why);
        channel.close();
    }
}
