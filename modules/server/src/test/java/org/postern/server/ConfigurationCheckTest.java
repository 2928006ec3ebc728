package org.postern.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.testkit.Requirement;
import org.postern.testkit.TestCertificate;

/// `postern check-config`, as typed.
class ConfigurationCheckTest {
    @TempDir
    Path directory;

    private CommandRun check(String configuration, String... options) throws IOException {
        Path file = Files.writeString(directory.resolve("postern.conf"), configuration);
        String[] arguments = new String[options.length + 3];
        arguments[0] = "check-config";
        arguments[1] = "--config";
        arguments[2] = file.toString();
        System.arraycopy(options, 0, arguments, 3, options.length);
        return CommandRun.of(arguments);
    }

    private String own(Path data) {
        return "server { host = mail.example.test, data-directory = \"" + data + "\", addresses = [\"127.0.0.1\"] }\n";
    }

    private String files(String pem) {
        return own(directory.resolve("data")) + "tls { certificates = files, files = [{ chain = \""
                + directory.resolve(pem) + "\", key = \"" + directory.resolve(pem) + "\" }] }\n";
    }

    @Test
    void withoutAServerListenersAreShown() throws IOException {
        CommandRun run = check(own(directory.resolve("data")), "--strict");
        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        assertThat(run.out())
                .startsWith("server.host  mail.example.test\n")
                .contains(
                        "imaps        127.0.0.1  993   implicit-tls\n",
                        "submission   127.0.0.1  587   starttls\n",
                        "certificates: none yet\n",
                        "mail domains: not known")
                .endsWith("postern.conf can be used\n");
        assertThat(directory.resolve("data")).doesNotExist();
    }

    @Test
    void aRunningServerIsAskedForItsDomains() throws IOException {
        try (ServerFixture _ = new ServerFixture(directory)) {
            CommandRun run = check(own(directory.resolve("data")));
            assertThat(run.code()).isZero();
            assertThat(run.out())
                    .contains(
                            "example.test  yes          MISSING\n",
                            "services    _imaps.example.test",
                            "warning: nobody gets mail for postmaster@example.test: postern alias add");
            assertThat(check(own(directory.resolve("data")), "--strict").code()).isEqualTo(1);
            var json = check(own(directory.resolve("data")), "--json").json();
            assertThat(json.get("domains").toString())
                    .isEqualTo("[{\"name\":\"example.test\",\"certificate\":true,\"postmaster\":false}]");
            assertThat(json.get("problems").get(0).get("severity").stringValue())
                    .isEqualTo("warning");
        }
    }

    @Test
    @Requirement({"DANE-23", "SEED-29"})
    void aCertificateForAnotherNameIsAnError() throws IOException {
        write("other.pem", "mail.other.test", Duration.ofDays(90));
        CommandRun run = check(files("other.pem"));
        assertThat(run.code()).isEqualTo(4);
        assertThat(run.out())
                .contains(
                        "names       localhost mail.other.test 127.0.0.1 ",
                        "error: no certificate is for server.host, mail.example.test",
                        "warning: the certificate for localhost: signed by itself")
                .endsWith("cannot be used as it is\n");
    }

    @Test
    void oneThatEndsSoonIsAWarning() throws IOException {
        write("soon.pem", "mail.example.test", Duration.ofMinutes(20)); // of 80
        CommandRun run = check(files("soon.pem"));
        assertThat(run.code()).isZero();
        assertThat(run.out()).contains("warning: the certificate for localhost: ends at ");
    }

    @Test
    void whatCannotBeReadIsAnErrorWithItsPlace() throws IOException {
        CommandRun missing = check(files("missing.pem"));
        assertThat(missing.code()).isEqualTo(4);
        assertThat(missing.out()).contains("postern.conf:2: ", "missing.pem does not exist");
        CommandRun wrong = check("server.host = mail.example.test\nlog.level = loud\n", "--json");
        assertThat(wrong.code()).isEqualTo(4);
        assertThat(wrong.json().get("problems").get(0).get("text").stringValue())
                .contains("postern.conf:2: log.level: 'loud' is none of");
        assertThat(wrong.json().get("host").isNull()).isTrue();
        Path open = Files.createDirectory(directory.resolve("open"));
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxr-xr-x"));
        assertThat(check(own(open)).out()).contains("error: " + open + " holds mail and keys, and others may enter it");
    }

    /// Who would have users submit on port 25 is warned: it is no port for them, and no server could deliver there.
    @Test
    @Requirement({"R8314-22", "ST-20", "SEED-8", "SEED-10", "RFC2033-5"})
    void port25IsForMailBetweenServers() throws IOException {
        String usual = own(directory.resolve("data"));
        assertThat(check(usual).out()).doesNotContain("25, where");
        for (String service : new String[] {"submission", "submissions"}) {
            CommandRun run = check(usual + "listeners." + service + ".port = 25\n");
            assertThat(run.code()).isZero();
            assertThat(run.out())
                    .contains("warning: listeners." + service + ".port is 25, where other servers bring mail")
                    .contains("have users submit on 465");
        }
        CommandRun lmtp = check(usual + "listeners.lmtp { enabled = true, port = 25 }\n");
        assertThat(lmtp.code()).isEqualTo(4);
        assertThat(lmtp.out()).contains("postern.conf:2: listeners.lmtp.port: 25 is where servers expect SMTP");
    }

    private void write(String file, String name, Duration term) throws IOException {
        TestCertificate.until(Instant.now().plus(term), name).write(directory.resolve(file));
    }
}
