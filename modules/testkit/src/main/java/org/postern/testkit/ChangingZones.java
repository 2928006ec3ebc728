package org.postern.testkit;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Like [SignedZones], for what changes: zones that are signed anew while a real NSD serves them, on loopback; a
/// relay in front of it loses or refuses the questions that a test names.
public final class ChangingZones implements AutoCloseable {
    /// What is wrong with a zone.
    public enum State {
        SECURE,
        /// no DS record at its parent
        INSECURE,
        /// its signatures are over
        EXPIRED,
        /// what its records say was changed after signing
        CHANGED
    }

    private record Zone(State state, String records) {}

    private final Path directory;
    private final Map<String, Zone> zones = new LinkedHashMap<>();
    private final Map<String, String> keys = new LinkedHashMap<>(); // by zone: the name of its key's files
    private final Set<String> failing = ConcurrentHashMap.newKeySet();
    private final Set<String> silent = ConcurrentHashMap.newKeySet();
    private final DatagramSocket relay;
    private volatile int authoritative; // port of the server that runs now
    private int serial = 1;
    private @Nullable ServerProcess nsd;

    public ChangingZones(Path directory) throws IOException {
        this.directory = directory;
        InetAddress loopback = InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
        relay = new DatagramSocket(0, loopback);
    }

    /// Where to ask.
    public InetSocketAddress address() {
        return new InetSocketAddress(relay.getLocalAddress(), relay.getLocalPort());
    }

    /// DS records of the root, in zone file form.
    public Path anchor() {
        return directory.resolve("anchor.txt");
    }

    /// A zone below the root (`example`), with records in zone file form. Replaces one of that name.
    public void put(String zone, State state, String records) {
        zones.put(zone, new Zone(state, records));
    }

    /// Questions for these names, and all below them, are answered by SERVFAIL.
    public void fail(String name) {
        failing.add(name.toLowerCase(Locale.ROOT));
    }

    /// Questions for these names, and all below them, are not answered.
    public void silence(String name) {
        silent.add(name.toLowerCase(Locale.ROOT));
    }

    /// Writes and signs the zones, and starts the server.
    public void start() throws IOException, InterruptedException {
        write(zones.keySet());
        launch();
        Thread.ofPlatform().daemon().name("dns-relay").start(this::relay);
    }

    /// Starts a server, on a port of its own, and waits until it serves the zones.
    private void launch() throws IOException, InterruptedException {
        authoritative = FreePorts.next();
        StringBuilder conf =
                new StringBuilder("""
                server:
                  ip-address: 127.0.0.1@%d
                  username: ""
                  chroot: ""
                  zonesdir: "%s"
                  database: ""
                  logfile: ""
                  pidfile: "%s/nsd.pid"
                  xfrdfile: "%s/xfrd.state"
                  xfrdir: "%s"
                  zonelistfile: "%s/zone.list"
                  verbosity: 2
                  server-count: 1
                  xfrd-reload-timeout: 0
                  rrl-ratelimit: 0
                remote-control:
                  control-enable: no
                zone:
                  name: "."
                  zonefile: "root.signed"
                """.formatted(authoritative, directory, directory, directory, directory, directory));
        for (String zone : zones.keySet()) {
            conf.append("zone:\n  name: \"")
                    .append(zone)
                    .append("\"\n  zonefile: \"")
                    .append(zone)
                    .append(".signed\"\n");
        }
        Path file = Files.writeString(directory.resolve("nsd.conf"), conf);
        nsd = ServerProcess.start(
                directory.resolve("nsd.log"), "nsd started", List.of("nsd", "-d", "-c", file.toString()));
        awaitSerial();
    }

    /// Signs these zones (and the root) again after [#put], and waits until a server has them. It is a new one:
    /// while NSD reads its zones again, children with the old ones and with the new answer from the same socket.
    public void change(String... changed) throws IOException, InterruptedException {
        serial++;
        write(Set.of(changed));
        stop();
        launch();
    }

    private void write(Set<String> changed) throws IOException, InterruptedException {
        for (String zone : changed) {
            Zone now = Objects.requireNonNull(zones.get(zone), zone);
            sign(zone, now.state, now.records);
        }
        StringBuilder root = new StringBuilder();
        for (Map.Entry<String, Zone> zone : zones.entrySet()) {
            root.append(zone.getKey()).append(". NS ns.\n");
            if (zone.getValue().state != State.INSECURE) {
                root.append(Files.readString(directory.resolve(keys.get(zone.getKey()) + ".ds")));
            }
        }
        sign(".", State.SECURE, "ns. A 127.0.0.1\n" + root);
        Files.copy(directory.resolve(keys.get(".") + ".ds"), anchor(), StandardCopyOption.REPLACE_EXISTING);
    }

    private static String fileOf(String zone) {
        return zone.equals(".") ? "root" : zone;
    }

    private void sign(String zone, State state, String records) throws IOException, InterruptedException {
        String origin = zone.equals(".") ? "." : zone + ".";
        String head =
                "$ORIGIN " + origin + "\n$TTL 1\n@ 1 SOA ns. hostmaster. " + serial + " 3600 600 86400 1\n@ NS ns.\n";
        Path signed = directory.resolve(fileOf(zone) + ".signed");
        if (state == State.INSECURE) {
            Files.writeString(signed, head + records);
            return;
        }
        String key = keys.get(zone);
        if (key == null) {
            key = DnssecTools.run(directory, List.of("dnssec-keygen", "-q", "-a", "ECDSAP256SHA256", "-f", "KSK", zone))
                    .strip();
            keys.put(zone, key);
            Files.writeString(
                    directory.resolve(key + ".ds"),
                    DnssecTools.run(directory, List.of("dnssec-dsfromkey", "-2", key + ".key")));
        }
        Files.writeString(
                directory.resolve(fileOf(zone)), head + records + Files.readString(directory.resolve(key + ".key")));
        List<String> sign = new ArrayList<>(
                List.of("dnssec-signzone", "-q", "-P", "-z", "-O", "full", "-o", zone, "-f", fileOf(zone) + ".signed"));
        if (state == State.EXPIRED) {
            sign.addAll(List.of("-s", "20200101000000", "-e", "20200201000000"));
        }
        sign.addAll(List.of(fileOf(zone), key));
        DnssecTools.run(directory, sign);
        if (state == State.CHANGED) {
            // every TLSA, SRV and address record now says something that nobody signed
            List<String> lines = Files.readAllLines(signed).stream()
                    .map(line -> line.matches("\\S+\\s+\\d+\\s+IN\\s+TLSA\\s.*")
                            ? line.replaceFirst("TLSA\\s+\\d", "TLSA 2")
                            : line)
                    .toList();
            Files.write(signed, lines);
        }
    }

    private void awaitSerial() throws IOException {
        byte[] question = {0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 1}; // the root's SOA
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        try (DatagramSocket socket = new DatagramSocket()) {
            InetSocketAddress server = new InetSocketAddress(relay.getLocalAddress(), authoritative);
            socket.setSoTimeout(50); // not connected, so that a port where nobody listens yet is waited for, too
            while (System.nanoTime() - deadline < 0) {
                socket.send(new DatagramPacket(question, question.length, server));
                DatagramPacket answer = new DatagramPacket(new byte[4_096], 4_096);
                if (arrives(socket, answer) && soaSerial(answer.getData(), answer.getLength()) == serial) {
                    return;
                }
            }
        }
        throw new IllegalStateException("nsd does not serve serial " + serial);
    }

    private static boolean arrives(DatagramSocket socket, DatagramPacket answer) throws IOException {
        try {
            socket.receive(answer);
            return true;
        } catch (SocketTimeoutException e) {
            return false;
        }
    }

    /// The serial of the one SOA record of an answer: 20 octets before its end where nothing follows.
    private static int soaSerial(byte[] answer, int length) {
        if (length < 40 || answer[7] == 0) {
            return -1;
        }
        // question (17 octets with the header), then: root, type, class, TTL, length, two names, serial
        int place = 17 + 11;
        for (int names = 0; names < 2; names++) {
            while (answer[place] != 0 && (answer[place] & 0xc0) != 0xc0) {
                place += answer[place] + 1;
            }
            place += answer[place] == 0 ? 1 : 2;
        }
        return ((answer[place] & 0xff) << 24)
                | ((answer[place + 1] & 0xff) << 16)
                | ((answer[place + 2] & 0xff) << 8)
                | (answer[place + 3] & 0xff);
    }

    private void relay() {
        byte[] buffer = new byte[65_535];
        while (!relay.isClosed()) {
            try {
                DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
                relay.receive(packet);
                byte[] question = Arrays.copyOf(buffer, packet.getLength());
                InetSocketAddress client = (InetSocketAddress) packet.getSocketAddress();
                Thread.ofVirtual().name("dns-question").start(() -> answer(question, client));
            } catch (IOException e) {
                return; // closed
            }
        }
    }

    private void answer(byte[] question, InetSocketAddress client) {
        String name = nameOf(question);
        try (DatagramSocket socket = new DatagramSocket()) {
            if (isBelow(name, silent)) {
                return;
            }
            if (isBelow(name, failing)) {
                byte[] failure = question.clone();
                failure[2] |= (byte) 0x80; // an answer
                failure[3] = 2; // SERVFAIL
                relay.send(new DatagramPacket(failure, failure.length, client));
                return;
            }
            socket.connect(new InetSocketAddress(relay.getLocalAddress(), authoritative));
            socket.setSoTimeout(30_000);
            socket.send(new DatagramPacket(question, question.length));
            DatagramPacket answer = new DatagramPacket(new byte[65_535], 65_535);
            socket.receive(answer);
            relay.send(new DatagramPacket(answer.getData(), answer.getLength(), client));
        } catch (IOException e) {
            return; // the client asks again
        }
    }

    private static boolean isBelow(String name, Set<String> names) {
        return names.stream().anyMatch(each -> name.equals(each) || name.endsWith("." + each));
    }

    private static String nameOf(byte[] question) {
        StringBuilder name = new StringBuilder();
        for (int place = 12; place < question.length && question[place] != 0; place += question[place] + 1) {
            name.append(name.isEmpty() ? "" : ".").append(new String(question, place + 1, question[place], ISO_8859_1));
        }
        return name.toString().toLowerCase(Locale.ROOT);
    }

    @Override
    public void close() {
        relay.close();
        stop();
    }

    private void stop() {
        ServerProcess running = nsd;
        if (running != null) {
            running.close();
        }
    }
}
