package org.postern.session;

import io.micrometer.core.instrument.MeterRegistry;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.spi.SelectorProvider;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.postern.auth.AccountId;
import org.postern.tls.ServedCertificates;
import org.postern.tls.TlsSettings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Binds ports and Unix sockets, and makes a session of every connection that is accepted.
public final class Listeners implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Listeners.class);
    private static final int RECEIVE_BUFFER = 16 * 1024;
    private static final Duration LAST_WORDS = Duration.ofSeconds(5);

    private final ServedCertificates certificates;
    private final TlsEngines engines;
    private final Sessions sessions;
    private final EventLoopGroup acceptors;
    private final EventLoopGroup workers;
    /// Signatures and key exchanges cost a millisecond: too long for an event loop.
    private final ExecutorService handshakes;

    private final ChannelGroup accepted = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    /// Where we listen. Guarded by itself.
    private final List<Bound> open = new ArrayList<>();
    private final AtomicLong numbers = new AtomicLong(System.currentTimeMillis() / 1000 % 1_000_000 * 1_000_000);

    /// Listens nowhere yet.
    ///
    /// @throws org.postern.tls.TlsConfigurationException where the engine does not work on this machine
    public Listeners(
            TlsSettings tls,
            ServedCertificates certificates,
            ConnectionLimits limits,
            SessionRecords records,
            MeterRegistry meters) {
        this.certificates = certificates;
        this.engines = TlsEngines.of(tls, certificates);
        this.sessions = new Sessions(certificates::available, limits, records, meters);
        this.acceptors =
                new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("accept", true), NioIoHandler.newFactory());
        int cores = Runtime.getRuntime().availableProcessors();
        this.workers = new MultiThreadIoEventLoopGroup(
                cores, new DefaultThreadFactory("network", true), NioIoHandler.newFactory());
        this.handshakes = Executors.newFixedThreadPool(cores, new DefaultThreadFactory("handshake", true));
    }

    /// Starts to accept connections on a port.
    ///
    /// @return the address bound, with its port where 0 was asked for
    /// @throws IOException naming listener, address, port and the remedy
    public InetSocketAddress open(ListenerSettings settings) throws IOException {
        if (!(settings.endpoint() instanceof Endpoint.Port port)) {
            throw new IllegalArgumentException(settings.endpoint() + " is no port");
        }
        return open(settings, port);
    }

    private InetSocketAddress open(ListenerSettings settings, Endpoint.Port port) throws IOException {
        Bound bound = new Bound(settings);
        ServerBootstrap bootstrap = bootstrap(bound)
                .channelFactory(() -> serverChannel(port.address()))
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true);
        var address = (InetSocketAddress) bind(bootstrap, bound, port.address()).localAddress();
        LOG.info(
                "{} listens on {} port {}",
                settings.name(),
                address.getAddress().getHostAddress(),
                address.getPort());
        return address;
    }

    private void open(ListenerSettings settings, Endpoint.UnixSocket socket) throws IOException {
        try {
            SocketFile.makeRoom(socket.path());
            Bound bound = new Bound(settings);
            ServerBootstrap bootstrap = bootstrap(bound).channelFactory(NioServerDomainSocketChannel::new);
            bind(bootstrap, bound, UnixDomainSocketAddress.of(socket.path()));
            Files.setPosixFilePermissions(socket.path(), socket.permissions());
        } catch (FileSystemException e) {
            throw new IOException(bindFailure(settings, e), e);
        }
        LOG.info("{} listens on {}", settings.name(), socket.path());
    }

    private ServerBootstrap bootstrap(Bound bound) {
        return new ServerBootstrap()
                .group(acceptors, workers)
                .option(ChannelOption.SO_BACKLOG, 1024)
                .childOption(ChannelOption.AUTO_READ, false)
                .childOption(ChannelOption.RECVBUF_ALLOCATOR, receiveBuffers())
                .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, new WriteBufferWaterMark(32 * 1024, 64 * 1024))
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        accept(channel, bound.settings);
                    }
                });
    }

    private Channel bind(ServerBootstrap bootstrap, Bound bound, SocketAddress address) throws IOException {
        var binding = bootstrap.bind(address).awaitUninterruptibly();
        if (!binding.isSuccess()) {
            throw new IOException(bindFailure(bound.settings, binding.cause()), binding.cause());
        }
        sessions.listening(bound.settings.name());
        bound.server = binding.channel();
        synchronized (open) {
            open.add(bound);
        }
        return binding.channel();
    }

    /// An IPv4 address gets an IPv4 socket; the JDK's IPv6 sockets serve both families.
    private static PortChannel serverChannel(InetSocketAddress address) {
        return address.getAddress() instanceof Inet4Address
                ? new PortChannel(SelectorProvider.provider(), SocketProtocolFamily.INET)
                : new PortChannel();
    }

    /// A port's socket, which tells when the port is free again.
    private static final class PortChannel extends NioServerSocketChannel {
        PortChannel() {}

        PortChannel(SelectorProvider provider, SocketProtocolFamily family) {
            super(provider, family);
        }

        /// After the channel was closed: the JDK keeps its socket until the selector has passed over it once more.
        void awaitRelease() {
            boolean held;
            do {
                held = javaChannel().isRegistered();
                eventLoop().submit(() -> {}).awaitUninterruptibly(); // wakes the selector; what it had begun is done
            } while (held);
        }
    }

    /// A place where we listen. Its settings may change, for sessions to come, while its socket stays.
    private static final class Bound {
        private volatile ListenerSettings settings;
        private volatile @Nullable Channel server;

        Bound(ListenerSettings settings) {
            this.settings = settings;
        }

        /// True if this is where they want to listen.
        boolean isAt(ListenerSettings other) {
            return other.name().equals(settings.name())
                    && other.security() == settings.security()
                    && switch (settings.endpoint()) {
                        case Endpoint.Port port ->
                            other.endpoint() instanceof Endpoint.Port same
                                    && same.address().equals(port.address());
                        case Endpoint.UnixSocket socket -> socket.equals(other.endpoint());
                    };
        }

        void close() {
            Channel channel = server;
            if (channel != null) {
                channel.close().awaitUninterruptibly();
            }
            if (channel instanceof PortChannel port) {
                port.awaitRelease();
            }
            if (settings.endpoint() instanceof Endpoint.UnixSocket socket) {
                SocketFile.remove(socket.path());
            }
        }
    }

    /// Opens all, or none; an address family that the host lacks is passed over where the settings allow it.
    public void openAll(List<ListenerSettings> settings) throws IOException {
        try {
            openMissing(settings);
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    /// Listens where these settings say and nowhere else, and makes new sessions as they say. Sessions of a
    /// listener that is gone live on. Where one cannot be opened, all is as before.
    public void change(List<ListenerSettings> settings) throws IOException {
        List<Bound> before = listening();
        List<Bound> gone = before.stream()
                .filter(bound -> settings.stream().noneMatch(bound::isAt) || isInTheWay(bound, settings))
                .toList();
        gone.forEach(this::close); // first: what comes may want their ports
        try {
            openMissing(settings);
        } catch (IOException e) {
            listening().stream().filter(bound -> !before.contains(bound)).forEach(this::close);
            for (Bound bound : gone) {
                try {
                    openWhereThere(bound.settings, new HashSet<>());
                } catch (IOException again) {
                    LOG.error("{} cannot be opened again", bound.settings.name(), again);
                }
            }
            throw e;
        }
        for (Bound bound : listening()) {
            settings.stream().filter(bound::isAt).findFirst().ifPresent(changed -> bound.settings = changed);
        }
    }

    private List<Bound> listening() {
        synchronized (open) {
            return List.copyOf(open);
        }
    }

    private void close(Bound bound) {
        synchronized (open) {
            open.remove(bound);
        }
        bound.close();
        LOG.info("{} listens on {} no more", bound.settings.name(), bound.settings.endpoint());
    }

    /// 0.0.0.0, where `::` is to serve both families.
    private boolean isInTheWay(Bound bound, List<ListenerSettings> settings) {
        return bound.settings.endpoint() instanceof Endpoint.Port port
                && port.address().getAddress() instanceof Inet4Address address
                && address.isAnyLocalAddress()
                && settings.stream()
                        .anyMatch(wanted -> wanted.endpoint() instanceof Endpoint.Port other
                                && isIpv6Wildcard(other)
                                && other.address().getPort() == port.address().getPort());
    }

    private void openMissing(List<ListenerSettings> settings) throws IOException {
        List<Bound> present = listening();
        List<ListenerSettings> wildcardsFirst = settings.stream()
                .sorted(Comparator.comparing((ListenerSettings listener) -> !isIpv6Wildcard(listener.endpoint())))
                .toList();
        Set<Integer> bothFamilies = new HashSet<>(); // ports on which `::` serves IPv4 as well
        for (ListenerSettings listener : wildcardsFirst) {
            if (present.stream().anyMatch(bound -> bound.isAt(listener))) {
                if (listener.endpoint() instanceof Endpoint.Port port && isIpv6Wildcard(port)) {
                    bothFamilies.add(port.address().getPort());
                }
                continue;
            }
            openWhereThere(listener, bothFamilies);
        }
    }

    private void openWhereThere(ListenerSettings settings, Set<Integer> bothFamilies) throws IOException {
        switch (settings.endpoint()) {
            case Endpoint.Port port -> openWhereThere(settings, port, bothFamilies);
            case Endpoint.UnixSocket socket -> open(settings, socket);
        }
    }

    private void openWhereThere(ListenerSettings settings, Endpoint.Port port, Set<Integer> bothFamilies)
            throws IOException {
        InetSocketAddress address = port.address();
        if (bothFamilies.contains(address.getPort())
                && address.getAddress() instanceof Inet4Address any
                && any.isAnyLocalAddress()) {
            return;
        }
        try {
            open(settings, port);
            if (isIpv6Wildcard(port)) {
                bothFamilies.add(address.getPort());
            }
        } catch (IOException e) {
            if (!port.mayBeMissing() || !isMissingFamily(e.getCause())) {
                throw e;
            }
            LOG.info("{}: this host has no {}", settings.name(), address.getAddress());
        }
    }

    private static boolean isIpv6Wildcard(Endpoint endpoint) {
        return endpoint instanceof Endpoint.Port port
                && port.address().getAddress() instanceof Inet6Address address
                && address.isAnyLocalAddress();
    }

    private static boolean isMissingFamily(@Nullable Throwable cause) {
        if (cause == null) {
            return false;
        }
        String message = String.valueOf(cause.getMessage());
        return cause instanceof SocketException
                && (message.contains("Protocol family unavailable")
                        || message.contains("Address family not supported")
                        || message.contains("Cannot assign requested address"));
    }

    private static String bindFailure(ListenerSettings settings, Throwable cause) {
        String remedy = switch (String.valueOf(cause.getMessage())) {
            case String text
            when text.contains("in use") -> "another program listens there: stop it, or choose another port";
            case String text
            when text.contains("ermission denied") && settings.endpoint() instanceof Endpoint.Port ->
                "ports below 1024 need CAP_NET_BIND_SERVICE (see etc/postern.service), or choose a higher port";
            case String text when text.contains("assign requested") -> "this host does not have that address";
            case String text when text.contains("path too long") -> "a socket's path has about 100 characters at most";
            case String text -> text;
        };
        return "listener " + settings.name() + ": cannot listen on " + settings.endpoint() + ": " + remedy;
    }

    /// All addresses bound, by listener name.
    public Map<String, List<InetSocketAddress>> bound() {
        Map<String, List<InetSocketAddress>> addresses = new LinkedHashMap<>();
        for (Bound bound : listening()) {
            Channel server = bound.server;
            if (server != null && server.localAddress() instanceof InetSocketAddress address) {
                addresses
                        .computeIfAbsent(bound.settings.name(), _ -> new ArrayList<>())
                        .add(address);
            }
        }
        return addresses;
    }

    /// The Unix sockets bound.
    public List<Path> sockets() {
        return listening().stream()
                .flatMap(bound -> bound.settings.endpoint() instanceof Endpoint.UnixSocket socket
                        ? Stream.of(socket.path())
                        : Stream.empty())
                .toList();
    }

    // ---- on an event loop

    private void accept(Channel channel, ListenerSettings settings) {
        accepted.add(channel);
        if (channel.remoteAddress() instanceof InetSocketAddress remote && settings.isProxy(remote.getAddress())) {
            channel.pipeline()
                    .addLast(
                            "proxy",
                            new ProxyGate(
                                    settings.limits().handshake(),
                                    header -> begin(channel, settings, Optional.of(header))));
            channel.read();
        } else {
            begin(channel, settings, Optional.empty());
        }
    }

    /// @param proxied what a proxy that we believe says of the connection
    private void begin(Channel channel, ListenerSettings settings, Optional<ProxyHeader> proxied) {
        String id = Long.toString(numbers.incrementAndGet(), 36);
        Optional<TlsFacts> ended = proxied.flatMap(ProxyHeader::tls); // TLS-12: by the proxy, and here is none
        boolean implicit = settings.security() == ListenerSettings.Security.IMPLICIT_TLS && ended.isEmpty();
        var holder = new Accepted(implicit);
        var transport = new Transport(
                channel,
                watch -> new HelloGate(engines, certificates, settings, watch, handshakes),
                holder::handshakeDone);
        var connection =
                new Connection(id, channel, proxied.flatMap(ProxyHeader::client), transport, settings, sessions);
        holder.connection = connection;
        if (settings.endpoint() instanceof Endpoint.Port port && !port.admits(connection.remoteAddress())) {
            sessions.refused(settings.name());
            refuse(channel, settings, EndReason.ADDRESS_NOT_ALLOWED);
            return;
        }
        if (!sessions.enter(connection)) {
            refuse(channel, settings, EndReason.TOO_MANY_CONNECTIONS);
            return;
        }
        channel.pipeline().addLast("session", transport);
        ended.ifPresent(connection::securedByProxy);
        if (!implicit) {
            sessions.start(connection);
        } else if (sessions.beginHandshake()) {
            transport.beginImplicitTls(); // R8314-2, -4, -6: not a byte before the handshake
        } else {
            connection.ending(EndReason.TOO_MANY_CONNECTIONS);
            channel.close();
            sessions.leave(connection);
        }
    }

    /// It costs no handshake: on an implicit TLS port the connection is closed without a word.
    private static void refuse(Channel channel, ListenerSettings settings, EndReason reason) {
        if (settings.security() == ListenerSettings.Security.IMPLICIT_TLS) {
            channel.close();
        } else {
            byte[] farewell = settings.protocol().farewell(reason);
            channel.writeAndFlush(io.netty.buffer.Unpooled.wrappedBuffer(farewell))
                    .addListener(done -> channel.close());
        }
    }

    private final class Accepted {
        private final boolean implicit;
        private Connection connection;

        @SuppressWarnings("NullAway.Init") // set before the channel can do anything
        Accepted(boolean implicit) {
            this.implicit = implicit;
        }

        /// Implicit TLS: the session's thread starts with the handshake done, so that a port scan costs
        /// no thread.
        void handshakeDone() {
            if (!implicit) {
                return;
            }
            sessions.endHandshake();
            if (connection.handshakeSucceeded() && connection.secured(true)) {
                sessions.start(connection);
            } else {
                sessions.leave(connection);
            }
        }
    }

    /// One read at a time, of a bounded size: what a session has not asked for stays in the kernel.
    private static FixedRecvByteBufAllocator receiveBuffers() {
        var buffers = new FixedRecvByteBufAllocator(RECEIVE_BUFFER);
        buffers.maxMessagesPerRead(1);
        return buffers;
    }

    // ---- for the operator

    public List<SessionInformation> sessions() {
        return sessions.list();
    }

    /// Other limits for connections to come.
    public void limit(ConnectionLimits limits) {
        sessions.limit(limits);
    }

    /// Ends one session; false if there is none of that id.
    public boolean endSession(String id) {
        return sessions.end(id, EndReason.REVOKED);
    }

    /// Ends the sessions of an account that was disabled, or whose credentials changed.
    public void endSessionsOf(AccountId account) {
        sessions.endAll(account, EndReason.REVOKED);
    }

    /// Stops accepting, lets each protocol say its farewell, and closes what remains after `grace`.
    public void stop(Duration grace) {
        synchronized (open) {
            open.forEach(Bound::close);
            open.clear();
        }
        sessions.endAll(EndReason.SERVER_STOPPING, grace);
        // A session has ended before its last words are out: the event loops must not stop before its channel closed.
        accepted.newCloseFuture().awaitUninterruptibly(LAST_WORDS.toMillis());
        acceptors.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        workers.shutdownGracefully(100, 2_000, TimeUnit.MILLISECONDS).awaitUninterruptibly();
        handshakes.shutdown();
    }

    @Override
    public void close() {
        stop(Duration.ofSeconds(10));
    }
}
