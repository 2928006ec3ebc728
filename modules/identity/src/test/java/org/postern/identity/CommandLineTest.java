package org.postern.identity;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.identity.Combinations.Combination;
import org.postern.testkit.Pem;
import org.postern.testkit.Programs;
import org.postern.testkit.TestPki;

/// The commands themselves, on some of the combinations of [AgreementTest]: what that one asks of the libraries is
/// what a person sees who types the command.
class CommandLineTest {
    private static final String TIME = Long.toString(TestPki.NOW.getEpochSecond());

    private static final String LENIENT = "name:(common-name|wildcard-suffix|wildcard-partial)";

    @TempDir
    Path directory;

    private static boolean byName(Combination combination) {
        return !combination.host().matches("[0-9a-f:.]+");
    }

    /// One combination for each path and each kind of name.
    private static List<Combination> some() {
        TreeMap<String, Combination> some = new TreeMap<>();
        for (Combination combination : new Combinations(7).make(200)) {
            combination.traits().stream()
                    .filter(trait -> trait.startsWith("path:") || trait.startsWith("name:"))
                    .forEach(trait -> some.putIfAbsent(trait, combination));
        }
        return some.values().stream().distinct().toList();
    }

    @Test
    void opensslVerify() throws Exception {
        Path openssl = Programs.require("openssl");
        int accepted = 0;
        List<Combination> some = some();
        for (Combination combination : some) {
            Path server = pem("server.pem", combination.presented().subList(0, 1));
            Path others = pem(
                    "others.pem",
                    combination.presented().subList(1, combination.presented().size()));
            Path anchors = pem("anchors.pem", combination.anchors().certificates());
            List<String> command = new ArrayList<>(List.of(
                    openssl.toString(),
                    "verify",
                    "-no-CApath",
                    "-no-CAstore",
                    "-partial_chain",
                    "-auth_level",
                    "2",
                    "-purpose",
                    "sslserver",
                    "-attime",
                    TIME,
                    "-CAfile",
                    anchors.toString()));
            if (Files.size(others) > 0) {
                command.addAll(List.of("-untrusted", others.toString()));
            }
            command.addAll(List.of(byName(combination) ? "-verify_hostname" : "-verify_ip", combination.host()));
            command.add(server.toString());
            Answer answer = run(command);
            boolean ours = pkix(combination).authenticated();
            // this command has no switches against common names and parts of labels
            if (combination.traits().stream().noneMatch(trait -> trait.matches(LENIENT))) {
                assertThat(answer.status() == 0)
                        .as("%s: %s", combination.traits(), answer.text())
                        .isEqualTo(ours);
            }
            accepted += ours ? 1 : 0;
        }
        assertThat(accepted).isBetween(5, some.size() - 5);
    }

    @Test
    void opensslClientWithTlsaRecords() throws Exception {
        Path openssl = Programs.require("openssl");
        List<Combination> some = new Combinations(11)
                .make(400).stream()
                        .filter(CommandLineTest::byName)
                        .filter(each -> each.records().size() > 0
                                && each.records().stream()
                                        .allMatch(record -> record.unusable().isEmpty()))
                        .filter(each -> each.traits().stream().noneMatch(trait -> trait.matches(LENIENT)))
                        // keys that this server refuses to serve
                        .filter(each -> each.traits().stream()
                                .noneMatch(trait -> trait.matches("path:(weak-key|sha1|valid-rsa)")))
                        .sorted(Comparator.comparing(each -> each.traits().toString()))
                        .toList();
        TreeMap<String, Combination> chosen = new TreeMap<>();
        for (Combination combination : some) {
            chosen.putIfAbsent(
                    dane(combination).getClass().getSimpleName()
                            + dane(combination).rule(),
                    combination);
        }
        assertThat(chosen.keySet()).hasSizeGreaterThanOrEqualTo(6);
        for (Combination combination : chosen.values()) {
            Path key = directory.resolve("key.pem");
            Files.writeString(key, Pem.of(combination.serverKeys().getPrivate()));
            Path certificate = pem("server.pem", combination.presented().subList(0, 1));
            Path chain = pem("chain.pem", combination.presented());
            Path anchors = pem("anchors.pem", combination.anchors().certificates());
            Process server = new ProcessBuilder(
                            openssl.toString(),
                            "s_server",
                            "-accept",
                            "127.0.0.1:0",
                            "-cert",
                            certificate.toString(),
                            "-key",
                            key.toString(),
                            "-cert_chain",
                            chain.toString(),
                            "-naccept",
                            "1",
                            "-no_dhe")
                    .redirectErrorStream(true)
                    .start();
            try (BufferedReader said = new BufferedReader(new InputStreamReader(server.getInputStream(), UTF_8))) {
                String accepting = said.lines()
                        .filter(line -> line.startsWith("ACCEPT "))
                        .findFirst()
                        .orElseThrow();
                List<String> command = new ArrayList<>(List.of(
                        openssl.toString(),
                        "s_client",
                        "-connect",
                        accepting.substring("ACCEPT ".length()),
                        "-brief",
                        "-no-CApath",
                        "-no-CAstore",
                        "-CAfile",
                        anchors.toString(),
                        "-partial_chain",
                        "-attime",
                        TIME,
                        "-verify_return_error",
                        "-dane_ee_no_namechecks",
                        "-dane_tlsa_domain",
                        combination.host()));
                for (TlsaRecord record : combination.records()) {
                    command.add("-dane_tlsa_rrdata");
                    command.add(record.usage() + " " + record.selector() + " " + record.matchingType() + " "
                            + HexFormat.of().formatHex(record.data()));
                }
                Answer answer = run(command);
                assertThat(answer.text().contains("Verification: OK"))
                        .as("%s %s: %s", combination.traits(), combination.records(), answer.text())
                        .isEqualTo(dane(combination).authenticated());
            } finally {
                server.destroy();
                server.waitFor();
            }
        }
    }

    private static PkixResult pkix(Combination combination) {
        return ServerAuthentication.pkix(
                combination.presented(),
                ReferenceIdentifiers.forHost(combination.host()),
                PathPolicy.at(TestPki.NOW, combination.anchors()));
    }

    private static DaneResult dane(Combination combination) {
        return ServerAuthentication.dane(
                combination.presented(),
                combination.records(),
                ReferenceIdentifiers.forHost(combination.host()),
                PathPolicy.at(TestPki.NOW, combination.anchors()));
    }

    private record Answer(int status, String text) {}

    private Answer run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .redirectErrorStream(true)
                .start();
        String text = new String(process.getInputStream().readAllBytes(), UTF_8);
        return new Answer(process.waitFor(), text);
    }

    private Path pem(String name, List<X509Certificate> certificates) throws IOException {
        return Files.writeString(directory.resolve(name), Pem.of(certificates));
    }
}
