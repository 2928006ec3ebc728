package org.postern.identity;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.identity.Combinations.Combination;
import org.postern.testkit.Programs;
import org.postern.testkit.Requirement;
import org.postern.testkit.TestPki;

/// Postern, OpenSSL and GnuTLS judge the same certificates, names and TLSA records. Where they differ, a line of
/// `differences.tsv` says by which section of which RFC; a line that explains nothing is an error too.
class AgreementTest {
    private static final long SEED = 20260601;

    @TempDir
    Path directory;

    /// @param theirs how their answer begins
    private record Difference(String question, String trait, String ours, String theirs, String section, String why) {
        boolean explains(String asked, Set<String> traits, String our, String their) {
            return question.equals(asked)
                    && (trait.equals("-") || traits.contains(trait))
                    && our.matches(ours)
                    && their.matches(theirs);
        }
    }

    private static List<Difference> differences() throws IOException {
        try (InputStream stream = AgreementTest.class.getResourceAsStream("differences.tsv")) {
            return new String(stream.readAllBytes(), UTF_8)
                    .lines()
                    .filter(line -> !line.isBlank() && !line.startsWith("#"))
                    .map(line -> line.split("\t", -1))
                    .map(field -> new Difference(field[0], field[1], field[2], field[3], field[4], field[5]))
                    .toList();
        }
    }

    @Test
    @Requirement({"R7817-7", "R9525-2", "DANE-5", "DANE-6", "DANE-7", "DANE-19"})
    void sixHundredCombinations() throws Exception {
        agree(600, SEED);
    }

    @Test
    @Tag("long")
    void fiveThousandCombinations() throws Exception {
        agree(5_000, SEED + 1);
    }

    private void agree(int count, long seed) throws Exception {
        List<Combination> combinations = new Combinations(seed).make(count);
        List<String[]> answers = ask(combinations);
        List<Difference> differences = differences();
        Set<Difference> used = new HashSet<>();
        List<String> unexplained = new ArrayList<>();
        TreeMap<String, Integer> outcomes = new TreeMap<>();
        for (int index = 0; index < count; index++) {
            Combination combination = combinations.get(index);
            PathPolicy policy = PathPolicy.at(TestPki.NOW, combination.anchors());
            ReferenceIdentifiers references = ReferenceIdentifiers.forHost(combination.host());
            PkixResult pkix = ServerAuthentication.pkix(combination.presented(), references, policy);
            DaneResult dane =
                    ServerAuthentication.dane(combination.presented(), combination.records(), references, policy);
            String ourPkix =
                    (pkix.authenticated() ? "yes:" : "no:") + pkix.rule().name();
            String ourDane = switch (dane) {
                case DaneResult.Authenticated yes -> "yes:" + yes.rule().name();
                case DaneResult.Refused no -> "no:" + no.rule().name();
                case DaneResult.NothingUsable _ -> "none";
            };
            outcomes.merge("pkix " + ourPkix, 1, Integer::sum);
            outcomes.merge("dane " + ourDane, 1, Integer::sum);
            String[] questions = {"openssl-pkix", "openssl-dane", "gnutls-pkix", "gnutls-dane"};
            for (int question = 0; question < questions.length; question++) {
                String ours = question % 2 == 0 ? ourPkix : ourDane;
                String theirs = answers.get(index)[question];
                if (ours.split(":", 2)[0].equals(theirs.split(":", 2)[0])) {
                    continue;
                }
                String asked = questions[question];
                List<Difference> explaining = differences.stream()
                        .filter(each -> each.explains(asked, combination.traits(), ours, theirs))
                        .toList();
                used.addAll(explaining);
                if (explaining.isEmpty()) {
                    unexplained.add(asked + " ours " + ours + ", theirs " + theirs + " " + combination.host() + " "
                            + combination.traits() + " " + combination.records());
                }
            }
        }
        assertThat(unexplained)
                .as("%d unexplained differences", unexplained.size())
                .isEmpty();
        if (count >= 5_000) { // the rare ones do not come up in every set
            assertThat(differences).as("lines that explain nothing").allMatch(used::contains);
        }
        assertThat(outcomes.keySet())
                .as("the set reaches what there is to decide")
                .contains(
                        "pkix yes:DNS_ID_EQUAL",
                        "pkix yes:DNS_ID_WILDCARD",
                        "pkix yes:IP_ID_EQUAL",
                        "pkix no:EXPIRED",
                        "pkix no:NAME_CONSTRAINT",
                        "dane yes:DANE_EE",
                        "dane yes:DANE_TA",
                        "dane yes:PKIX_EE",
                        "dane yes:PKIX_TA",
                        "dane no:TLSA_NAME",
                        "dane no:TLSA_PATH_INVALID",
                        "dane no:TLSA_PKIX",
                        "dane none");
    }

    private List<String[]> ask(List<Combination> combinations) throws Exception {
        Path python = Programs.require("python3");
        Programs.require("openssl");
        Programs.require("gnutls-cli"); // comes with libgnutls and libgnutls-dane
        Path script = directory.resolve("verifiers.py");
        try (InputStream stream = AgreementTest.class.getResourceAsStream("verifiers.py")) {
            Files.copy(stream, script);
        }
        Path questions = directory.resolve("questions");
        try (Writer writer = Files.newBufferedWriter(questions)) {
            for (Combination combination : combinations) {
                writer.write(String.join(
                                "\t",
                                Long.toString(TestPki.NOW.getEpochSecond()),
                                combination.host(),
                                base64(combination.presented()),
                                base64(combination.anchors().certificates()),
                                combination.records().stream()
                                        .map(record -> record.usage() + ":" + record.selector() + ":"
                                                + record.matchingType() + ":"
                                                + HexFormat.of().formatHex(record.data()))
                                        .collect(Collectors.joining(",")))
                        + "\n");
            }
        }
        Path complaints = directory.resolve("complaints");
        Process process = new ProcessBuilder(python.toString(), "-X", "faulthandler", script.toString())
                .redirectInput(questions.toFile())
                .redirectError(complaints.toFile())
                .start();
        List<String[]> answers = new ArrayList<>();
        try (BufferedReader reader = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8))) {
            reader.lines().forEach(line -> answers.add(line.split("\t", -1)));
        }
        assertThat(process.waitFor()).as(Files.readString(complaints)).isZero();
        assertThat(answers).hasSameSizeAs(combinations);
        return answers;
    }

    static String base64(List<X509Certificate> certificates) throws CertificateEncodingException {
        List<String> encoded = new ArrayList<>();
        for (X509Certificate certificate : certificates) {
            encoded.add(Base64.getEncoder().encodeToString(certificate.getEncoded()));
        }
        return String.join(",", encoded);
    }
}
