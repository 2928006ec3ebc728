package org.postern.server;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import jdk.net.ExtendedSocketOptions;
import org.postern.store.AccountException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The way in for `postern domain …`, `account …` and the like: a Unix socket in the data directory, for the server's
/// own user and root. One exchange for each connection.
///
/// Request: int count, count × UTF (words), int length, octets (a secret). Answer: boolean done, int count,
/// count × UTF (pieces of the text).
final class ControlSocket implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ControlSocket.class);
    private static final int MOST_WORDS = 16;
    private static final int MOST_SECRET = 4096; // octets
    /// writeUTF takes 65,535 octets; a character may be three.
    private static final int TEXT_PIECE = 20_000;

    private final Path path;
    private final ServerSocketChannel server;
    private final Management management;

    private ControlSocket(Path path, ServerSocketChannel server, Management management) {
        this.path = path;
        this.server = server;
        this.management = management;
    }

    /// Starts to take commands. A socket file that a dead process left is replaced: the directory's lock is ours.
    static ControlSocket open(Path path, Management management) throws IOException {
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
        var socket = new ControlSocket(path, server, management);
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
            String user =
                    client.getOption(ExtendedSocketOptions.SO_PEERCRED).user().getName();
            if (!user.equals("root") && !user.equals(System.getProperty("user.name"))) {
                LOG.warn("refused a management command of user {}", user);
                return;
            }
            var in = new DataInputStream(Channels.newInputStream(client));
            var out = new DataOutputStream(Channels.newOutputStream(client));
            List<String> words = new ArrayList<>();
            int count = in.readInt();
            if (count < 1 || count > MOST_WORDS) {
                return;
            }
            for (int index = 0; index < count; index++) {
                words.add(in.readUTF());
            }
            int length = in.readInt();
            if (length < 0 || length > MOST_SECRET) {
                return;
            }
            byte[] secret = in.readNBytes(length);
            try {
                answer(out, true, management.run(words, secret, user));
            } catch (AccountException | NumberFormatException refused) {
                answer(out, false, String.valueOf(refused.getMessage()));
            } catch (RuntimeException fault) {
                LOG.error("management command {} failed", words.getFirst(), fault);
                answer(out, false, "internal error, see the server's log");
            }
        } catch (IOException e) {
            LOG.debug("a management client went away", e);
        }
    }

    private static void answer(DataOutputStream out, boolean done, String text) throws IOException {
        out.writeBoolean(done);
        int pieces = (text.length() + TEXT_PIECE - 1) / TEXT_PIECE;
        out.writeInt(pieces);
        for (int index = 0; index < pieces; index++) {
            out.writeUTF(text.substring(index * TEXT_PIECE, Math.min(text.length(), (index + 1) * TEXT_PIECE)));
        }
        out.flush();
    }

    /// What a server answered.
    record Answer(boolean done, String text) {}

    /// The client's side.
    ///
    /// @throws IOException where no server listens there
    static Answer ask(Path path, List<String> words, byte[] secret) throws IOException {
        try (SocketChannel server = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
            var out = new DataOutputStream(Channels.newOutputStream(server));
            out.writeInt(words.size());
            for (String word : words) {
                out.writeUTF(word);
            }
            out.writeInt(secret.length);
            out.write(secret);
            out.flush();
            var in = new DataInputStream(Channels.newInputStream(server));
            boolean done = in.readBoolean();
            StringBuilder text = new StringBuilder();
            int pieces = in.readInt();
            for (int index = 0; index < pieces; index++) {
                text.append(in.readUTF());
            }
            return new Answer(done, text.toString());
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        Files.deleteIfExists(path);
    }
}
