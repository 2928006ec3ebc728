package org.postern.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.server.Configuration.Service;
import org.postern.testkit.Programs;
import org.postern.testkit.Requirement;
import tools.jackson.databind.JsonNode;

/// `postern certificate …`, with openssl as the authority and as the client.
class CertificateCommandTest {
    @TempDir
    Path directory;

    private ConfiguredServer server;
    private ProgramRunner programs;

    @BeforeEach
    void start() throws IOException {
        Programs.require("openssl");
        programs = new ProgramRunner(directory);
        server = new ConfiguredServer(directory, "");
        server.done("domain", "add", "bücher.test");
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private String openssl(String input, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("openssl"));
        command.addAll(List.of(arguments));
        return programs.run(input, Map.of(), command).output();
    }

    @Test
    @Requirement({"R7817-8", "R7817-9", "R7817-10"})
    void aRequestNamesHostsDomainsAndServices() throws Exception {
        String text = openssl(server.done("certificate", "csr"), "req", "-text", "-verify", "-noout");
        assertThat(text)
                .contains(
                        "self-signature verify OK",
                        "Subject: CN = mail.example.test",
                        "DNS:mail.example.test, DNS:example.test, DNS:xn--bcher-kva.test",
                        "ASN1 OID: prime256v1",
                        "TLS Web Server Authentication",
                        "Digital Signature");
        assertThat(text).contains("othername"); // openssl does not know SRV-IDs by name: look at the octets
        JsonNode json = server.run("certificate", "csr", "--json").json();
        List<String> services = new ArrayList<>();
        json.get("services").forEach(service -> services.add(service.stringValue()));
        List<String> expected = new ArrayList<>();
        for (String domain : List.of("example.test", "xn--bcher-kva.test")) {
            for (String service : List.of("imaps", "imap", "pop3s", "pop3", "submissions", "submission")) {
                expected.add("_" + service + "." + domain);
            }
        }
        assertThat(services).containsExactlyElementsOf(expected);
        String request = json.get("pem").stringValue();
        String octets = openssl(request, "req", "-outform", "DER");
        expected.forEach(service -> assertThat(octets).contains(service));
        assertThat(octets).doesNotContain("_tcp", "_smtps");

        String other = openssl(
                server.done("certificate", "csr", "--key-type", "rsa", "--host", "*.example.test", "--no-domains"),
                "req",
                "-text",
                "-noout");
        assertThat(other)
                .contains("Subject: CN = *.example.test", "Public-Key: (2048 bit)", "DNS:*.example.test\n")
                .doesNotContain("othername", "mail.example.test");
        assertThat(server.run("certificate", "csr", "--host", "no name").err())
                .isEqualTo("postern: 'no name' is no host name in its ASCII form\n");
        assertThat(server.run("certificate", "csr", "--domain", "other.test").err())
                .contains("there is no domain other.test here");
        assertThat(server.run("certificate", "csr", "--key-type", "dsa").code()).isEqualTo(1);
    }

    @Test
    @Requirement({"SEED-41", "R8314-42"})
    void whatAnAuthorityAnswersIsInstalled() throws Exception {
        Path request = Files.writeString(directory.resolve("request.pem"), server.done("certificate", "csr"));
        Path chain = signed(request);
        String installed = server.done("certificate", "install", chain.toString());
        assertThat(installed)
                .contains("installed as mail.example.test-ec.pem", "issuer      CN=Test authority")
                .containsPattern("srv-id +ok +example.test");
        assertThat(shown()).contains("Issuer: CN = Test authority");

        // the same key in the next certificate needs no request
        assertThat(server.done("certificate", "install", signed(request).toString()))
                .contains("mail.example.test-ec.pem");
        // a key of our own
        openssl(
                "",
                "req",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-keyout",
                "own-key.pem",
                "-subj",
                "/CN=own",
                "-out",
                "own.csr");
        Files.writeString(directory.resolve("extensions"), "subjectAltName=DNS:own.test\n");
        Path own = signed(directory.resolve("own.csr"), "-extfile", "extensions");
        assertThat(server.run("certificate", "install", own.toString()).err())
                .contains("no request was made here for the key of this certificate");
        assertThat(server.run(
                                "certificate",
                                "install",
                                own.toString(),
                                "--key",
                                directory.resolve("authority-key.pem").toString())
                        .err())
                .isEqualTo("postern: the key is not the key of the first certificate in the chain (CN=own):"
                        + " the server's own certificate comes first\n");
        String key = directory.resolve("own-key.pem").toString();
        assertThat(server.done("certificate", "install", own.toString(), "--key", key))
                .contains("own.test-rsa.pem");
        assertThat(shown("-servername", "own.test")).contains("Subject: CN = own");
        assertThat(server.run("certificate", "install", key).err()).contains("holds no certificate");

        JsonNode list = server.run("certificate", "list", "--json").json().get("certificates");
        assertThat(list).hasSize(3);
        assertThat(list.get(0).get("issuer").stringValue()).isEqualTo("CN=Test authority");
        assertThat(server.done("certificate", "show", "own.test"))
                .contains("names       own.test\n", "CN=Test authority")
                .containsPattern("chain +not-available +own.test +issued by CN=Test authority, which is no public")
                .containsPattern("dns-id +ok +mail.example.test");
        assertThat(server.run("certificate", "show", "nowhere.test").err()).contains("no certificate here is for");

        server.done("certificate", "remove", "own.test-rsa.pem");
        server.done("certificate", "remove", "mail.example.test-ec.pem");
        assertThat(server.run("certificate", "remove", "../server.pem").code()).isEqualTo(1);
        assertThat(shown()).contains("Issuer: O = Postern");
    }

    /// By an authority that is made for it.
    private Path signed(Path request, String... options) throws Exception {
        Path authority = directory.resolve("authority.pem");
        if (!Files.exists(authority)) {
            openssl(
                    "",
                    "req",
                    "-x509",
                    "-newkey",
                    "ec",
                    "-pkeyopt",
                    "ec_paramgen_curve:P-256",
                    "-nodes",
                    "-days",
                    "100",
                    "-keyout",
                    "authority-key.pem",
                    "-out",
                    authority.toString(),
                    "-subj",
                    "/CN=Test authority");
        }
        Path chain = directory.resolve("signed.pem");
        List<String> command = new ArrayList<>(List.of(
                "x509",
                "-req",
                "-in",
                request.toString(),
                "-CA",
                authority.toString(),
                "-CAkey",
                "authority-key.pem",
                "-CAcreateserial",
                "-days",
                "60",
                "-out",
                chain.toString()));
        command.addAll(options.length == 0 ? List.of("-copy_extensions", "copy") : List.of(options));
        openssl("", command.toArray(String[]::new));
        return chain;
    }

    private String shown(String... options) throws Exception {
        List<String> command =
                new ArrayList<>(List.of("s_client", "-connect", "127.0.0.1:" + server.port(Service.IMAPS)));
        command.addAll(List.of(options));
        String output = openssl("a LOGOUT\r\n", command.toArray(String[]::new));
        return openssl(output.substring(output.indexOf("-----BEGIN CERTIFICATE-----")), "x509", "-noout", "-text");
    }

    @Test
    @Requirement({"SEED-31", "SEED-34", "SEED-38"})
    void fingerprintsAreWhatOthersCompute() throws Exception {
        String pem = server.done("certificate", "ca");
        String authority =
                openssl(pem, "x509", "-noout", "-fingerprint", "-sha256").strip();
        String served = openssl("a LOGOUT\r\n", "s_client", "-connect", "127.0.0.1:" + server.port(Service.IMAPS));
        String certificate = served.substring(served.indexOf("-----BEGIN CERTIFICATE-----"));
        String text = server.done("certificate", "fingerprints");
        String html = server.done("certificate", "fingerprints", "--html");
        for (String print : List.of(
                authority,
                openssl(certificate, "x509", "-noout", "-fingerprint", "-sha256")
                        .strip())) {
            String digits = print.substring(print.indexOf('=') + 1);
            String first = digits.substring(0, 47);
            String second = digits.substring(48);
            assertThat(text).contains("    " + first + "\n    " + second + "\n");
            assertThat(html).contains("<pre>" + first + "\n" + second + "</pre>");
        }
        String key = openssl(openssl(certificate, "x509", "-noout", "-pubkey"), "pkey", "-pubin", "-outform", "DER");
        Path octets = Files.write(directory.resolve("key.der"), key.getBytes(StandardCharsets.ISO_8859_1));
        String digest = openssl("", "dgst", "-sha256", octets.toString());
        JsonNode json = server.run("certificate", "fingerprints", "--json").json();
        assertThat(digest)
                .contains(json.get("certificates").get(0).get("keySha256").stringValue());
        assertThat(json.get("host").stringValue()).isEqualTo("mail.example.test");
    }

    @Test
    void theOwnAuthorityIssuesWhenItIsTold() throws Exception {
        String before = server.run("certificate", "list", "--json")
                .json()
                .get("certificates")
                .get(0)
                .get("sha256")
                .stringValue();
        assertThat(server.done("certificate", "issue"))
                .contains("from        own-authority")
                .doesNotContain(before);
        server.configure("tls { certificates = files, directories = [\"" + directory.resolve("data/tls") + "\"] }");
        server.done("reload");
        assertThat(server.run("certificate", "issue").err()).contains("Postern issues none");
        assertThat(server.run("certificate", "ca").err()).contains("there is no own authority here");
    }
}
