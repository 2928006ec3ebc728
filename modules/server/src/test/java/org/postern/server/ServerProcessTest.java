package org.postern.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServerProcessTest {
    @TempDir
    Path temporary;

    /// The first thing that it opens is where health is asked; the store, the ports and a signed zone come then.
    @Test
    void aStopWhileItStartsIsInOrder() throws Exception {
        Path data = temporary.resolve("data");
        try (QuickstartProcess server = QuickstartProcess.startUntil("metrics listens on", data)) {
            assertThat(server.stop()).isZero();
        }
        assertThat(data.resolve("control.sock")).doesNotExist();
        assertThat(data.resolve("quickstart.env")).doesNotExist();
        assertThat(data.resolve("database/closed")).exists();
        try (QuickstartProcess again = QuickstartProcess.start(data)) {
            assertThat(again.stop()).isZero();
        }
    }
}
