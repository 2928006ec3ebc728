package org.postern.server;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.lang.reflect.Method;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.postern.testkit.FreePorts;

/// Measures what idle sessions cost: starts a server of its own, opens IMAP sessions that log in, SELECT and
/// IDLE, delivers mail by LMTP meanwhile, and prints memory, processor and how soon the clients were told.
/// `bin/measure-idle` runs it as a source file, with the server on the class path.
final class IdleSessions {
    private static final String PASSWORD = "correct-horse-battery";
    /// People have a phone, a tablet, a computer at home and one at work.
    private static final int SESSIONS_OF_AN_ACCOUNT = 4;
    /// At once while the sessions are opened: as many as come back together after a short outage.
    private static final int OPENING_AT_ONCE = 16;
    private static final int GOAL = 64; // KiB of PSS for each session
    private static final Pattern EXISTS = Pattern.compile("\\* (\\d+) EXISTS");

    private final Path root;
    private final Path directory;
    private final int count;
    private final int imapPort = FreePorts.next();
    private final int lmtpPort = FreePorts.next();
    private final List<Client> clients = new ArrayList<>();
    /// When the last octet of a message left: by account and how many it has then.
    private final Map<String, Long> sent = new ConcurrentHashMap<>();
    private final ConcurrentLinkedQueue<Long> told = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<String> surprises = new ConcurrentLinkedQueue<>();

    private IdleSessions(Path root, Path directory, int count) throws IOException {
        this.root = root;
        this.directory = directory;
        this.count = count;
    }

    public static void main(String[] arguments) throws Exception {
        Path root = Path.of(arguments[0]);
        Path directory = Path.of(arguments[1]);
        int count = Integer.parseInt(arguments[2]);
        int minutes = Integer.parseInt(arguments[3]);
        int perMinute = Integer.parseInt(arguments[4]);
        boolean met = new IdleSessions(root, directory, count).measure(minutes, perMinute);
        System.exit(met ? 0 : 1);
    }

    /// True if the goal is met.
    private boolean measure(int minutes, int perMinute) throws Exception {
        Process server = start();
        try {
            int accounts = Math.ceilDiv(count, SESSIONS_OF_AN_ACCOUNT);
            provision(accounts);
            SSLContext trust = trust();
            // What a server loads and compiles once is no session's; a few sessions and messages bring it up.
            warmUp(trust, Math.min(accounts, 10));
            Reading before = read(server, "no sessions");
            Map<String, Long> classes = classes(server);

            long from = System.nanoTime();
            open(trust, accounts);
            System.out.printf(
                    "%,d sessions of %,d accounts log in, SELECT and IDLE: %.1f s%n", count, accounts, seconds(from));
            Reading idle = read(server, "all sessions idle");
            grown(classes, classes(server));

            double processor = processorSeconds(server);
            from = System.nanoTime();
            wait(30, () -> false);
            System.out.printf(
                    "nothing happens for 30 s: %.2f %% of a core%n",
                    100 * (processorSeconds(server) - processor) / seconds(from));

            processor = processorSeconds(server);
            from = System.nanoTime();
            Deliveries deliveries = deliver(server, accounts, minutes, perMinute);
            System.out.printf(
                    "%,d deliveries in %.0f s (%.0f a minute), %.1f %% of a core; each answered after (ms) %s%n",
                    deliveries.answered().size(),
                    seconds(from),
                    deliveries.answered().size() * 60 / seconds(from),
                    100 * (processorSeconds(server) - processor) / seconds(from),
                    percentiles(deliveries.answered()));
            int expected = deliveries.expected();
            await(() -> told.size() >= expected);
            System.out.printf(
                    "%,d of %,d times a client was told, after (ms) %s%n", told.size(), expected, percentiles(told));
            System.out.printf("PSS meanwhile, without any collection asked for: at most %,d KiB%n", deliveries.most());
            Reading after = read(server, "after the deliveries");

            surprises.stream().limit(5).forEach(line -> System.out.println("unexpected: " + line));
            double each = perSession(deliveries.most(), before.pss());
            System.out.printf(
                    "PSS of a session: idle %.1f KiB; during deliveries %.1f KiB (goal %d); after them %.1f KiB;"
                            + " heap of a session: idle %.1f KiB%n",
                    perSession(idle.pss(), before.pss()),
                    each,
                    GOAL,
                    perSession(after.pss(), before.pss()),
                    perSession(idle.heap(), before.heap()));
            return each <= GOAL && told.size() == expected && surprises.isEmpty();
        } finally {
            long from = System.nanoTime();
            server.destroy();
            int code = server.waitFor();
            System.out.printf("the server stopped with %d after %.1f s%n", code, seconds(from));
        }
    }

    private double perSession(long with, long without) {
        return (double) (with - without) / count;
    }

    private static double seconds(long from) {
        return (System.nanoTime() - from) / 1e9;
    }

    // ---- the server

    private Process start() throws IOException {
        Path configuration = directory.resolve("postern.conf");
        Files.writeString(configuration, """
                server { host = "localhost", data-directory = "%1$s", addresses = ["127.0.0.1"] }
                listeners {
                  imap.enabled = false, pop3s.enabled = false, pop3.enabled = false
                  submissions.enabled = false, submission.enabled = false
                  imaps.port = %2$d
                  lmtp { enabled = true, port = %3$d, addresses = ["127.0.0.1"] }
                }
                # everybody comes from one address here
                limits { connections = %4$d, connections-per-address = %4$d }
                """.formatted(directory.resolve("data"), imapPort, lmtpPort, count + 100));
        Process server = new ProcessBuilder(
                        root.resolve("bin/postern").toString(), "serve", "--config", configuration.toString())
                .redirectErrorStream(true)
                .start();
        var lines = new BufferedReader(new InputStreamReader(server.getInputStream(), UTF_8));
        List<String> said = new ArrayList<>();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            said.add(line);
            if (line.contains("Postern is ready")) {
                Thread.ofPlatform().daemon().start(() -> {
                    try {
                        for (String later = lines.readLine(); later != null; later = lines.readLine()) {
                            if (later.contains(" ERROR ")) {
                                surprises.add(later);
                            }
                        }
                    } catch (IOException e) {
                        surprises.add(e.toString());
                    }
                });
                return server;
            }
        }
        throw new IOException("the server did not start: " + String.join("\n", said));
    }

    private static String account(int number) {
        return "user" + number + "@example.test";
    }

    /// As an operator does, but without a JVM for each command.
    private void provision(int accounts) throws Exception {
        Method commandLine = Class.forName("org.postern.server.Main").getDeclaredMethod("commandLine");
        commandLine.setAccessible(true);
        InputStream terminal = System.in;
        var output = System.out;
        System.setOut(new java.io.PrintStream(OutputStream.nullOutputStream(), false, UTF_8));
        Object commands = commandLine.invoke(null); // keeps the output it finds
        Method execute = commands.getClass().getMethod("execute", String[].class);
        try {
            operator(commands, execute, "domain", "add", "example.test");
            for (int number = 0; number < accounts; number++) {
                operator(commands, execute, "account", "add", account(number));
            }
        } finally {
            System.setIn(terminal);
            System.setOut(output);
        }
    }

    private void operator(Object commands, Method execute, String... words) throws Exception {
        List<String> arguments = new ArrayList<>(List.of(words));
        arguments.addAll(List.of("--data", directory.resolve("data").toString()));
        System.setIn(new ByteArrayInputStream((PASSWORD + "\n").getBytes(UTF_8)));
        Object code = execute.invoke(commands, (Object) arguments.toArray(String[]::new));
        if (!Integer.valueOf(0).equals(code)) {
            throw new IOException(String.join(" ", words) + " ended with " + code);
        }
    }

    /// What the process takes after a collection.
    private record Reading(long pss, long heap) {}

    private Reading read(Process server, String when) throws Exception {
        long uncollected = pss(server);
        for (int time = 0; time < 2; time++) { // what a first collection only puts into a queue
            diagnose(server, "GC.run");
        }
        Matcher used = Pattern.compile("used (\\d+)K").matcher(diagnose(server, "GC.heap_info"));
        if (!used.find()) {
            throw new IOException("jcmd does not tell how much of the heap is used");
        }
        var reading = new Reading(pss(server), Long.parseLong(used.group(1)));
        System.out.printf(
                "%s: PSS %,d KiB, after a collection %,d KiB, heap %,d KiB%n",
                when, uncollected, reading.pss(), reading.heap());
        return reading;
    }

    /// Octets of the heap, by class.
    private static Map<String, Long> classes(Process server) throws Exception {
        Map<String, Long> octets = new HashMap<>();
        Matcher row =
                Pattern.compile("(?m)^ *\\d+: +\\d+ +(\\d+) +(\\S+)").matcher(diagnose(server, "GC.class_histogram"));
        while (row.find()) {
            octets.merge(row.group(2), Long.valueOf(row.group(1)), Long::sum);
        }
        return octets;
    }

    /// What the heap of a session is made of.
    private void grown(Map<String, Long> before, Map<String, Long> after) {
        record Growth(String type, long octets) {}
        after.entrySet().stream()
                .map(each -> new Growth(each.getKey(), each.getValue() - before.getOrDefault(each.getKey(), 0L)))
                .sorted(Comparator.comparingLong(Growth::octets).reversed())
                .limit(12)
                .forEach(
                        each -> System.out.printf("  %,7d octets of heap in %s%n", each.octets() / count, each.type()));
    }

    private static String diagnose(Process server, String command) throws Exception {
        Process jcmd = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin/jcmd").toString(),
                        Long.toString(server.pid()),
                        command)
                .redirectErrorStream(true)
                .start();
        String said = new String(jcmd.getInputStream().readAllBytes(), UTF_8);
        if (jcmd.waitFor() != 0) {
            throw new IOException("jcmd " + command + ": " + said);
        }
        return said;
    }

    /// Proportional set size in KiB: what is resident, shared pages in shares.
    private static long pss(Process server) throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc", Long.toString(server.pid()), "smaps_rollup"))) {
            if (line.startsWith("Pss:")) {
                return Long.parseLong(line.replaceAll("\\D", ""));
            }
        }
        throw new IOException("the kernel tells no PSS");
    }

    private static double processorSeconds(Process server) {
        return server.info().totalCpuDuration().orElseThrow().toNanos() / 1e9;
    }

    // ---- the clients

    private SSLContext trust() throws IOException, GeneralSecurityException {
        KeyStore authorities = KeyStore.getInstance(KeyStore.getDefaultType());
        authorities.load(null, null);
        try (InputStream pem = Files.newInputStream(directory.resolve("data/tls/ca.pem"))) {
            authorities.setCertificateEntry(
                    "postern", CertificateFactory.getInstance("X.509").generateCertificate(pem));
        }
        var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(authorities);
        var context = SSLContext.getInstance("TLSv1.3");
        context.init(null, factory.getTrustManagers(), null);
        return context;
    }

    /// One mail client: a session that idles, on a virtual thread that reads what it is told.
    private final class Client {
        private final String account;
        private final SSLSocket socket;
        private final BufferedReader in;

        Client(SSLContext trust, String account) throws IOException {
            this.account = account;
            Socket connection = new Socket(InetAddress.getLoopbackAddress(), imapPort);
            socket = (SSLSocket) trust.getSocketFactory().createSocket(connection, "localhost", imapPort, true);
            SSLParameters parameters = socket.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            parameters.setProtocols(new String[] {"TLSv1.3"});
            socket.setSSLParameters(parameters);
            in = new BufferedReader(new InputStreamReader(socket.getInputStream(), US_ASCII), 512);
            until("* OK");
            say("a LOGIN " + account + " " + PASSWORD);
            until("a OK");
            say("b SELECT INBOX");
            until("b OK");
            say("c IDLE");
            until("+ ");
        }

        private void say(String line) throws IOException {
            socket.getOutputStream().write((line + "\r\n").getBytes(US_ASCII));
        }

        private void until(String start) throws IOException {
            String line = in.readLine();
            while (line != null && !line.startsWith(start)) {
                line = in.readLine();
            }
            if (line == null) {
                throw new IOException("the server ended the session before '" + start + "'");
            }
        }

        void listen() {
            try {
                for (String line = in.readLine(); line != null; line = in.readLine()) {
                    Matcher exists = EXISTS.matcher(line);
                    if (exists.matches()) {
                        Long at = sent.get(account + " " + exists.group(1));
                        if (at == null) {
                            surprises.add("nobody has sent what is told: " + line);
                        } else {
                            told.add(System.nanoTime() - at);
                        }
                    } else if (line.startsWith("* BYE")) {
                        return; // the server stops
                    } else if (!line.endsWith(" RECENT") && !line.startsWith("* OK")) { // "still here" now and then
                        surprises.add(line);
                    }
                }
                surprises.add("a session ended without a farewell");
            } catch (IOException e) {
                surprises.add(e.toString());
            }
        }

        void leave() throws IOException {
            say("DONE");
            until("c OK");
            say("d LOGOUT");
            until("d OK");
            socket.close();
        }
    }

    private void warmUp(SSLContext trust, int accounts) throws Exception {
        try (var lmtp = new Lmtp()) {
            for (int round = 0; round < 30; round++) {
                for (int number = 0; number < accounts; number++) {
                    Client client = new Client(trust, account(number));
                    lmtp.deliver(account(number));
                    client.until("* " + (round + 1) + " EXISTS");
                    client.leave();
                }
            }
        }
    }

    private void open(SSLContext trust, int accounts) throws Exception {
        try (ExecutorService opening = Executors.newFixedThreadPool(OPENING_AT_ONCE)) {
            List<Future<Client>> opened = new ArrayList<>();
            for (int number = 0; number < count; number++) {
                String account = account(number % accounts);
                opened.add(opening.submit(() -> new Client(trust, account)));
            }
            for (Future<Client> client : opened) {
                clients.add(client.get());
            }
        }
        for (Client client : clients) {
            Thread.ofVirtual().start(client::listen);
        }
    }

    // ---- deliveries

    /// @param answered how long each took, in nanoseconds
    /// @param expected how many times a client is to be told
    /// @param most the largest PSS, in KiB
    private record Deliveries(List<Long> answered, int expected, long most) {}

    /// In an even rhythm, to one account after the other.
    private Deliveries deliver(Process server, int accounts, int minutes, int perMinute) throws Exception {
        int messages = minutes * perMinute;
        int[] has = new int[accounts];
        Arrays.fill(has, 0, Math.min(accounts, 10), 30); // of the warm-up
        List<Long> answered = new ArrayList<>();
        int expected = 0;
        long most = 0;
        long begin = System.nanoTime();
        try (var lmtp = new Lmtp()) {
            for (int message = 0; message < messages; message++) {
                long due = begin + TimeUnit.MINUTES.toNanos(1) * message / perMinute;
                for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
                    LockSupport.parkNanos(left);
                }
                int number = message % accounts;
                has[number]++;
                expected += (count - number + accounts - 1) / accounts; // its sessions
                lmtp.announce(account(number));
                long from = System.nanoTime();
                sent.put(account(number) + " " + has[number], from);
                lmtp.send();
                answered.add(System.nanoTime() - from);
                if (message % Math.max(1, perMinute / 12) == 0) {
                    most = Math.max(most, pss(server));
                }
            }
        }
        return new Deliveries(answered, expected, most);
    }

    private final class Lmtp implements AutoCloseable {
        private final Socket socket = new Socket(InetAddress.getLoopbackAddress(), lmtpPort);
        private final BufferedReader in = new BufferedReader(new InputStreamReader(socket.getInputStream(), US_ASCII));
        private int messages;

        Lmtp() throws IOException {
            socket.setTcpNoDelay(true);
            expect("220 ");
            ask("LHLO mx.example.test", "250 ");
        }

        private void expect(String start) throws IOException {
            String line = in.readLine();
            while (line != null && line.matches("\\d{3}-.*")) {
                line = in.readLine();
            }
            if (line == null || !line.startsWith(start)) {
                throw new IOException("LMTP: expected '" + start + "', not: " + line);
            }
        }

        private void ask(String line, String reply) throws IOException {
            socket.getOutputStream().write((line + "\r\n").getBytes(US_ASCII));
            expect(reply);
        }

        void announce(String account) throws IOException {
            ask("MAIL FROM:<sender@elsewhere.test>", "250 ");
            ask("RCPT TO:<" + account + ">", "250 ");
            ask("DATA", "354 ");
        }

        void send() throws IOException {
            String line = "Nothing that anybody would have to read, but as long as a line of a letter is.\r\n";
            ask("""
                    From: Sender <sender@elsewhere.test>
                    To: Somebody <somebody@example.test>
                    Subject: message %d
                    Date: Thu, 26 Nov 2026 12:00:00 +0000
                    Message-ID: <%d.idle@elsewhere.test>

                    """.formatted(messages, messages++).replace("\n", "\r\n") + line.repeat(40) + ".", "250 ");
        }

        void deliver(String account) throws IOException {
            announce(account);
            send();
        }

        @Override
        public void close() throws IOException {
            ask("QUIT", "221 ");
            socket.close();
        }
    }

    // ---- figures

    private static String percentiles(Iterable<Long> nanoseconds) {
        List<Long> sorted = new ArrayList<>();
        nanoseconds.forEach(sorted::add);
        sorted.sort(null);
        if (sorted.isEmpty()) {
            return "-";
        }
        return "median %.1f, 99 %% within %.1f, longest %.1f"
                .formatted(
                        sorted.get(sorted.size() / 2) / 1e6,
                        sorted.get((int) (sorted.size() * 0.99)) / 1e6,
                        sorted.getLast() / 1e6);
    }

    private interface Condition {
        boolean holds();
    }

    private static void await(Condition condition) {
        wait(30, condition);
    }

    private static void wait(int seconds, Condition condition) {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        while (!condition.holds() && System.nanoTime() < until) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
        }
    }
}
