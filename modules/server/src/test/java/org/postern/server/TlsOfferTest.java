package org.postern.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.testkit.Requirement;

class TlsOfferTest {
    @TempDir
    Path directory;

    private List<String> warnings(String more, String... reloads) throws IOException {
        try (LogLines log = new LogLines(TlsOffer.class.getName())) {
            try (ConfiguredServer server = new ConfiguredServer(directory, more)) {
                for (String reload : reloads) {
                    server.configure(reload);
                    server.done("reload");
                }
            }
            return log.all();
        }
    }

    @Test
    @Requirement("R8314-49")
    void whoOffersLessThanBeforeIsTold() throws IOException {
        assertThat(warnings("tls.engine = boringssl")).isEmpty(); // there is no before
        Path file = directory.resolve("data").resolve(TlsOffer.FILE);
        assertThat(file)
                .content()
                .contains("version TLSv1.2\nversion TLSv1.3\n")
                .contains("implicit TLS imaps\n");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        assertThat(warnings("")).singleElement().asString().contains("than before: group X25519MLKEM768. Clients");
        assertThat(warnings("auth.channel-binding = off", "listeners.pop3s.enabled = false"))
                .satisfiesExactly(
                        start -> assertThat(start).contains("than before: channel binding. Clients"),
                        reload -> assertThat(reload).contains("than before: implicit TLS pop3s. Clients"));
        assertThat(warnings("listeners.pop3.enabled = false")).isEmpty(); // more than before, and STARTTLS may go
        // a version before this one, or another server's place
        Files.writeString(file, "version TLSv1.4\n");
        assertThat(warnings("")).singleElement().asString().contains("than before: version TLSv1.4.");
    }
}
