package org.postern.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/// A tree of zones with a root and a trust anchor of its own: signed by BIND's tools, served by a real named, and asked
/// through a real Unbound that validates. Own ports on loopback, no privileges.
///
/// Zones are added children first; each goes, with its DS record, into the next zone above it, and `.` comes last. Then
/// [#serve].
public final class SignedZones implements AutoCloseable {
    /// The signature algorithm that most zones use.
    public static final String ECDSA = "ECDSAP256SHA256";

    private final Path directory;
    private final List<ServerProcess> servers = new ArrayList<>();
    private final Map<String, String> delegations = new TreeMap<>(); // zone, NS and DS records for its parent
    private final List<String> served = new ArrayList<>();
    private final Map<String, Integer> elsewhere = new TreeMap<>(); // zone, port of who answers for it
    private final int authoritative;
    private final int recursive;

    /// Zones in `directory`, which is the test's own.
    public SignedZones(Path directory) throws IOException {
        this.directory = directory;
        authoritative = FreePorts.next();
        recursive = FreePorts.next();
    }

    /// Port of the Unbound, UDP and TCP, on loopback.
    public int port() {
        return recursive;
    }

    /// Port of the named, UDP and TCP, on loopback.
    public int authoritativePort() {
        return authoritative;
    }

    /// The root's DS record, in zone file form.
    public Path anchor() {
        return directory.resolve("anchor.txt");
    }

    /// The root's key, in the form of delv.
    public Path delvAnchor() {
        return directory.resolve("delv.conf");
    }

    /// A zone without signatures.
    ///
    /// @param records in zone file form, names relative to the zone
    public void unsigned(String zone, String records) throws IOException {
        Files.writeString(directory.resolve(fileOf(zone) + ".signed"), head(zone) + records + delegationsBelow(zone));
        delegations.put(zone, zone + ". NS ns.test.\n");
        served.add(zone);
    }

    /// A zone signed with one new key.
    ///
    /// @param records in zone file form, names relative to the zone
    /// @param options for dnssec-signzone
    public void signed(String zone, String algorithm, String records, List<String> options)
            throws IOException, InterruptedException {
        List<String> make = new ArrayList<>(List.of("dnssec-keygen", "-q", "-a", algorithm, "-f", "KSK"));
        if (algorithm.startsWith("RSA")) {
            make.addAll(List.of("-b", "2048"));
        }
        make.add(zone);
        String key = DnssecTools.run(directory, make).strip();
        String keyRecord = Files.readString(directory.resolve(key + ".key"));
        Path file = directory.resolve(fileOf(zone));
        Files.writeString(file, head(zone) + records + delegationsBelow(zone) + keyRecord);
        List<String> sign = new ArrayList<>(
                List.of("dnssec-signzone", "-q", "-P", "-z", "-O", "full", "-o", zone, "-f", fileOf(zone) + ".signed"));
        sign.addAll(options);
        sign.addAll(List.of(fileOf(zone), key));
        DnssecTools.run(directory, sign);
        String ds = DnssecTools.run(directory, List.of("dnssec-dsfromkey", "-2", key + ".key"));
        delegations.put(zone, zone + ". NS ns.test.\n" + ds);
        served.add(zone);
        if (zone.equals(".")) {
            trust(keyRecord, ds);
        }
    }

    private void trust(String keyRecord, String ds) throws IOException {
        Files.writeString(anchor(), ds);
        String[] fields = keyRecord
                .lines()
                .filter(line -> !line.startsWith(";"))
                .findFirst()
                .orElseThrow()
                .split("\\s+", 7);
        Files.writeString(
                delvAnchor(),
                "trust-anchors { . static-key 257 3 " + fields[5] + " \"" + fields[6].replace(" ", "") + "\"; };\n");
    }

    /// What the zone above will have of this one: its NS and DS records, in zone file form.
    public void changeDelegation(String zone, UnaryOperator<String> records) {
        delegations.computeIfPresent(zone, (name, before) -> records.apply(before));
    }

    /// Changes a zone after it was signed, line by line.
    ///
    /// @throws IllegalStateException if nothing changes
    public void change(String zone, UnaryOperator<String> line) throws IOException {
        Path file = directory.resolve(zone + ".signed");
        List<String> before = Files.readAllLines(file);
        List<String> after = before.stream().map(line).toList();
        if (before.equals(after)) {
            throw new IllegalStateException("nothing changed in " + zone);
        }
        Files.write(file, after);
    }

    /// A zone that somebody else answers for, on this port of loopback; 0 for named, which then fails.
    public void answeredBy(String zone, int port) {
        elsewhere.put(zone, Integer.valueOf(port));
    }

    private String delegationsBelow(String zone) {
        StringBuilder records = new StringBuilder();
        delegations.entrySet().removeIf(entry -> {
            boolean below = zone.equals(".") || entry.getKey().endsWith("." + zone);
            if (below) {
                records.append(entry.getValue());
            }
            return below;
        });
        return records.toString();
    }

    private static String head(String zone) {
        String origin = zone.equals(".") ? "." : zone + ".";
        return "$ORIGIN " + origin
                + "\n$TTL 300\n@ SOA ns.test. hostmaster.test. 1 3600 600 86400 300\n@ NS ns.test.\n";
    }

    private static String fileOf(String zone) {
        return zone.equals(".") ? "root" : zone;
    }

    /// Starts named and Unbound; returns when both answer.
    public void serve() throws IOException {
        startNamed();
        startUnbound();
    }

    private void startNamed() throws IOException {
        StringBuilder conf =
                new StringBuilder("options { directory \"" + directory + "\"; listen-on port " + authoritative
                        + " { 127.0.0.1; }; listen-on-v6 { none; }; recursion no; pid-file none; session-keyfile none; "
                        + "dnssec-validation no; check-integrity no; check-names primary ignore; minimal-responses yes; "
                        + "notify no; lock-file none; };\ncontrols {};\n");
        for (String zone : served) {
            conf.append("zone \"")
                    .append(zone)
                    .append("\" { type primary; file \"")
                    .append(fileOf(zone))
                    .append(".signed\"; };\n");
        }
        elsewhere.forEach((zone, port) -> {
            if (port == 0) { // answers SERVFAIL
                conf.append("zone \"").append(zone).append("\" { type primary; file \"nowhere\"; };\n");
            }
        });
        Path file = Files.writeString(directory.resolve("named.conf"), conf);
        servers.add(ServerProcess.start(
                directory.resolve("named.log"), "running", List.of("named", "-g", "-n", "1", "-c", file.toString())));
    }

    private void startUnbound() throws IOException {
        Path file = Files.writeString(
                directory.resolve("unbound.conf"),
                ValidatingResolver.configuration(
                        directory,
                        recursive,
                        anchor(),
                        stubs(),
                        "qname-minimisation: no",
                        "local-zone: \".\" nodefault"));
        servers.add(ServerProcess.start(
                directory.resolve("unbound.log"), "start of service", List.of("unbound", "-c", file.toString())));
    }

    /// One for each zone: Unbound insists that a denied DS record comes from the parent's servers, and delegations lead
    /// to port 53, where nobody is.
    private Map<String, Integer> stubs() {
        Map<String, Integer> ports = new TreeMap<>();
        served.forEach(zone -> ports.put(zone, authoritative));
        elsewhere.forEach((zone, port) -> ports.put(zone, port == 0 ? Integer.valueOf(authoritative) : port));
        return ports;
    }

    @Override
    public void close() {
        servers.forEach(ServerProcess::close);
    }
}
