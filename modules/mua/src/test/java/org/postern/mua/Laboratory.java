package org.postern.mua;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.CRLReason;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.cert.X509v2CRLBuilder;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.postern.identity.PathPolicy;
import org.postern.identity.TlsaRecord;
import org.postern.identity.TrustAnchors;
import org.postern.resolver.Resolver;
import org.postern.resolver.ResolverSettings;
import org.postern.resolver.TrustAnchorFile;
import org.postern.resolver.Upstream;
import org.postern.testkit.ChangingZones;
import org.postern.testkit.FaultServer;
import org.postern.testkit.FreePorts;
import org.postern.testkit.Pem;
import org.postern.testkit.Programs;
import org.postern.testkit.TestPki;

/// Servers, certificates and zones of the scenarios. All scenarios are set up at once, so that the zones are signed
/// once.
final class Laboratory implements AutoCloseable {
    /// A certificate as a server presents it.
    record Presented(KeyPair keys, List<X509Certificate> chain) {
        X509Certificate leaf() {
            return chain.getFirst();
        }
    }

    private final Path directory;
    private final ChangingZones zones;
    private final TestPki.Issued root = TestPki.authority("Public Root").selfSigned();
    private final TestPki.Issued intermediate =
            TestPki.authority("Public Intermediate").by(root);
    private final TestPki.Issued rogue = TestPki.authority("Unknown Root").selfSigned();
    private final KeyPair rsa = TestPki.rsa(2048);
    private final Map<String, Presented> issued = new HashMap<>();
    private final Map<String, FaultServer> servers = new HashMap<>(); // by host
    private final Map<String, Integer> ports = new HashMap<>(); // by host
    private final List<Process> processes = new ArrayList<>();
    private final Set<String> changed = new HashSet<>(); // scenarios whose zone is not as they begin
    private final List<X509Certificate> revoked = new ArrayList<>();

    Laboratory(Path directory, List<Scenario> scenarios) throws Exception {
        this.directory = directory;
        zones = new ChangingZones(Files.createDirectory(directory.resolve("zones")));
        Map<String, StringBuilder> records = new LinkedHashMap<>();
        for (Scenario scenario : scenarios) {
            for (Map.Entry<String, Scenario.Box> box : scenario.servers().entrySet()) {
                open(scenario, box.getKey(), box.getValue());
            }
            for (Map.Entry<String, Scenario.Box> box : scenario.servers().entrySet()) {
                FaultServer server = servers.get(scenario.host(box.getKey()));
                if (server != null) {
                    server.behave(filled(scenario, box.getValue().behaviour())); // all ports are known now
                }
            }
            for (String line : recordsOf(scenario, scenario.srv(), Map.of())) {
                records.computeIfAbsent(zoneOf(line), _ -> new StringBuilder())
                        .append(line)
                        .append('\n');
            }
            for (String name : orNone(scenario.failing())) {
                zones.fail(fill(scenario, name));
            }
            for (String name : orNone(scenario.silent())) {
                zones.silence(fill(scenario, name));
            }
        }
        records.forEach((zone, text) -> zones.put(zone, stateOf(zone), text.toString()));
        zones.start();
    }

    private static ChangingZones.State stateOf(String zone) {
        return switch (zone) {
            case "insecure" -> ChangingZones.State.INSECURE;
            case "expired" -> ChangingZones.State.EXPIRED;
            case "changed" -> ChangingZones.State.CHANGED;
            default -> ChangingZones.State.SECURE;
        };
    }

    static List<String> orNone(List<String> list) {
        return list == null ? List.of() : list;
    }

    String fill(Scenario scenario, String text) {
        String filled = text.replace("{domain}", scenario.domain());
        for (String server : scenario.servers().keySet()) {
            String host = scenario.host(server);
            filled = filled.replace("{" + server + "}", host)
                    .replace("{port:" + server + "}", String.valueOf(ports.getOrDefault(host, 0)));
        }
        return filled;
    }

    private void open(Scenario scenario, String name, Scenario.Box box) throws Exception {
        String host = scenario.host(name);
        if (box.dead()) {
            ports.put(host, FreePorts.next());
            return;
        }
        Presented presented = issue(scenario, name, box.certificate() == null ? "good" : box.certificate());
        if (box.gnutls() != null) {
            ports.put(host, gnutls(host, box.gnutls(), presented));
            return;
        }
        FaultServer server = new FaultServer(
                switch (box.service().protocol()) {
                    case IMAP -> FaultServer.Dialect.IMAP;
                    case POP3 -> FaultServer.Dialect.POP3;
                    case SUBMISSION -> FaultServer.Dialect.SMTP;
                },
                box.behaviour(),
                presented.keys().getPrivate(),
                presented.chain());
        servers.put(host, server);
        ports.put(host, server.port());
    }

    private FaultServer.Behaviour filled(Scenario scenario, FaultServer.Behaviour behaviour) {
        String greeting = behaviour.greeting();
        String noise = behaviour.noise();
        return new FaultServer.Behaviour(
                behaviour.implicitTls(),
                greeting == null ? null : fill(scenario, greeting),
                behaviour.capabilities(),
                behaviour.inside(),
                behaviour.answer(),
                behaviour.injected(),
                behaviour.afterStartTls(),
                behaviour.clearOnTlsPort(),
                behaviour.closeAtOnce(),
                noise == null ? null : fill(scenario, noise),
                behaviour.versions(),
                behaviour.suites(),
                behaviour.applicationProtocol(),
                behaviour.renegotiate(),
                behaviour.cutAfterLogin());
    }

    private int gnutls(String host, String priorities, Presented presented) throws Exception {
        Path pem = directory.resolve(host + ".pem");
        Files.writeString(pem, Pem.of(presented.chain()));
        Path key = Files.writeString(
                directory.resolve(host + ".key"), Pem.of(presented.keys().getPrivate()));
        int port = FreePorts.next();
        Process process = new ProcessBuilder(
                        Programs.require("gnutls-serv").toString(),
                        "--echo",
                        "--port",
                        String.valueOf(port),
                        "--x509certfile",
                        pem.toString(),
                        "--x509keyfile",
                        key.toString(),
                        "--priority",
                        priorities)
                .redirectErrorStream(true)
                .start();
        processes.add(process);
        BufferedReader output =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        StringBuilder said = new StringBuilder();
        for (String line = output.readLine(); ; line = output.readLine()) {
            if (line == null) {
                throw new IllegalStateException("gnutls-serv ended: " + said);
            }
            said.append(line).append('\n');
            if (line.contains("listening") || line.contains("...done")) {
                break;
            }
        }
        // not virtual: a read from a pipe keeps its carrier, and there are as few as processors
        Thread.ofPlatform().daemon().start(() -> {
            try {
                output.transferTo(java.io.Writer.nullWriter());
            } catch (IOException e) {
                return; // it has ended
            }
        });
        return port;
    }

    /// `kind` or `kind: names`; a name is `dns=…`, `srv=…`, `uri=…` or `ip=…`.
    Presented issue(Scenario scenario, String server, String text) {
        return issued.computeIfAbsent(scenario.id() + " " + server + " " + text, _ -> make(scenario, server, text));
    }

    private Presented make(Scenario scenario, String server, String text) {
        String kind = text.split(": ", 2)[0].split("#", 2)[0]; // what follows # tells two of a kind apart
        GeneralName[] names = {TestPki.dns(scenario.host(server))};
        if (text.contains(": ")) {
            String[] words = fill(scenario, text.split(": ", 2)[1]).split(" ", -1);
            names = new GeneralName[words.length];
            for (int index = 0; index < words.length; index++) {
                String value = words[index].substring(words[index].indexOf('=') + 1);
                names[index] = switch (words[index].substring(0, words[index].indexOf('='))) {
                    case "dns" -> TestPki.dns(value.replace("\\0", "\0"));
                    case "srv" -> TestPki.srv(value);
                    case "uri" -> new GeneralName(GeneralName.uniformResourceIdentifier, value);
                    case "ip" -> new GeneralName(GeneralName.iPAddress, value);
                    default -> throw new IllegalArgumentException(words[index]);
                };
            }
        }
        TestPki.Request request = TestPki.server(scenario.host(server), names);
        return switch (kind) {
            case "good" -> chain(request.by(intermediate), intermediate);
            case "expired" ->
                chain(request.valid(Duration.ofDays(-9), Duration.ofDays(-1)).by(intermediate), intermediate);
            case "not-yet-valid" ->
                chain(request.valid(Duration.ofDays(1), Duration.ofDays(9)).by(intermediate), intermediate);
            case "self-signed" -> chain(request.selfSigned());
            case "untrusted" -> chain(request.by(rogue));
            case "incomplete" -> chain(request.by(intermediate));
            case "client-only" ->
                chain(
                        request.extension(
                                        Extension.extendedKeyUsage,
                                        false,
                                        new ExtendedKeyUsage(KeyPurposeId.id_kp_clientAuth))
                                .by(intermediate),
                        intermediate);
            case "below-no-authority" -> {
                TestPki.Issued no = TestPki.authority("No Authority")
                        .extension(Extension.basicConstraints, true, new BasicConstraints(false))
                        .by(root);
                yield chain(request.by(no), no);
            }
            case "constrained" -> {
                TestPki.Issued narrow = TestPki.authority("Narrow")
                        .extension(Extension.nameConstraints, true, TestPki.permitted(TestPki.dns("other.example")))
                        .by(root);
                yield chain(request.by(narrow), narrow);
            }
            case "revoked" -> {
                Presented made = chain(request.by(intermediate), intermediate);
                revoked.add(made.leaf());
                yield made;
            }
            case "weak-key" -> chain(request.keys(TestPki.rsa(1024)).by(intermediate), intermediate);
            case "sha1" -> chain(request.digest("SHA1").by(intermediate), intermediate);
            case "rsa" -> chain(request.keys(rsa).by(intermediate), intermediate);
            case "cn-only" ->
                chain(request.without(Extension.subjectAlternativeName).by(intermediate), intermediate);
            case "private" -> {
                TestPki.Issued own = TestPki.authority("Private Root").selfSigned();
                yield chain(request.by(own), own);
            }
            default -> throw new IllegalArgumentException("no such certificate: " + text);
        };
    }

    private static Presented chain(TestPki.Issued leaf, TestPki.Issued... above) {
        List<X509Certificate> chain = new ArrayList<>(List.of(leaf.certificate()));
        for (TestPki.Issued each : above) {
            chain.add(each.certificate());
        }
        return new Presented(leaf.keys(), chain);
    }

    /// The scenario's records, each with its whole name.
    private List<String> recordsOf(Scenario scenario, List<String> srv, Map<String, List<String>> tlsa) {
        List<String> lines = new ArrayList<>();
        scenario.servers().forEach((name, box) -> {
            String host = scenario.host(name);
            lines.add(host + ". A 127.0.0.1");
            for (String record : tlsa.getOrDefault(name, orNone(box.tlsa()))) {
                lines.add("_" + ports.get(host) + "._tcp." + host + ". TLSA " + tlsa(scenario, name, box, record));
            }
        });
        for (String record : orNone(srv)) {
            String[] words = record.split(" ", -1);
            String owner = "_" + words[0] + "._tcp." + scenario.domain() + ". SRV ";
            String host = words[1].equals(".") ? "" : scenario.host(words[3]);
            lines.add(owner
                    + (host.isEmpty()
                            ? "0 0 0 ."
                            : words[1] + " " + words[2] + " " + ports.get(host) + " " + host + "."));
        }
        for (String record : orNone(scenario.records())) {
            lines.add(fill(scenario, record));
        }
        return lines;
    }

    /// The last label of the name that a line begins with.
    private static String zoneOf(String line) {
        String owner = line.substring(0, line.indexOf(". "));
        return owner.substring(owner.lastIndexOf('.') + 1);
    }

    /// `3 1 1 leaf`, `2 0 1 top`, `3 1 1 of good#next`, or raw hexadecimal.
    private String tlsa(Scenario scenario, String server, Scenario.Box box, String text) {
        String[] words = text.split(" ", 4);
        Presented presented = issue(scenario, server, box.certificate() == null ? "good" : box.certificate());
        X509Certificate certificate = switch (words[3].split(" ", 2)[0]) {
            case "leaf" -> presented.leaf();
            case "top" -> presented.chain().getLast();
            case "root" -> root.certificate();
            case "of" -> issue(scenario, server, words[3].split(" ", 2)[1]).leaf();
            default -> null;
        };
        if (certificate == null) {
            return text;
        }
        byte[] data = TlsaRecord.of(
                        Integer.parseInt(words[0]), Integer.parseInt(words[1]), Integer.parseInt(words[2]), certificate)
                .data();
        return words[0] + " " + words[1] + " " + words[2] + " " + HexFormat.of().formatHex(data);
    }

    /// As the scenario begins: what a run before has changed is put back.
    void reset(Scenario scenario) throws Exception {
        scenario.servers().forEach((name, box) -> {
            FaultServer server = servers.get(scenario.host(name));
            if (server != null) {
                Presented presented = issue(scenario, name, box.certificate() == null ? "good" : box.certificate());
                server.present(presented.keys().getPrivate(), presented.chain());
                server.forget();
            }
        });
        if (changed.remove(scenario.id())) {
            change(scenario, ChangingZones.State.SECURE, scenario.srv(), Map.of());
            changed.remove(scenario.id());
        }
    }

    void change(Scenario scenario, ChangingZones.State state, List<String> srv, Map<String, List<String>> tlsa)
            throws Exception {
        List<String> lines = recordsOf(scenario, srv, tlsa).stream()
                .filter(line -> zoneOf(line).equals(scenario.zoneName()))
                .toList();
        zones.put(scenario.zoneName(), state, String.join("\n", lines) + "\n");
        zones.change(scenario.zoneName());
        changed.add(scenario.id());
    }

    /// Lets one server present what another one does.
    void presentSame(Scenario scenario, String server, String as) {
        Presented presented = issue(
                scenario,
                as,
                java.util.Objects.requireNonNull(scenario.servers().get(as).certificate()));
        serverOf(scenario, server).present(presented.keys().getPrivate(), presented.chain());
    }

    void present(Scenario scenario, String server, String certificate) {
        Presented presented = issue(scenario, server, certificate);
        serverOf(scenario, server).present(presented.keys().getPrivate(), presented.chain());
    }

    FaultServer serverOf(Scenario scenario, String server) {
        return servers.get(scenario.host(server));
    }

    int port(Scenario scenario, String server) {
        return ports.get(scenario.host(server));
    }

    /// One that has not asked anything yet.
    ///
    /// @param impatient for a name that is never answered; otherwise a slow machine would decide
    Resolver resolver(boolean impatient) throws IOException {
        return new Resolver(ResolverSettings.of(List.of(new Upstream(
                        zones.address().getAddress(), zones.address().getPort())))
                .withAnchors(TrustAnchorFile.of(zones.anchor()))
                .withDeadline(Duration.ofSeconds(impatient ? 3 : 60)));
    }

    MailClientSettings settings(Policy policy) throws Exception {
        X509v2CRLBuilder list = new X509v2CRLBuilder(
                X500Name.getInstance(
                        intermediate.certificate().getSubjectX500Principal().getEncoded()),
                java.util.Date.from(TestPki.NOW.minus(Duration.ofDays(1))));
        list.setNextUpdate(java.util.Date.from(TestPki.NOW.plus(Duration.ofDays(1))));
        for (X509Certificate certificate : revoked) {
            list.addCRLEntry(
                    new BigInteger(certificate.getSerialNumber().toByteArray()),
                    java.util.Date.from(TestPki.NOW.minus(Duration.ofHours(30))),
                    CRLReason.keyCompromise);
        }
        byte[] crl = list.build(new JcaContentSignerBuilder("SHA256withECDSA")
                        .build(intermediate.keys().getPrivate()))
                .getEncoded();
        return new MailClientSettings(
                policy,
                TrustAnchors.of(root.certificate()),
                PathPolicy.Revocation.WHERE_PRESENTED,
                List.of(crl),
                Duration.ofSeconds(60),
                Clock.fixed(TestPki.NOW, ZoneOffset.UTC));
    }

    @Override
    public void close() throws IOException {
        for (FaultServer server : servers.values()) {
            server.close();
        }
        for (Process process : processes) {
            process.destroy();
            process.onExit().join();
        }
        zones.close();
    }
}
