package org.postern.resolver;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.postern.testkit.Programs;

/// Zones of every kind, signed here by BIND's tools and served by a real named, with a root and a trust anchor of
/// their own; a
/// real Unbound does the recursion and validates too. Own ports on loopback, no privileges.
final class Zoo implements AutoCloseable {
    private final Path directory;
    private final List<Process> processes = new ArrayList<>();
    private final Map<String, String> delegations = new TreeMap<>(); // zone, NS and DS records for its parent
    private final List<String> served = new ArrayList<>();
    private final DatagramSocket silent; // takes questions and never answers
    private final int authoritative;
    final Upstream unbound;
    final Path anchor;

    Zoo(Path directory) throws Exception {
        this.directory = directory;
        silent = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        authoritative = freePort();
        int recursive = freePort();
        unbound = new Upstream(InetAddress.getLoopbackAddress(), recursive);
        anchor = directory.resolve("anchor.txt");
        zones();
        startNamed();
        startUnbound(recursive);
    }

    private static int freePort() throws IOException {
        try (DatagramSocket socket = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private void zones() throws Exception {
        String ecdsa = "ECDSAP256SHA256";
        String plain = "a A 192.0.2.1\na AAAA 2001:db8::1\nb A 192.0.2.2\nz TXT \"one\" \"two\"\n"
                + "_imaps._tcp SRV 0 1 993 a\n_993._tcp.a TLSA 3 1 1 "
                + "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n@ MX 10 a\n";
        signed("rsa.test", "RSASHA256", plain, List.of());
        signed("ecdsa.test", ecdsa, plain, List.of("-3", "-", "-H", "0"));
        signed("ed25519.test", "ED25519", plain, List.of());
        unsigned("insecure.test", plain);
        unsigned("child.optout.test", plain);
        signed("optout.test", ecdsa, plain + delegations.remove("child.optout.test"), List.of("-3", "-", "-A"));
        signed("wild.test", ecdsa, plain + "*.w A 192.0.2.9\n*.w3.w TXT \"x\"\n", List.of());
        signed("wild3.test", ecdsa, plain + "*.w A 192.0.2.9\n", List.of("-3", "-", "-H", "0"));
        signed("expired.test", ecdsa, plain, List.of("-s", "20200101000000", "-e", "20200201000000"));
        signed("future.test", ecdsa, plain, List.of("-s", "20990101000000", "-e", "20990201000000"));
        signed("wrongds.test", ecdsa, plain, List.of());
        String[] words = delegations.get("wrongds.test").strip().split("\\s+", -1);
        String digest = words[words.length - 1];
        delegations.computeIfPresent(
                "wrongds.test",
                (zone, records) -> records.replace(digest, (digest.startsWith("0") ? "1" : "0") + digest.substring(1)));
        signed("missing.test", ecdsa, plain, List.of());
        change("missing.test", line -> line.matches("a\\.missing\\.test\\..*\\sRRSIG\\s+A\\s.*") ? "" : line);
        signed("changed.test", ecdsa, plain, List.of());
        change(
                "changed.test",
                line -> line.replaceFirst("(a\\.changed\\.test\\..*\\sA\\s+)192\\.0\\.2\\.1$", "$1192.0.2.66"));
        signed("forged.test", ecdsa, plain, List.of());
        change("forged.test", line -> line.startsWith("b.forged.test.") ? "" : line);
        signed("forged3.test", ecdsa, plain, List.of("-3", "-", "-H", "0"));
        change("forged3.test", line -> line.matches("b\\.forged3\\.test\\..*\\s(A|RRSIG\\s+A)\\s.*") ? "" : line);
        signed(
                "alias.test",
                ecdsa,
                plain + "good CNAME a.rsa.test.\nbad CNAME a.insecure.test.\nboth CNAME bad\nloop1 CNAME loop2\n"
                        + "loop2 CNAME loop1\nbroken CNAME a.expired.test.\nnowhere CNAME no.ecdsa.test.\n"
                        + "tree DNAME ecdsa.test.\nwoods DNAME insecure.test.\n*.star CNAME a.rsa.test.\n",
                List.of());
        unsigned("from.test", plain + "up CNAME a.rsa.test.\n");
        StringBuilder big = new StringBuilder(plain);
        for (int index = 0; index < 60; index++) {
            big.append("big TXT \"").append(index).append("x".repeat(100)).append("\"\n");
        }
        signed("big.test", ecdsa, big.toString(), List.of());
        String ns = " NS ns.test.\n";
        StringBuilder test = new StringBuilder("ns A 127.0.0.1\nlame" + ns + "silent" + ns + "referral" + ns);
        delegations.values().forEach(test::append);
        delegations.clear();
        signed("test", ecdsa, test.toString(), List.of());
        String top = String.join("", delegations.values());
        delegations.clear();
        signed(".", ecdsa, top, List.of());
    }

    private static String head(String zone) {
        String origin = zone.equals(".") ? "." : zone + ".";
        return "$ORIGIN " + origin
                + "\n$TTL 300\n@ SOA ns.test. hostmaster.test. 1 3600 600 86400 300\n@ NS ns.test.\n";
    }

    private static String fileOf(String zone) {
        return zone.equals(".") ? "root" : zone;
    }

    private void unsigned(String zone, String records) throws IOException {
        Files.writeString(directory.resolve(fileOf(zone) + ".signed"), head(zone) + records);
        delegations.put(zone, zone + ". NS ns.test.\n");
        served.add(zone);
    }

    private void signed(String zone, String algorithm, String records, List<String> options) throws Exception {
        List<String> make = new ArrayList<>(List.of("dnssec-keygen", "-q", "-a", algorithm, "-f", "KSK"));
        if (algorithm.startsWith("RSA")) {
            make.addAll(List.of("-b", "2048"));
        }
        make.add(zone);
        String key = run(make).strip();
        String keyRecord = Files.readString(directory.resolve(key + ".key"));
        Path file = directory.resolve(fileOf(zone));
        Files.writeString(file, head(zone) + records + keyRecord);
        List<String> sign = new ArrayList<>(
                List.of("dnssec-signzone", "-q", "-P", "-z", "-O", "full", "-o", zone, "-f", fileOf(zone) + ".signed"));
        sign.addAll(options);
        sign.addAll(List.of(fileOf(zone), key));
        run(sign);
        String ds = run(List.of("dnssec-dsfromkey", "-2", key + ".key"));
        delegations.put(zone, zone.equals(".") ? "" : zone + ". NS ns.test.\n" + ds);
        served.add(zone);
        if (zone.equals(".")) {
            Files.writeString(anchor, ds);
            String[] fields = keyRecord
                    .lines()
                    .filter(line -> !line.startsWith(";"))
                    .findFirst()
                    .orElseThrow()
                    .split("\\s+", 7);
            Files.writeString(
                    directory.resolve("delv.conf"),
                    "trust-anchors { . static-key 257 3 " + fields[5] + " \"" + fields[6].replace(" ", "")
                            + "\"; };\n");
        }
    }

    private void change(String zone, UnaryOperator<String> line) throws IOException {
        Path file = directory.resolve(zone + ".signed");
        List<String> before = Files.readAllLines(file);
        List<String> after = before.stream().map(line).toList();
        if (before.equals(after)) {
            throw new IllegalStateException("nothing changed in " + zone);
        }
        Files.write(file, after);
    }

    private String run(List<String> command) throws IOException, InterruptedException {
        List<String> whole = new ArrayList<>(command);
        whole.set(0, program(command.getFirst()));
        Process process = new ProcessBuilder(whole)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .start();
        String text = new String(process.getInputStream().readAllBytes(), UTF_8);
        if (process.waitFor() != 0) {
            throw new IllegalStateException(command + ": " + text);
        }
        return text;
    }

    /// Debian has servers where an unprivileged user's path does not lead.
    private static String program(String name) {
        for (String place : List.of("/usr/sbin", "/usr/bin", "/sbin")) {
            if (Files.isExecutable(Path.of(place, name))) {
                return place + "/" + name;
            }
        }
        return Programs.require(name).toString();
    }

    private void startNamed() throws Exception {
        StringBuilder conf =
                new StringBuilder("options { directory \"" + directory + "\"; listen-on port " + authoritative
                        + " { 127.0.0.1; }; listen-on-v6 { none; }; recursion no; pid-file none; session-keyfile none; "
                        + "dnssec-validation no; check-integrity no; check-names primary ignore; minimal-responses yes; notify no; "
                        + "lock-file none; };\ncontrols {};\n");
        for (String zone : served) {
            conf.append("zone \"")
                    .append(zone)
                    .append("\" { type primary; file \"")
                    .append(fileOf(zone))
                    .append(".signed\"; };\n");
        }
        conf.append("zone \"lame.test\" { type primary; file \"nowhere\"; };\n"); // answers SERVFAIL
        Files.writeString(directory.resolve("named.conf"), conf);
        start(
                List.of(
                        "named",
                        "-g",
                        "-n",
                        "1",
                        "-c",
                        directory.resolve("named.conf").toString()),
                "running");
    }

    private void startUnbound(int port) throws Exception {
        Files.writeString(directory.resolve("unbound.conf"), """
                server:
                  interface: 127.0.0.1
                  port: %d
                  directory: "%s"
                  chroot: ""
                  username: ""
                  pidfile: ""
                  do-daemonize: no
                  use-syslog: no
                  logfile: ""
                  verbosity: 1
                  num-threads: 1
                  do-ip6: no
                  do-not-query-localhost: no
                  access-control: 127.0.0.0/8 allow
                  trust-anchor-file: "%s"
                  qname-minimisation: no
                  local-zone: "test." nodefault
                  local-zone: "." nodefault
                remote-control:
                  control-enable: no
                """.formatted(port, directory, anchor) + stubs());
        start(List.of("unbound", "-c", directory.resolve("unbound.conf").toString()), "start of service");
    }

    /// One for each zone: Unbound insists that a denied DS record comes from the parent's servers, and delegations
    /// lead to port
    /// 53, where nobody is.
    private String stubs() {
        StringBuilder stubs = new StringBuilder();
        List<String> zones = new ArrayList<>(served);
        zones.add("lame.test");
        zones.add("silent.test");
        zones.add("referral.test");
        for (String zone : zones) {
            int port = zone.equals("silent.test") ? silent.getLocalPort() : authoritative;
            stubs.append("stub-zone:\n  name: \"")
                    .append(zone)
                    .append("\"\n  stub-addr: 127.0.0.1@")
                    .append(port)
                    .append('\n');
        }
        return stubs.toString();
    }

    private void start(List<String> command, String ready) throws Exception {
        List<String> whole = new ArrayList<>(command);
        whole.set(0, program(command.getFirst()));
        Process process = new ProcessBuilder(whole).redirectErrorStream(true).start();
        processes.add(process);
        BufferedReader output = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
        StringBuilder said = new StringBuilder();
        for (String line = output.readLine(); ; line = output.readLine()) {
            if (line == null) {
                throw new IllegalStateException(command + " ended: " + said);
            }
            said.append(line).append('\n');
            if (line.contains(ready)) {
                break;
            }
        }
        Thread.ofVirtual().start(() -> {
            try {
                output.transferTo(Writer.nullWriter()); // a full pipe would stop it
            } catch (IOException e) {
                return; // it has ended
            }
        });
    }

    /// What delv says of a name, asking the same Unbound with checking disabled: secure, insecure or failed.
    String delv(String name, String type) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        program("delv"),
                        "@127.0.0.1",
                        "-p",
                        Integer.toString(unbound.port()),
                        "-a",
                        directory.resolve("delv.conf").toString(),
                        "+root=.",
                        "+cdflag",
                        "+nocrypto",
                        name,
                        type)
                .redirectErrorStream(true)
                .start();
        String text = new String(process.getInputStream().readAllBytes(), UTF_8);
        process.waitFor();
        boolean denied = text.contains("ncache"); // delv calls an answer without records a failure
        if (!denied && (text.contains("resolution failed") || text.contains("timed out"))) {
            return "failed";
        }
        if (text.contains("unsigned answer") || text.contains("negative response, unsigned")) {
            return "insecure";
        }
        return text.contains("fully validated") ? "secure" : "unclear: " + text;
    }

    @Override
    public void close() {
        for (Process process : processes) {
            process.destroy();
            process.onExit().join();
        }
        silent.close();
    }
}
