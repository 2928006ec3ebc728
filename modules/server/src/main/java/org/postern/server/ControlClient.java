package org.postern.server;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import tools.jackson.databind.JsonNode;

/// The other end of a [ControlSocket].
final class ControlClient {
    /// A list of a million accounts, and some.
    private static final int MOST_REPLY = 512 << 20; // octets

    private ControlClient() {}

    /// Asks, and waits for the answer.
    ///
    /// @param secret goes beside the request; not wiped
    /// @return an [Answer] as JSON
    /// @throws RequestRefused with the server's reason
    /// @throws IOException where no server listens there, or it goes away
    static JsonNode ask(Path socket, Request request, byte[] secret, Progress progress) throws IOException {
        try (SocketChannel server = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            OutputStream out = Channels.newOutputStream(server);
            out.write(ControlMessages.request(request, secret.length));
            out.write(secret);
            InputStream in = new BufferedInputStream(Channels.newInputStream(server));
            while (true) {
                JsonNode reply = Json.MAPPER.readTree(ControlMessages.readLine(in, MOST_REPLY));
                refuse(reply);
                if (reply.has("answer")) {
                    return reply.get("answer");
                }
                var at = Json.MAPPER.treeToValue(reply.get("progress"), ControlMessages.Progressed.class);
                progress.report(at.step(), at.done(), at.total(), at.unit());
            }
        }
    }

    private static void refuse(JsonNode reply) {
        if (reply.has("refused")) {
            var refused = Json.MAPPER.treeToValue(reply.get("refused"), ControlMessages.Refused.class);
            throw new RequestRefused(refused.reason(), refused.exitCode());
        }
    }

    /// This side of a conversation.
    interface Conversation<T> {
        T run(InputStream in, OutputStream out) throws IOException;
    }

    /// Asks, and goes on once the server has agreed.
    ///
    /// @throws RequestRefused with the server's reason
    static <T> T converse(Path socket, Request request, Conversation<T> conversation) throws IOException {
        try (SocketChannel server = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            OutputStream out = Channels.newOutputStream(server);
            out.write(ControlMessages.request(request, 0));
            InputStream in = new BufferedInputStream(Channels.newInputStream(server));
            refuse(Json.MAPPER.readTree(ControlMessages.readLine(in, MOST_REPLY)));
            return conversation.run(in, out);
        }
    }
}
