package org.postern.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.postern.server.Configuration.Service;
import org.postern.server.ProgramRunner.Result;
import org.postern.session.ListenerSettings.Security;
import org.postern.testkit.Programs;
import org.postern.testkit.Requirement;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import tools.jackson.databind.JsonNode;

/// Independent scanners against the whole server. What they object to is written down with a reason
/// ([AcceptedFindings]), or there is nothing.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Requirement({"R8314-24", "R8314-25", "R8997-1", "TLS-1", "TLS-2", "TLS-3", "TLS-8"})
class TlsScannersTest {
    /// Whatever else testssl.sh looks at, it has seen these, and they are well: else it scanned nothing.
    private static final Set<String> WELL = Set.of(
            "TLS1_2",
            "TLS1_3",
            "cipherlist_STRONG",
            "PFS",
            "cipher_order",
            "protocol_negotiated",
            "cert_trust",
            "cert_chain_of_trust",
            "secure_renego",
            "secure_client_renego",
            "CRIME_TLS",
            "BEAST",
            "ROBOT",
            "heartbleed");

    private ServerFixture fixture;
    private AcceptedFindings accepted;
    private Path directory;
    private ProgramRunner programs;

    static Stream<Service> clientServices() {
        return Stream.of(Service.values()).filter(Service::forClients);
    }

    @BeforeAll
    void start(@TempDir Path ofClass) throws IOException {
        fixture = new ServerFixture(ofClass);
        accepted = new AcceptedFindings();
    }

    @AfterAll
    void stop() {
        fixture.close();
    }

    @BeforeEach
    void makeRoom(@TempDir Path ofTest) {
        directory = ofTest;
        programs = new ProgramRunner(directory);
    }

    // ---- testssl.sh

    @Test
    void testsslOnAnImplicitAndAStartTlsPort() throws Exception {
        // protocols, categories of suites, forward secrecy, the server's choices, its certificate, vulnerabilities
        testssl(List.of(Service.IMAPS, Service.SUBMISSION), "-p", "-s", "-f", "-P", "-S", "-U");
    }

    @Test
    @Tag("long")
    void testsslWithAllItsChecksOnAllPorts() throws Exception {
        for (Service service : clientServices().toList()) {
            testssl(List.of(service), "--full");
        }
    }

    /// At the same time: it waits more than it works.
    private void testssl(List<Service> services, String... checks) throws Exception {
        Programs.require("testssl");
        Map<Service, Process> running = new EnumMap<>(Service.class);
        for (Service service : services) {
            List<String> command = new ArrayList<>(List.of(
                    "testssl",
                    "--quiet",
                    "--color=0",
                    "--warnings=batch",
                    "--nodns=none",
                    "--ip=127.0.0.1",
                    "--add-ca=" + fixture.authority,
                    "--jsonfile=" + directory.resolve(service + ".json")));
            command.addAll(Arrays.asList(checks));
            startTls(service).ifPresent(protocol -> command.addAll(List.of("--starttls", protocol)));
            command.add("localhost:" + fixture.port(service));
            Process process = new ProgramRunner(directory, Duration.ofMinutes(20)).start(Map.of(), command);
            process.getOutputStream().close();
            running.put(service, process);
        }
        for (Map.Entry<Service, Process> each : running.entrySet()) {
            String output = new String(each.getValue().getInputStream().readAllBytes(), UTF_8);
            assertThat(each.getValue().waitFor(10, TimeUnit.SECONDS)).isTrue();
            Path json = directory.resolve(each.getKey() + ".json");
            assertThat(json).as(output).exists();
            accepted.check("testssl", each.getKey(), objections(Json.MAPPER.readTree(Files.readString(json))));
        }
    }

    private static Set<String> objections(JsonNode answers) {
        Set<String> objections = new TreeSet<>();
        Set<String> missing = new TreeSet<>(WELL);
        for (JsonNode answer : answers) {
            String id = answer.get("id").asString();
            String severity = answer.get("severity").asString();
            switch (severity) {
                case "OK" -> missing.remove(id);
                case "INFO" -> {}
                default ->
                    objections.add(
                            id + " " + severity + ": " + answer.get("finding").asString());
            }
        }
        assertThat(missing).as("not found well: %s", answers).isEmpty();
        return objections;
    }

    private static Optional<String> startTls(Service service) {
        return service.security == Security.IMPLICIT_TLS
                ? Optional.empty()
                : Optional.of(
                        switch (service.kind) {
                            case IMAP -> "imap";
                            case POP3 -> "pop3";
                            case SUBMISSION -> "smtp";
                            case LMTP -> "lmtp";
                        });
    }

    // ---- sslscan

    @ParameterizedTest
    @MethodSource("clientServices")
    void sslscan(Service service) throws Exception {
        Programs.require("sslscan");
        Path xml = directory.resolve("sslscan.xml");
        List<String> command = new ArrayList<>(List.of("sslscan", "--no-colour", "--xml=" + xml));
        startTls(service).ifPresent(protocol -> command.add("--starttls-" + protocol));
        command.add("localhost:" + fixture.port(service));
        Result result = programs.run("", command.toArray(String[]::new));
        assertThat(result.code()).as(result.output()).isZero();
        Element scan = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(Files.readAllBytes(xml)))
                .getDocumentElement();

        Set<String> seen = new TreeSet<>();
        for (Element protocol : elements(scan, "protocol")) {
            if (protocol.getAttribute("enabled").equals("1")) {
                seen.add("offers " + protocol.getAttribute("type") + " " + protocol.getAttribute("version"));
            }
        }
        for (Element cipher : elements(scan, "cipher")) {
            seen.add("offers " + cipher.getAttribute("sslversion") + " " + cipher.getAttribute("cipher"));
        }
        for (Element group : elements(scan, "group")) {
            seen.add("offers group " + group.getAttribute("name"));
        }
        for (Element renegotiation : elements(scan, "renegotiation")) {
            if (renegotiation.getAttribute("supported").equals("1")) {
                seen.add("renegotiates");
            }
        }
        for (String bad : List.of("heartbleed", "compression")) {
            for (Element element : elements(scan, bad)) {
                if (element.getAttribute("vulnerable").equals("1")
                        || element.getAttribute("supported").equals("1")) {
                    seen.add(bad);
                }
            }
        }
        assertThat(elements(scan, "expired"))
                .allMatch(element -> element.getTextContent().equals("false"));
        // the policy itself, seen from outside: for a server with an ECDSA certificate
        assertThat(String.join("\n", seen))
                .isEqualTo(String.join("\n", new TreeSet<>(AcceptedFindings.lines("/scanners/sslscan-ecdsa.txt"))));
    }

    private static List<Element> elements(Element parent, String name) {
        NodeList nodes = parent.getElementsByTagName(name);
        List<Element> elements = new ArrayList<>();
        for (int index = 0; index < nodes.getLength(); index++) {
            elements.add((Element) nodes.item(index));
        }
        return elements;
    }

    // ---- GnuTLS

    /// Each question of gnutls-cli-debug has the one answer that is written down.
    @ParameterizedTest
    @MethodSource("clientServices")
    void gnutlsAsksAndHears(Service service) throws Exception {
        Programs.require("gnutls-cli-debug");
        List<String> command = new ArrayList<>(List.of("gnutls-cli-debug", "--port=" + fixture.port(service)));
        startTls(service).ifPresent(protocol -> command.add("--starttls-proto=" + protocol));
        command.add("localhost");
        Map<String, String> answers = new LinkedHashMap<>();
        Result result = programs.run("", command.toArray(String[]::new));
        result.output()
                .lines()
                .map(String::strip)
                .filter(line -> line.contains("... "))
                .forEach(line ->
                        answers.put(line.substring(0, line.indexOf("... ")), line.substring(line.indexOf("... ") + 4)));
        Map<String, String> expected = new LinkedHashMap<>();
        for (String line : AcceptedFindings.lines("/scanners/gnutls-cli-debug.txt")) {
            expected.put(line.substring(0, line.indexOf("... ")), line.substring(line.indexOf("... ") + 4));
        }
        assertThat(answers).as(result.output()).containsExactlyInAnyOrderEntriesOf(expected);
    }

    /// With the certificate verified, on the version that was asked for, and on no other.
    @ParameterizedTest
    @MethodSource("clientServices")
    void gnutlsConnects(Service service) throws Exception {
        Programs.require("gnutls-cli");
        for (String version : List.of("VERS-TLS1.3", "VERS-TLS1.2")) {
            Result result = gnutls(service, "NORMAL:-VERS-ALL:+" + version);
            assertThat(result.output())
                    .contains("Handshake was completed", "(" + version.substring(5) + "-X.509)")
                    .contains("The certificate is trusted.");
        }
        Result refused = gnutls(service, "NORMAL:-VERS-ALL:+VERS-TLS1.1:+VERS-TLS1.0");
        assertThat(refused.output())
                .contains("Error in protocol version") // the alert
                .doesNotContain("Handshake was completed");
        assertThat(refused.code()).isNotZero();
    }

    private Result gnutls(Service service, String priority) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                "gnutls-cli",
                "--x509cafile=" + fixture.authority,
                "--priority=" + priority,
                "--port=" + fixture.port(service)));
        startTls(service).ifPresent(protocol -> command.add("--starttls-proto=" + protocol));
        command.add("localhost");
        return programs.run("", command.toArray(String[]::new));
    }
}
