package org.postern.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.module.ModuleFinder;
import java.lang.module.ResolvedModule;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.spi.ToolProvider;
import java.util.stream.Collectors;
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
            int tried = service.port + Quickstart.DEFAULT_OFFSET;
            assertThat(image).doesNotContain("__PORT="); // what DNS records say is what listens
            if (!service.forClients()) { // on, and reachable, only where somebody asks for it
                assertThat(exposed + " ").doesNotContain(" " + service.port + " ");
                assertThat(compose).doesNotContain(":" + service.port + '"').doesNotContain(":" + tried + '"');
                continue;
            }
            assertThat(exposed + " ").contains(" " + service.port + " ");
            assertThat(compose)
                    .contains("- \"" + service.port + ":" + service.port + "\"")
                    .contains("- \"127.0.0.1:" + tried + ":" + tried + "\"");
        }
        assertThat(compose)
                .contains("\"" + (ConfigurationReader.DEFAULT_METRICS_PORT + Quickstart.DEFAULT_OFFSET) + "\"");
    }

    /// Modules that a library names, and does without.
    private static final Set<String> UNUSED = Set.of(
            "java.compiler", // H2's functions in source
            "java.desktop", // java.beans' annotations, which Jackson knows
            "java.scripting", // H2's triggers in source
            "java.security.jgss"); // Kerberos, which Apache's HTTP client can

    @Test
    void itsRuntimeHasEveryModuleThatClassesUse() throws Exception {
        String image = Files.readString(DOCKER.resolve("Dockerfile")).replace("\\\n", "");
        Set<String> named = Set.of(
                image.replaceFirst("(?s).* --add-modules (\\S+) .*", "$1").split(","));
        Set<String> there = java.lang.module.Configuration.empty()
                .resolve(ModuleFinder.ofSystem(), ModuleFinder.of(), named)
                .modules()
                .stream()
                .map(ResolvedModule::name)
                .collect(Collectors.toSet());

        StringWriter found = new StringWriter();
        StringWriter complaints = new StringWriter();
        int code = ToolProvider.findFirst("jdeps")
                .orElseThrow()
                .run(
                        new PrintWriter(found),
                        new PrintWriter(complaints),
                        "--multi-release",
                        Integer.toString(Runtime.version().feature()),
                        "--ignore-missing-deps", // of what a library would use, were it there
                        "--print-module-deps",
                        "--class-path",
                        System.getProperty("java.class.path"),
                        Path.of(Main.class
                                        .getProtectionDomain()
                                        .getCodeSource()
                                        .getLocation()
                                        .toURI())
                                .toString());
        assertThat(code).as("%s%s", found, complaints).isZero();
        Set<String> used = Set.of(found.toString().strip().split(","));
        assertThat(used).as("excused for a reason").containsAll(UNUSED);
        assertThat(there)
                .containsAll(
                        used.stream().filter(module -> !UNUSED.contains(module)).toList());
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
