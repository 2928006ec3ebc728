package org.postern.session;

import io.micrometer.core.instrument.Timer;
import io.netty.channel.Channel;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;
import org.postern.auth.ChannelBinding;
import org.postern.auth.LoginSource;
import org.postern.auth.Principal;
import org.postern.tls.TlsNames;
import org.postern.tls.TlsPolicy;

/// One client connection, as its session sees it: a blocking byte stream over TCP or TLS.
///
/// All methods but `wake`, `ended` and `requestEnd` belong to the session's own virtual thread. Waits end
/// by exception ([IOException]) when the client is gone or a deadline passes; the session just lets it
/// through.
public final class Connection {
    /// The JDK's engine wraps at most 16,367 octets in a record: 16,384 would cost a second record of 17.
    private static final int FLUSH_AT = 16_000;
    private static final int OUTPUT_AT_FIRST = 512;

    private static final int ERRORS_BEFORE_LOGIN = 10;
    private static final int ERRORS_IN_A_ROW = 20;
    private static final byte[] NOTHING = new byte[0];
    private static final InetAddress LOCAL = InetAddress.ofLiteral("127.0.0.1");

    private final String id;
    private final InetAddress remote;
    private final Optional<InetAddress> proxy;
    private final Channel channel;
    private final Transport transport;
    private final ListenerSettings listener;
    private final Sessions sessions;
    private final Instant started = Instant.now();
    private final long startedNanos = System.nanoTime();

    private byte[] input = NOTHING;
    private int position;
    private byte[] output = NOTHING;
    private int outputLength;

    // written by the session's thread; read by others for listings
    private volatile Phase phase;
    private volatile @Nullable TlsFacts tls;
    private volatile @Nullable Principal principal;
    private volatile @Nullable EndReason endRequested;
    private volatile @Nullable EndReason end;
    private boolean loginNeeded = true;
    private Map<ChannelBinding, byte[]> channelBindings = Map.of();
    private boolean channelBindingSpent;
    private List<X509Certificate> clientCertificates = List.of();
    private volatile @Nullable String mechanism;
    private volatile @Nullable String client;
    private int failedLogins;
    private int errors;
    private long commands;
    private @Nullable Timer command; // of the one under way
    private long commandSince; // nanoseconds; moved on by as much as the client was waited for

    /// @param client whose connection it is, where that is not who has connected
    Connection(
            String id,
            Channel channel,
            Optional<InetAddress> client,
            Transport transport,
            ListenerSettings listener,
            Sessions sessions) {
        this.id = id;
        InetAddress connected = addressOf(channel.remoteAddress());
        this.remote = client.orElse(connected);
        this.proxy = client.map(_ -> connected);
        this.channel = channel;
        this.transport = transport;
        this.listener = listener;
        this.sessions = sessions;
        this.phase = Phase.BEFORE_TLS;
    }

    /// Names the session in every log line and in internal-error replies: short, unique while the server
    /// runs.
    public String id() {
        return id;
    }

    /// The client's. Who comes by a Unix socket is on this machine, as who comes from 127.0.0.1.
    public InetAddress remoteAddress() {
        return remote;
    }

    private static InetAddress addressOf(SocketAddress remote) {
        return switch (remote) {
            case InetSocketAddress address -> address.getAddress();
            case UnixDomainSocketAddress _ -> LOCAL;
            default -> throw new IllegalStateException("a connection from " + remote);
        };
    }

    /// Present after the handshake.
    public Optional<TlsFacts> tls() {
        return Optional.ofNullable(tls);
    }

    /// True when this session's TLS satisfies the policy for reading credentials. The one place that decides
    /// it.
    public boolean mayAuthenticate() {
        TlsFacts facts = tls;
        return facts != null && TlsPolicy.permitsCredentials(facts.version(), facts.cipherSuite());
    }

    /// True on a STARTTLS listener before TLS, while a certificate can be served (R8314-17).
    public boolean mayStartTls() {
        return tls == null && listener.security() == ListenerSettings.Security.STARTTLS && sessions.canServeTls();
    }

    // ---- reading

    /// Flushes, then waits until the client has sent something (true) or `wake` was called (false), whichever
    /// is first. After false, look at [#endRequested]: once an end was requested it neither waits nor finds
    /// input, however much a client has sent ahead.
    public boolean awaitInput() throws IOException {
        commandDone();
        if (position < input.length && endRequested == null) {
            return true;
        }
        flush();
        return switch (transport.await(patience(), true)) {
            case INPUT -> {
                refill();
                yield true;
            }
            case WOKEN -> false;
            case END -> throw new SessionEnded(transport.endReason());
            case TIMEOUT -> throw sayFarewell(EndReason.TIMEOUT);
        };
    }

    /// The next byte, 0 to 255. Flushes pending output before it waits. Wake-ups do not end this wait, but a
    /// requested end does: the session layer says the farewell.
    public int read() throws IOException {
        if (position == input.length) {
            fill();
        }
        return input[position++] & 0xff;
    }

    /// Reads at least one and at most `length` bytes; returns how many.
    public int read(byte[] into, int offset, int length) throws IOException {
        if (position == input.length) {
            fill();
        }
        int count = Math.min(length, input.length - position);
        System.arraycopy(input, position, into, offset, count);
        position += count;
        return count;
    }

    /// Gives back the last octets of the latest bulk read: they belong to whoever reads next.
    public void unread(int count) {
        if (count > position) {
            throw new IllegalArgumentException(count + " octets were not read");
        }
        position -= count;
    }

    private void fill() throws IOException {
        flush();
        long from = System.nanoTime();
        Transport.Wait event = transport.await(patience(), false);
        waitedForClient(from);
        switch (event) {
            case INPUT -> refill();
            case WOKEN -> throw sayFarewell(endRequested().orElse(EndReason.INTERNAL_ERROR));
            case END -> throw new SessionEnded(transport.endReason());
            case TIMEOUT -> throw sayFarewell(EndReason.TIMEOUT);
        }
    }

    private void refill() {
        byte[] next = transport.take();
        input = next == null ? NOTHING : next;
        position = 0;
    }

    /// True if a read would not wait.
    public boolean hasBufferedInput() {
        return position < input.length || transport.hasInput();
    }

    /// How long this session may keep the server waiting now.
    private Duration patience() {
        SessionLimits limits = listener.limits();
        if (phase == Phase.AFTER_LOGIN) {
            return limits.afterLogin();
        }
        Duration left = limits.untilLogin().minusNanos(System.nanoTime() - startedNanos);
        return left.compareTo(limits.beforeLogin()) < 0 ? left : limits.beforeLogin();
    }

    // ---- writing

    /// Buffers output; written when the buffer fills or the session waits for input. Waits while the client
    /// does not read.
    public void write(byte[] bytes, int offset, int length) throws IOException {
        int from = offset;
        int left = length;
        while (left > 0) {
            if (outputLength == FLUSH_AT) {
                flush();
            }
            if (outputLength == output.length) {
                grow(left);
            }
            int count = Math.min(left, output.length - outputLength);
            System.arraycopy(bytes, from, output, outputLength, count);
            outputLength += count;
            from += count;
            left -= count;
        }
    }

    /// Most answers are a line: a whole record's buffer for each would be the most of what an idle session costs when
    /// something happens.
    private void grow(int more) {
        int wanted = Math.max(Math.max(2 * outputLength, outputLength + more), OUTPUT_AT_FIRST);
        output = Arrays.copyOf(output, Math.min(wanted, FLUSH_AT)); // the channel owns the last one until it is sent
    }

    public void write(byte[] bytes) throws IOException {
        write(bytes, 0, bytes.length);
    }

    public void write(int octet) throws IOException {
        if (outputLength == output.length) {
            write(new byte[] {(byte) octet}, 0, 1);
        } else {
            output[outputLength++] = (byte) octet;
        }
    }

    /// Writes characters below U+0100 as octets (ISO 8859-1): protocol text.
    public void writeAscii(String text) throws IOException {
        write(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    public void flush() throws IOException {
        if (outputLength > 0) {
            byte[] bytes = output;
            int length = outputLength;
            output = NOTHING; // an idle session holds no buffer
            outputLength = 0;
            long from = System.nanoTime();
            boolean sent = transport.send(bytes, 0, length, listener.limits().write());
            waitedForClient(from);
            if (!sent) {
                transport.abort();
                throw new SessionEnded(EndReason.CLIENT_DOES_NOT_READ);
            }
        }
    }

    /// The client gets the protocol's last word, if it still reads.
    private SessionEnded sayFarewell(EndReason reason) throws IOException {
        write(listener.protocol().farewell(reason));
        flush();
        return new SessionEnded(reason);
    }

    // ---- TLS

    /// Sends `reply` as the last plaintext, and runs the handshake. Ends the session if anything was received
    /// after the command: it was not protected (ST-1, ST-2).
    public void startTls(byte[] reply) throws IOException {
        if (!mayStartTls()) {
            throw new IllegalStateException("STARTTLS was not offered");
        }
        flush();
        if (position < input.length) {
            throw new SessionEnded(EndReason.PLAINTEXT_INJECTED);
        }
        if (!sessions.beginHandshake()) {
            throw sayFarewell(EndReason.TOO_MANY_CONNECTIONS);
        }
        long from = System.nanoTime();
        try {
            transport.startTls(reply, listener.limits().handshake());
        } finally {
            sessions.endHandshake();
            waitedForClient(from);
        }
        if (!secured(false)) {
            throw new SessionEnded(EndReason.CLOSED);
        }
        requirePermittedTls();
    }

    /// Ends a session whose TLS is good for saying why and for nothing else (R8314-37): not a command is read.
    void requirePermittedTls() throws IOException {
        if (tls != null && !mayAuthenticate()) {
            throw sayFarewell(EndReason.TLS_RETIRED);
        }
    }

    boolean handshakeSucceeded() {
        return transport.secured();
    }

    /// Reads the facts of the handshake that was just completed. False if the client left with its end,
    /// as one does that did not like our certificate.
    boolean secured(boolean implicit) {
        SslHandler handler = channel.pipeline().get(SslHandler.class);
        if (handler == null) {
            return false;
        }
        SSLEngine engine = handler.engine();
        var session = (ExtendedSSLSession) engine.getSession();
        String protocol = engine.getApplicationProtocol();
        HandshakeWatch handshake = transport.handshake();
        var facts = new TlsFacts(
                session.getProtocol(),
                handshake.cipherSuite().stream()
                        .mapToObj(TlsNames::cipherSuite)
                        .findFirst()
                        .orElseGet(session::getCipherSuite),
                handshake.group().stream().boxed().findFirst().flatMap(TlsNames::group),
                session.getRequestedServerNames().stream()
                        .filter(SNIHostName.class::isInstance)
                        .map(name -> ((SNIHostName) name).getAsciiName())
                        .findFirst(),
                Optional.ofNullable(protocol).filter(name -> !name.isEmpty()),
                handshake.resumed(),
                implicit);
        channelBindings = ChannelBindings.of(session);
        clientCertificates = clientCertificates(session);
        secured(facts);
        return true;
    }

    private void secured(TlsFacts facts) {
        tls = facts;
        phase = loginNeeded ? Phase.BEFORE_LOGIN : Phase.AFTER_LOGIN;
        sessions.secured(facts);
    }

    /// The proxy has ended the client's TLS. Nothing can be bound to it, and no certificate of the client's is known.
    void securedByProxy(TlsFacts facts) {
        secured(facts);
    }

    /// Those of the handshake that a resumed session goes back to: whose they are is asked at each login.
    private static List<X509Certificate> clientCertificates(ExtendedSSLSession session) {
        try {
            return Arrays.stream(session.getPeerCertificates())
                    .map(X509Certificate.class::cast)
                    .toList();
        } catch (SSLPeerUnverifiedException none) {
            return List.of();
        }
    }

    // ---- the session's course

    /// Binds the session to an account: starts the AFTER_LOGIN deadlines and counts it against the account's
    /// limit. False if the account has too many connections: the session must refuse and end.
    public boolean authenticated(Principal accepted, String byMechanism) {
        mechanism = byMechanism;
        if (!sessions.enter(accepted.account())) {
            ending(EndReason.TOO_MANY_CONNECTIONS);
            return false;
        }
        principal = accepted;
        phase = Phase.AFTER_LOGIN;
        return true;
    }

    /// For a protocol without logins: the AFTER_LOGIN deadlines hold from here on.
    public void needsNoLogin() {
        loginNeeded = false;
        phase = Phase.AFTER_LOGIN;
    }

    /// Where this session's logins come from.
    public LoginSource loginSource() {
        return new LoginSource() {
            @Override
            public InetAddress address() {
                return remoteAddress();
            }

            @Override
            public String protocol() {
                return listener.protocol().name();
            }

            @Override
            public Map<ChannelBinding, byte[]> channelBindings() {
                return channelBindings;
            }

            @Override
            public List<X509Certificate> clientCertificates() {
                return clientCertificates;
            }

            @Override
            public boolean channelBindingSpent() {
                return channelBindingSpent;
            }

            @Override
            public boolean pause(Duration duration) {
                return transport.pause(duration);
            }
        };
    }

    /// Notes what the client calls itself, in its own words. What it says before TLS anybody may have said (ST-5).
    public void clientIdentified(String name) {
        if (mayAuthenticate()) {
            client = name;
        }
    }

    /// Notes a failed attempt in the session record, without the name that was tried.
    public void authenticationFailed(String triedMechanism) {
        mechanism = triedMechanism;
        channelBindingSpent |= triedMechanism.toUpperCase(Locale.ROOT).endsWith("-PLUS");
        failedLogins++;
    }

    /// Notes an error of the client: what nobody could obey, not what was refused. True if it was one too many: 10
    /// in all before login, 20 in a row after it. The session must end then, as PROTOCOL_ABUSE.
    public boolean tooManyErrors() {
        return ++errors >= (phase == Phase.AFTER_LOGIN ? ERRORS_IN_A_ROW : ERRORS_BEFORE_LOGIN);
    }

    /// Notes that a command was obeyed: after login the errors before it are forgiven.
    public void obeyed() {
        if (phase == Phase.AFTER_LOGIN) {
            errors = 0;
        }
    }

    /// Counts a command that was read, and times it until the session waits for its next: the server's own
    /// work, without the waits for the client in between.
    /// @param name the RFC's word, one of a fixed set: a client's own words would be labels without end
    public void countCommand(String name) {
        commandDone();
        commands++;
        command = sessions.commandTimer(listener.protocol().name(), name);
        commandSince = System.nanoTime();
    }

    /// Stops the clock of the command under way, if there is one.
    void commandDone() {
        Timer timer = command;
        if (timer != null) {
            timer.record(System.nanoTime() - commandSince, TimeUnit.NANOSECONDS);
            command = null;
        }
    }

    private void waitedForClient(long from) {
        commandSince += System.nanoTime() - from;
    }

    /// Ends a wait in `awaitInput`. From any thread.
    public void wake() {
        transport.wake();
    }

    /// True once the client is gone: long commands poll this. From any thread.
    public boolean ended() {
        return transport.ended();
    }

    /// Present once the session was told to end while it may still speak (server stopping, account revoked):
    /// the protocol writes its farewell and returns.
    public Optional<EndReason> endRequested() {
        return Optional.ofNullable(endRequested);
    }

    /// Asks the session to end as soon as it is between two commands. From any thread.
    void requestEnd(EndReason reason) {
        endRequested = reason;
        transport.requestEnd();
    }

    /// States why the session is about to end, for the record. The first reason given stays.
    public void ending(EndReason reason) {
        if (end == null) {
            end = reason;
        }
    }

    // ---- for the session layer

    ListenerSettings listener() {
        return listener;
    }

    Optional<Principal> principal() {
        return Optional.ofNullable(principal);
    }

    /// Closes when all that was written is sent.
    void close() {
        transport.close(listener.limits().write());
    }

    void abort() {
        transport.abort();
    }

    SessionInformation information() {
        return new SessionInformation(
                id,
                listener.name(),
                remoteAddress(),
                started,
                phase,
                tls(),
                principal(),
                Optional.ofNullable(mechanism),
                Optional.ofNullable(client));
    }

    SessionRecord record() {
        EndReason reason = end;
        return new SessionRecord(
                id,
                listener.name(),
                listener.protocol().name(),
                remoteAddress(),
                proxy,
                started,
                Duration.ofNanos(System.nanoTime() - startedNanos),
                tls(),
                tls == null ? transport.handshake().offer() : Optional.empty(),
                principal(),
                Optional.ofNullable(mechanism),
                Optional.ofNullable(client),
                failedLogins,
                commands,
                transport.octetsIn(),
                transport.octetsOut(),
                reason == null ? transport.endReason() : reason,
                transport.failure());
    }
}
