package org.postern.server;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.postern.testkit.Programs;
import tools.jackson.databind.JsonNode;

/// A network of its own for programs that ask the resolver of `/etc/resolv.conf`, on port 53: an Unbound of the
/// test. Ports of 127.0.0.1 outside are reached in it by Unix sockets. No privileges, where users may have
/// namespaces.
final class NetworkNamespace implements AutoCloseable {
    private final Path directory;
    private final Map<String, String> ports = new LinkedHashMap<>();
    private final List<ServerSocketChannel> listeners = new ArrayList<>();

    /// @param directory the test's own
    NetworkNamespace(Path directory) throws IOException, InterruptedException {
        this.directory = Files.createDirectories(directory);
        Programs.require("python3");
        Process trial = new ProcessBuilder(Programs.require("unshare").toString(), "-rnm", "true").start();
        if (trial.waitFor() != 0) {
            Programs.requireInstalled(
                    directory.resolve("unshare -rnm"), "users must be allowed namespaces of their own");
        }
    }

    /// Makes a port of 127.0.0.1 be there inside, too.
    void carry(int port) throws IOException {
        carry("127.0.0.1", port, port);
    }

    /// Makes a port of 127.0.0.1 be another one inside, at an address of the loopback interface.
    void carry(String address, int inside, int port) throws IOException {
        Path path = directory.resolve(address + "-" + inside + ".socket");
        ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listener.bind(UnixDomainSocketAddress.of(path));
        listeners.add(listener);
        ports.put(address + ":" + inside, path.toString());
        Thread.ofPlatform().daemon().name("namespace-" + port).start(() -> accept(listener, port));
    }

    private static void accept(ServerSocketChannel listener, int port) {
        while (listener.isOpen()) {
            try {
                SocketChannel inside = listener.accept();
                Socket outside = new Socket(InetAddress.ofLiteral("127.0.0.1"), port);
                pump(Channels.newInputStream(inside), outside.getOutputStream(), outside::shutdownOutput);
                pump(outside.getInputStream(), Channels.newOutputStream(inside), inside::shutdownOutput);
            } catch (IOException e) {
                return; // closed
            }
        }
    }

    private interface End {
        void run() throws IOException;
    }

    private static void pump(InputStream source, OutputStream sink, End end) {
        Thread.ofPlatform().daemon().name("namespace-pump").start(() -> {
            try {
                source.transferTo(sink);
                end.run();
            } catch (IOException e) {
                return; // one of them has gone
            }
        });
    }

    /// Runs programs one after the other.
    ///
    /// @param unbound the configuration of the resolver, on port 53
    /// @param shown files that stand in the place of others
    List<CommandRun> run(String unbound, Map<String, String> shown, List<List<String>> commands)
            throws IOException, InterruptedException {
        Map<String, String> mounts = new LinkedHashMap<>(shown);
        mounts.put(
                "/etc/resolv.conf",
                Files.writeString(directory.resolve("resolv.conf"), "nameserver 127.0.0.1\noptions trust-ad\n")
                        .toString());
        Path configuration = Files.writeString(directory.resolve("unbound.conf"), unbound);
        Path specification = Files.writeString(
                directory.resolve("specification.json"),
                Json.MAPPER.writeValueAsString(Map.of(
                        "ports",
                        ports,
                        "mounts",
                        mounts,
                        "unbound",
                        List.of(Programs.requireAnywhere("unbound").toString(), "-c", configuration.toString()),
                        "commands",
                        commands)));
        Path program = directory.resolve("namespace.py");
        try (InputStream resource =
                Objects.requireNonNull(NetworkNamespace.class.getResourceAsStream("namespace.py"))) {
            Files.write(program, resource.readAllBytes());
        }
        Process process = new ProcessBuilder("unshare", "-rnm", "python3", program.toString(), specification.toString())
                .redirectError(directory.resolve("errors").toFile())
                .start();
        String text = new String(process.getInputStream().readAllBytes(), UTF_8);
        if (process.waitFor() != 0) {
            throw new IllegalStateException(text + Files.readString(directory.resolve("errors")));
        }
        List<CommandRun> outcomes = new ArrayList<>();
        for (JsonNode each : Json.MAPPER.readTree(text)) {
            outcomes.add(
                    new CommandRun(each.get("code").asInt(), each.get("output").asString(), ""));
        }
        return outcomes;
    }

    @Override
    public void close() throws IOException {
        for (ServerSocketChannel listener : listeners) {
            listener.close();
        }
    }
}
