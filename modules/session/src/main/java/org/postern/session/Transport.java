package org.postern.session;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// The meeting point of a session's thread and its channel's event loop: octets that arrived, the state
/// of TLS, and why a wait ends. The channel reads only when asked (auto-read is off), and one read ahead
/// at most.
final class Transport extends ChannelInboundHandlerAdapter {
    /// Where TLS stands. It only ever moves forward.
    private enum Tls {
        NONE,
        HANDSHAKING,
        SECURED,
        FAILED
    }

    /// What ended a wait for input.
    enum Wait {
        INPUT,
        WOKEN,
        END,
        TIMEOUT
    }

    private final Channel channel;
    private final Function<HandshakeWatch, ChannelHandler> tlsHandlers;
    /// Called on the event loop when an implicit handshake is over, well or not.
    private final Runnable onHandshake;
    private final HandshakeWatch handshake = new HandshakeWatch();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    // guarded by lock
    private final ArrayDeque<byte[]> arrived = new ArrayDeque<>(2);
    private boolean readPending;
    private boolean woken;
    private boolean endRequested;
    private boolean ended;
    private boolean closeNotify;
    private boolean injected;
    private Tls tls = Tls.NONE;
    private @Nullable String failure;
    private @Nullable ChannelFuture lastWrite;
    private long octetsIn;
    private long octetsOut;

    Transport(Channel channel, Function<HandshakeWatch, ChannelHandler> tlsHandlers, Runnable onHandshake) {
        this.channel = channel;
        this.tlsHandlers = tlsHandlers;
        this.onHandshake = onHandshake;
    }

    // ---- on the event loop

    /// Puts TLS in front of everything that is read from now on.
    void beginImplicitTls() {
        addTls();
        channel.read();
    }

    private void addTls() {
        lock.lock();
        try {
            tls = Tls.HANDSHAKING;
        } finally {
            lock.unlock();
        }
        channel.pipeline().addFirst("tls", tlsHandlers.apply(handshake)).addFirst("handshake", handshake);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        var buffer = (ByteBuf) message;
        try {
            byte[] bytes = new byte[buffer.readableBytes()];
            buffer.readBytes(bytes);
            if (bytes.length == 0) {
                return;
            }
            lock.lock();
            try {
                readPending = false;
                if (tls == Tls.HANDSHAKING || tls == Tls.FAILED) {
                    injected = true; // ST-2: nothing may reach the session between STARTTLS and the handshake's end
                    ended = true;
                    context.close();
                } else {
                    octetsIn += bytes.length;
                    arrived.add(bytes);
                }
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        } finally {
            buffer.release();
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        signal();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        boolean duringHandshake;
        lock.lock();
        try {
            ended = true;
            duringHandshake = tls == Tls.HANDSHAKING; // where the engine was not there yet to tell
            if (duringHandshake) {
                tls = Tls.FAILED;
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        if (duringHandshake) {
            onHandshake.run();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        switch (event) {
            case SslHandshakeCompletionEvent done -> {
                boolean first;
                lock.lock();
                try {
                    readPending = false;
                    first = tls == Tls.HANDSHAKING;
                    tls = done.isSuccess() ? Tls.SECURED : Tls.FAILED;
                    if (!done.isSuccess()) {
                        failure = reason(done.cause());
                        ended = true;
                    }
                    changed.signalAll();
                } finally {
                    lock.unlock();
                }
                if (!done.isSuccess()) {
                    context.close();
                }
                if (first) {
                    onHandshake.run();
                }
            }
            case SslCloseCompletionEvent close -> {
                lock.lock();
                try {
                    closeNotify |= close.isSuccess();
                    ended = true; // RFC 8446 §6.1: nothing follows close_notify; what came before is still read
                    changed.signalAll();
                } finally {
                    lock.unlock();
                }
            }
            default -> context.fireUserEventTriggered(event);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        lock.lock();
        try {
            if (failure == null) {
                failure = reason(cause);
            }
        } finally {
            lock.unlock();
        }
        context.close(); // a reset or a broken record: the session learns it from channelInactive
    }

    private static String reason(Throwable cause) {
        Throwable root = cause.getCause() instanceof SSLException inner ? inner : cause;
        return root.getMessage() == null ? root.getClass().getSimpleName() : root.getMessage();
    }

    private void signal() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    // ---- from any thread

    void wake() {
        lock.lock();
        try {
            woken = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Ends this and every later wait that has no input, as a wake-up.
    void requestEnd() {
        lock.lock();
        try {
            endRequested = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    boolean ended() {
        lock.lock();
        try {
            return ended;
        } finally {
            lock.unlock();
        }
    }

    /// Ends the channel at once: what is still unsent is lost.
    void abort() {
        channel.close();
    }

    // ---- on the session's thread

    /// Waits for so long, whatever the client sends. False if the session ends meanwhile.
    boolean pause(Duration duration) {
        lock.lock();
        try {
            long left = duration.toNanos();
            while (left > 0 && !ended && !endRequested) {
                requestRead(); // else nobody would see the client go
                left = changed.awaitNanos(left);
            }
            return left <= 0;
        } catch (InterruptedException e) {
            return false; // nobody interrupts a session: only a dying JVM gets here
        } finally {
            lock.unlock();
        }
    }

    /// Waits for input, a wake-up, the end or the deadline. `heedWake` false: wake-ups stay for the next
    /// wait, and only a requested end ends this one early.
    Wait await(Duration timeout, boolean heedWake) {
        lock.lock();
        try {
            long left = timeout.toNanos();
            while (true) {
                if (endRequested && heedWake) {
                    return Wait.WOKEN; // between two commands: whatever was sent already is not obeyed any more
                }
                if (!arrived.isEmpty()) {
                    return Wait.INPUT;
                }
                if (ended) {
                    return Wait.END;
                }
                if (endRequested || (woken && heedWake)) {
                    woken = false;
                    return Wait.WOKEN;
                }
                if (left <= 0) {
                    return Wait.TIMEOUT;
                }
                requestRead();
                left = changed.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            return Wait.END; // nobody interrupts a session: only a dying JVM gets here
        } finally {
            lock.unlock();
        }
    }

    /// The next octets, and a request for more while the session works on them: without an outstanding
    /// read the end of the connection would go unnoticed.
    byte @Nullable [] take() {
        lock.lock();
        try {
            byte[] bytes = arrived.poll();
            if (arrived.isEmpty() && !ended) {
                requestRead();
            }
            return bytes;
        } finally {
            lock.unlock();
        }
    }

    private void requestRead() {
        if (!readPending) {
            readPending = true;
            channel.read();
        }
    }

    boolean hasInput() {
        lock.lock();
        try {
            return !arrived.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /// Hands octets to the channel and waits while its buffer is full. False: the client does not read.
    boolean send(byte[] bytes, int offset, int length, Duration timeout) throws SessionEnded {
        ChannelFuture write = channel.writeAndFlush(Unpooled.wrappedBuffer(bytes, offset, length));
        lock.lock();
        try {
            lastWrite = write;
            octetsOut += length;
            long left = timeout.toNanos();
            while (!channel.isWritable() && !ended) {
                if (left <= 0) {
                    return false;
                }
                left = changed.awaitNanos(left);
            }
            if (ended && !channel.isActive()) {
                throw new SessionEnded(endReason());
            }
            return true;
        } catch (InterruptedException e) {
            throw new SessionEnded(EndReason.INTERNAL_ERROR);
        } finally {
            lock.unlock();
        }
    }

    /// Switches to TLS as one task on the event loop: refuse if anything was received after the command,
    /// send the reply as the last plaintext, put TLS in front. Then waits for the handshake.
    void startTls(byte[] reply, Duration timeout) throws SessionEnded {
        channel.eventLoop().execute(() -> {
            lock.lock();
            try {
                if (!arrived.isEmpty()) { // ST-1
                    injected = true;
                    ended = true;
                    changed.signalAll();
                }
                if (ended) {
                    channel.close();
                    return;
                }
                octetsOut += reply.length;
            } finally {
                lock.unlock();
            }
            channel.writeAndFlush(Unpooled.wrappedBuffer(reply)); // ST-3: no plaintext after this
            addTls();
            channel.read();
        });
        lock.lock();
        try {
            long left = timeout.toNanos();
            while (tls != Tls.SECURED && !ended) {
                if (left <= 0) {
                    throw new SessionEnded(EndReason.HANDSHAKE_FAILED);
                }
                left = changed.awaitNanos(left);
            }
            if (tls != Tls.SECURED) {
                throw new SessionEnded(endReason());
            }
        } catch (InterruptedException e) {
            throw new SessionEnded(EndReason.INTERNAL_ERROR);
        } finally {
            lock.unlock();
        }
    }

    /// Why the input ended, as far as the wire tells.
    EndReason endReason() {
        lock.lock();
        try {
            if (injected) {
                return EndReason.PLAINTEXT_INJECTED;
            }
            return switch (tls) {
                case HANDSHAKING, FAILED -> EndReason.HANDSHAKE_FAILED;
                case SECURED -> closeNotify ? EndReason.CLOSED : EndReason.TRUNCATED; // ST-27
                case NONE -> EndReason.CLOSED;
            };
        } finally {
            lock.unlock();
        }
    }

    boolean secured() {
        lock.lock();
        try {
            return tls == Tls.SECURED;
        } finally {
            lock.unlock();
        }
    }

    /// What the handshake said in the clear.
    HandshakeWatch handshake() {
        return handshake;
    }

    Optional<String> failure() {
        lock.lock();
        try {
            return Optional.ofNullable(failure);
        } finally {
            lock.unlock();
        }
    }

    long octetsIn() {
        lock.lock();
        try {
            return octetsIn;
        } finally {
            lock.unlock();
        }
    }

    long octetsOut() {
        lock.lock();
        try {
            return octetsOut;
        } finally {
            lock.unlock();
        }
    }

    /// Closes once everything written has left, with close_notify (R8314-11); at the latest when the
    /// timeout is over.
    void close(Duration timeout) {
        ChannelFuture last;
        lock.lock();
        try {
            last = lastWrite;
        } finally {
            lock.unlock();
        }
        if (last == null || last.isDone()) {
            channel.close();
        } else {
            last.addListener(done -> channel.close());
            channel.eventLoop().schedule(() -> channel.close(), timeout.toMillis(), TimeUnit.MILLISECONDS);
        }
    }
}
