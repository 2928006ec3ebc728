package org.postern.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.postern.server.Configuration.Service;
import org.postern.testkit.Programs;

/// The image of docker/Dockerfile.
class ContainerTest {
    private static final Path DOCKER =
            Path.of(System.getProperty("postern.root", "../.."), "docker").toAbsolutePath();

    @Test
    void everyServiceHasItsPort() throws Exception {
        String image = Files.readString(DOCKER.resolve("Dockerfile"));
        String compose = Files.readString(DOCKER.resolve("compose.yaml"));
        String exposed = image.lines()
                .filter(line -> line.startsWith("EXPOSE "))
                .findFirst()
                .orElseThrow();
        for (Service service : Service.values()) {
            int inside = service.port + Quickstart.DEFAULT_OFFSET; // quickstart's are the image's
            String name = service.serviceName().toUpperCase(Locale.ROOT);
            assertThat(image).contains("POSTERN_LISTENERS__" + name + "__PORT=" + inside);
            if (!service.forClients()) { // on, and reachable, only where somebody asks for it
                assertThat(exposed + compose).doesNotContain(Integer.toString(inside));
                continue;
            }
            assertThat(exposed + " ").contains(" " + inside + " ");
            assertThat(compose)
                    .contains("- \"" + service.port + ":" + inside + "\"")
                    .contains("- \"127.0.0.1:" + inside + ":" + inside + "\"");
        }
        assertThat(compose)
                .contains("\"" + (ConfigurationReader.DEFAULT_METRICS_PORT + Quickstart.DEFAULT_OFFSET) + "\"");
    }

    /// Some minutes, and root: builds it without a container engine, and sends a mail through it.
    @Test
    @Tag("long")
    void theImageServesMail() throws Exception {
        for (String program : List.of("buildah", "debootstrap", "curl", "ip", "unshare", "python3", "mvn")) {
            Programs.require(program);
        }
        Assumptions.assumeTrue(System.getProperty("user.name").equals("root"), "docker/prove needs root");
        Process prove = new ProcessBuilder(DOCKER.resolve("prove").toString())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.INHERIT)
                .start();
        assertThat(prove.waitFor()).isZero();
    }
}
