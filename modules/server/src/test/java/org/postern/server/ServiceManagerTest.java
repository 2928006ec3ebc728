package org.postern.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postern.testkit.Programs;

/// Being run by systemd.
class ServiceManagerTest {
    private static final Path ROOT = Path.of(System.getProperty("postern.root", "../.."))
            .toAbsolutePath()
            .normalize();

    /// Binds a socket, says so, and says what comes.
    private static final String SYSTEMD = """
            import socket, sys
            name = sys.argv[1].replace('@', '\\0')
            receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            receiver.bind(name)
            print('bound', flush=True)
            while True:
                print(receiver.recv(4096).decode(), flush=True)
            """;

    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"", "@"})
    void itIsToldThatTheServerIsReadyAndThatItStops(String kind) throws Exception {
        String name = kind + directory.resolve("notify");
        Process systemd = new ProcessBuilder(Programs.require("python3").toString(), "-c", SYSTEMD, name)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (var said = new BufferedReader(new InputStreamReader(systemd.getInputStream(), UTF_8))) {
            assertThat(said.readLine()).isEqualTo("bound");
            var manager = new ServiceManager(Optional.of(name));
            manager.ready();
            assertThat(said.readLine()).isEqualTo("READY=1");
            manager.stopping();
            assertThat(said.readLine()).isEqualTo("STOPPING=1");
        } finally {
            systemd.destroy();
        }
    }

    @Test
    void whoeverIsNotThereIsNoMatter() {
        new ServiceManager(Optional.empty()).ready();
        new ServiceManager(Optional.of("")).ready();
        new ServiceManager(Optional.of(directory.resolve("nobody").toString())).ready();
        new ServiceManager(Optional.of("relative")).stopping();
        new ServiceManager(Optional.of("/" + "x".repeat(200))).stopping();
    }

    /// The unit, with the paths of this checkout: systemd looks whether the program is there.
    @Test
    void theUnitIsFreeOfErrors() throws Exception {
        Path analyze = Programs.require("systemd-analyze");
        String unit = Files.readString(ROOT.resolve("etc/postern.service"));
        assertThat(unit).contains("/opt/postern/bin/postern", "Type=notify");
        Path copy = Files.writeString(directory.resolve("postern.service"), unit.replace("/opt/postern", ROOT + ""));
        Process process = new ProcessBuilder(analyze.toString(), "verify", "--recursive-errors=no", copy.toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
        assertThat(said.lines().filter(line -> line.contains("postern.service")))
                .isEmpty();
    }
}
