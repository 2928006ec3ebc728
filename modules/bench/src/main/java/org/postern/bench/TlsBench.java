package org.postern.bench;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.net.ssl.SSLContext;

/// What TLS costs a server: connections with a full and with a resumed handshake, and a large message. Postern with
/// either engine and Dovecot, one after another, with the same keys and the same
/// client.
///
/// Only the server's processor time counts, so a client in Java does no harm. A connection is all of it: connect,
/// handshake, greeting, LOGOUT, close.
final class TlsBench {
    private static final int CLIENTS = 8;
    private static final int MESSAGE = 20 << 20; // octets
    private static final int FETCHES = 10;

    private final Path root;
    private final Path directory;
    private final int connections;
    private final int rounds;

    /// @param full connections per second of processor time
    /// @param bulk MB per second of processor time
    private record Figures(double full, double resumed, double bulk) {}

    private record Row(String server, String key, List<Figures> rounds) {}

    private TlsBench(Path root, Path directory, int connections, int rounds) {
        this.root = root;
        this.directory = directory;
        this.connections = connections;
        this.rounds = rounds;
    }

    /// Arguments: the checkout, a directory for work, how many connections of each kind, how many rounds.
    public static void main(String[] arguments) throws Exception {
        new TlsBench(
                        Path.of(arguments[0]).toAbsolutePath(),
                        Path.of(arguments[1]).toAbsolutePath(),
                        Integer.parseInt(arguments[2]),
                        Integer.parseInt(arguments[3]))
                .measure();
    }

    private void measure() throws Exception {
        List<Row> rows = new ArrayList<>();
        for (ServerKey key : List.of(ServerKey.ecdsa(directory), ServerKey.rsa(directory))) {
            for (String engine : List.of("jdk", "boringssl")) {
                try (var server = new PosternUnderTest(root, place(engine, key), engine, key)) {
                    rows.add(measure(server, key));
                }
            }
            if (DovecotUnderTest.installed()) {
                try (var server = new DovecotUnderTest(place("dovecot", key), key)) {
                    rows.add(measure(server, key));
                }
            }
        }
        System.out.printf(
                "%d connections of each kind, %d rounds after one to warm up; median (least to most)%n",
                connections, rounds);
        System.out.println("| server | key | full handshakes per CPU-second | resumed | MB per CPU-second |");
        System.out.println("| --- | --- | --- | --- | --- |");
        for (Row row : rows) {
            System.out.printf(
                    "| %s | %s | %s | %s | %s |%n",
                    row.server,
                    row.key,
                    spread(row.rounds.stream().map(Figures::full).toList()),
                    spread(row.rounds.stream().map(Figures::resumed).toList()),
                    spread(row.rounds.stream().map(Figures::bulk).toList()));
        }
    }

    private Path place(String name, ServerKey key) throws IOException {
        return Files.createDirectories(directory.resolve(name + "-" + key.name()));
    }

    private static String spread(List<Double> figures) {
        List<Double> sorted = figures.stream().sorted().toList();
        return "%,.0f (%,.0f to %,.0f)".formatted(sorted.get(sorted.size() / 2), sorted.getFirst(), sorted.getLast());
    }

    private Row measure(ServerUnderTest server, ServerKey key) throws Exception {
        System.out.println(server.name() + ", " + key.name());
        message(server, key);
        round(server, key); // loads and compiles, and reads the message from the disk
        List<Figures> figures = new ArrayList<>();
        for (int round = 0; round < rounds; round++) {
            figures.add(round(server, key));
        }
        return new Row(server.name(), key.name(), figures);
    }

    private Figures round(ServerUnderTest server, ServerKey key) throws Exception {
        double full = connections / seconds(server, () -> connect(server, key, false));
        double resumed = connections / seconds(server, () -> connect(server, key, true));
        double bulk = FETCHES * (MESSAGE / 1e6) / seconds(server, () -> fetch(server, key));
        var figures = new Figures(full, resumed, bulk);
        System.out.println("  " + figures);
        return figures;
    }

    private interface Work {
        void run() throws Exception;
    }

    private static double seconds(ServerUnderTest server, Work work) throws Exception {
        Duration before = server.processes().processorTime();
        work.run();
        return server.processes().processorTime().minus(before).toMillis() / 1000.0;
    }

    private void message(ServerUnderTest server, ServerKey key) throws Exception {
        String line = "A line of a large message, as an attachment would have it, and nothing else at all.\r\n";
        byte[] text = ("From: alice@example.test\r\nSubject: large\r\n\r\n" + line.repeat(MESSAGE / line.length()))
                .getBytes(US_ASCII);
        try (var client = new ImapClient(key.client(), server.port())) {
            client.login();
            client.append(text);
            client.logout();
        }
    }

    /// @param resume whether sessions are resumed, each time by a new ticket
    private void connect(ServerUnderTest server, ServerKey key, boolean resume) throws Exception {
        together(() -> {
            SSLContext context = key.client();
            if (resume) {
                new ImapClient(context, server.port()).logout();
            }
            for (int count = 0; count < connections / CLIENTS; count++) {
                ImapClient client = new ImapClient(context, server.port());
                if (client.resumed() != resume) {
                    throw new IOException("a session was " + (resume ? "not resumed" : "resumed"));
                }
                client.logout();
                if (!resume) {
                    client.forgetSession();
                }
            }
        });
    }

    private static void together(Work work) throws Exception {
        try (ExecutorService threads = Executors.newFixedThreadPool(CLIENTS)) {
            List<Future<?>> all = new ArrayList<>();
            for (int client = 0; client < CLIENTS; client++) {
                all.add(threads.submit(() -> {
                    work.run();
                    return null;
                }));
            }
            for (Future<?> each : all) {
                try {
                    each.get();
                } catch (ExecutionException failed) {
                    throw new IOException("a client failed", failed.getCause());
                }
            }
        }
    }

    private static void fetch(ServerUnderTest server, ServerKey key) throws Exception {
        try (var client = new ImapClient(key.client(), server.port())) {
            client.login();
            client.select();
            for (int time = 0; time < FETCHES; time++) {
                client.fetch();
            }
            client.logout();
        }
    }
}
