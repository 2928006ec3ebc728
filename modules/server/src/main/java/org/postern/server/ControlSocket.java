package org.postern.server;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Phaser;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import jdk.net.ExtendedSocketOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;

/// The way in for `postern domain …`, `account …` and the like: a Unix socket in the data directory, for the server's
/// own user and root. [ControlMessages] says what goes over it. Each connection has its own virtual thread.
final class ControlSocket implements AutoCloseable {
    /// In the data directory.
    static final String FILE = "control.sock";

    private static final Logger LOG = LoggerFactory.getLogger(ControlSocket.class);
    /// A server that stops waits so long for commands that run.
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /// What is done with a request.
    interface Handler {
        /// Carries it out.
        ///
        /// @param secret the new password where the request sets one, else empty; wiped
        /// @param by who asks, for the audit log
        /// @throws RequestRefused telling why it is refused
        Answer execute(Request request, byte[] secret, String by, Progress progress);

        /// Begins what takes more than an answer.
        ///
        /// @throws RequestRefused telling why it is refused
        Conversation converse(Request request, String by);

        /// Somebody asks who may not.
        void refuseStranger(String name);
    }

    /// What follows a request that is not answered at once.
    interface Conversation {
        /// Goes on until both sides are done.
        ///
        /// @param stopping true once the server wants to end
        void run(InputStream in, OutputStream out, BooleanSupplier stopping) throws IOException;
    }

    private final Path path;
    private final ServerSocketChannel server;
    private final Handler handler;
    /// Ours: who made the socket's file.
    private final UserPrincipal owner;
    private final int ownUid;
    /// One party for the socket itself, and one for each command that runs.
    private final Phaser running = new Phaser(1);
    private volatile boolean stopping;

    private ControlSocket(Path path, ServerSocketChannel server, Handler handler) throws IOException {
        this.path = path;
        this.server = server;
        this.handler = handler;
        this.owner = Files.getOwner(path);
        this.ownUid = (Integer) Files.getAttribute(path, "unix:uid");
    }

    /// Starts to take commands. A socket file that a dead process left is replaced: the directory's lock is ours.
    static ControlSocket open(Path path, Handler handler) throws IOException {
        Files.deleteIfExists(path);
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            server.bind(UnixDomainSocketAddress.of(path));
        } catch (IOException e) {
            server.close();
            throw new IOException(
                    "cannot make " + path + ": " + e.getMessage()
                            + " (the path of a socket has at most 100 characters)",
                    e);
        }
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
        var socket = new ControlSocket(path, server, handler);
        Thread.ofVirtual().name("control").start(socket::accept);
        return socket;
    }

    private void accept() {
        while (true) {
            try {
                SocketChannel client = server.accept();
                Thread.ofVirtual().name("control-client").start(() -> serve(client));
            } catch (ClosedChannelException stopped) {
                return;
            } catch (IOException e) {
                LOG.error("the control socket takes no commands any more", e);
                return;
            }
        }
    }

    private void serve(SocketChannel client) {
        try (client) {
            InputStream in = new BufferedInputStream(Channels.newInputStream(client));
            OutputStream out = Channels.newOutputStream(client);
            UserPrincipal peer =
                    client.getOption(ExtendedSocketOptions.SO_PEERCRED).user();
            Optional<String> user = permitted(peer);
            if (user.isEmpty()) {
                handler.refuseStranger(peer.getName());
                refuse(out, "only the server's own user and root may command it", Main.FAILED);
                return;
            }
            answer(in, out, user.get());
        } catch (IOException e) {
            LOG.debug("a management client went away", e);
        }
    }

    /// Who asks, for the audit log; empty for strangers.
    private Optional<String> permitted(UserPrincipal peer) {
        if (peer.equals(owner)) {
            return Optional.of("uid " + ownUid + " (" + peer.getName() + ")");
        }
        // a uid that has no name is its own name
        return peer.getName().equals("root") || peer.getName().equals("0")
                ? Optional.of("uid 0 (root)")
                : Optional.empty();
    }

    private void answer(InputStream in, OutputStream out, String by) throws IOException {
        Request request;
        byte[] secret;
        try {
            var incoming = Json.MAPPER.readValue(
                    ControlMessages.readLine(in, ControlMessages.MOST_REQUEST), ControlMessages.Incoming.class);
            Class<? extends Request> type = RequestNames.type(incoming.command())
                    .orElseThrow(() -> new RequestRefused("the server does not know the command " + incoming.command()
                            + ": is it of an older version?"));
            request = Json.MAPPER.treeToValue(incoming.arguments(), type);
            if (incoming.secret() < 0 || incoming.secret() > ControlMessages.MOST_SECRET) {
                throw new RequestRefused("a secret has at most " + ControlMessages.MOST_SECRET + " octets");
            }
            secret = in.readNBytes(incoming.secret());
        } catch (JacksonException malformed) {
            refuse(out, "the server does not understand the request: " + malformed.getOriginalMessage(), Main.FAILED);
            return;
        } catch (RequestRefused unknown) {
            refuse(out, String.valueOf(unknown.getMessage()), unknown.exitCode());
            return;
        }
        running.register();
        try {
            if (request instanceof Request.Streamed) {
                Conversation conversation = handler.converse(request, by);
                out.write(ControlMessages.reply("proceed", Map.of()));
                conversation.run(in, out, () -> stopping);
                return;
            }
            Answer answer = handler.execute(request, secret, by, new Sink(out));
            out.write(ControlMessages.reply("answer", answer));
        } catch (RequestRefused refused) {
            refuse(out, String.valueOf(refused.getMessage()), refused.exitCode());
        } catch (RuntimeException fault) {
            LOG.error("management command {} failed", RequestNames.of(request), fault);
            refuse(out, "internal error, see the server's log", Main.FAILED);
        } finally {
            running.arriveAndDeregister();
        }
    }

    private static void refuse(OutputStream out, String reason, int exitCode) throws IOException {
        out.write(ControlMessages.reply("refused", new ControlMessages.Refused(reason, exitCode)));
    }

    /// Reports to the client, five times a second at most. Used by one thread at a time.
    private final class Sink implements Progress {
        private static final long INTERVAL = 200_000_000; // nanoseconds

        private final OutputStream out;
        private String lastStep = "";
        private long last;
        private boolean gone;

        Sink(OutputStream out) {
            this.out = out;
        }

        @Override
        public synchronized void report(String step, long done, long total, Unit unit) {
            long now = System.nanoTime();
            if (gone || (step.equals(lastStep) && now - last < INTERVAL && done != total)) {
                return;
            }
            lastStep = step;
            last = now;
            try {
                out.write(ControlMessages.reply("progress", new ControlMessages.Progressed(step, done, total, unit)));
            } catch (IOException e) {
                gone = true; // the command itself decides whether it goes on
            }
        }

        @Override
        public synchronized boolean isAbandoned() {
            return gone || stopping;
        }
    }

    @Override
    public void close() throws IOException {
        stopping = true;
        server.close();
        Files.deleteIfExists(path);
        try {
            running.awaitAdvanceInterruptibly(running.arrive(), PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            LOG.warn("{} management commands still run", running.getUnarrivedParties());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
