package org.postern.server;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// The plan of the house (docs/architecture.md), held against the classes as they are.
class HouseTest {
    /// Which modules a module may use. What they use, it may use too.
    private static final Map<String, Set<String>> MAY_USE = Map.ofEntries(
            Map.entry("message", Set.of()),
            Map.entry("files", Set.of()),
            Map.entry("identity", Set.of()),
            Map.entry("resolver", Set.of()),
            Map.entry("mua", Set.of("identity", "resolver")),
            Map.entry("audit", Set.of("mua", "identity", "resolver")),
            Map.entry("tls", Set.of("identity", "files")),
            Map.entry("acme", Set.of("tls", "identity", "files")),
            Map.entry("dns", Set.of("resolver", "identity", "tls", "files")),
            Map.entry("nameserver", Set.of("dns", "resolver", "identity", "tls", "files")),
            Map.entry("recordgroups", Set.of("dns", "resolver", "identity", "tls")),
            Map.entry("auth", Set.of()),
            Map.entry("session", Set.of("tls", "auth", "identity")),
            Map.entry("store", Set.of("auth", "message")),
            Map.entry("interchange", Set.of("auth", "store", "message")),
            Map.entry("imap", Set.of("session", "auth", "store", "message", "tls")),
            Map.entry("pop3", Set.of("session", "auth", "store", "message", "tls")),
            Map.entry("smtp", Set.of("session", "auth", "message", "tls")),
            Map.entry("submission", Set.of("smtp", "session", "auth", "store", "message", "tls")),
            Map.entry("inbound", Set.of("smtp", "session", "auth", "store", "message", "tls")),
            Map.entry("testkit", Set.of()),
            Map.entry("bench", Set.of()),
            Map.entry("stack", Set.of("session", "store", "auth", "tls", "message", "testkit")),
            Map.entry(
                    "server",
                    Set.of(
                            "message",
                            "files",
                            "identity",
                            "tls",
                            "acme",
                            "auth",
                            "session",
                            "store",
                            "interchange",
                            "imap",
                            "pop3",
                            "smtp",
                            "submission",
                            "inbound",
                            "resolver",
                            "mua",
                            "audit",
                            "dns",
                            "nameserver",
                            "recordgroups")));

    private static final JavaClasses HOUSE = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("org.postern");

    private static String packageOf(String module) {
        return "org.postern." + module + "..";
    }

    private static ArchRule onlyIn(String thirdParty, String... modules) {
        String[] allowed = Stream.of(modules).map(HouseTest::packageOf).toArray(String[]::new);
        return noClasses()
                .that()
                .resideOutsideOfPackages(allowed)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(thirdParty + "..");
    }

    @Test
    void theTableNamesEveryModule() throws Exception {
        Path modules = Path.of(System.getProperty("postern.root", "../.."), "modules");
        try (Stream<Path> directories = Files.list(modules)) {
            List<String> names = directories
                    .filter(directory -> Files.exists(directory.resolve("pom.xml")))
                    .map(directory -> directory.getFileName().toString())
                    .sorted()
                    .toList();
            assertThat(names).containsExactlyElementsOf(new TreeSet<>(MAY_USE.keySet()));
        }
    }

    @Test
    void modulesUseWhatTheyMay() {
        MAY_USE.forEach((module, allowed) -> {
            assertThat(HOUSE.stream().anyMatch(each -> each.getPackageName().equals("org.postern." + module)))
                    .as("classes of %s", module)
                    .isTrue();
            for (String other : MAY_USE.keySet()) {
                if (!other.equals(module) && !allowed.contains(other)) {
                    noClasses()
                            .that()
                            .resideInAPackage(packageOf(module))
                            .should()
                            .dependOnClassesThat()
                            .resideInAPackage(packageOf(other))
                            .check(HOUSE);
                }
            }
        });
        slices().matching("org.postern.(*)..").should().beFreeOfCycles().check(HOUSE);
    }

    @Test
    void thirdPartiesStayInTheirRooms() {
        Map<String, String[]> rooms = Map.ofEntries(
                Map.entry("io.netty", new String[] {"session"}),
                Map.entry("java.sql", new String[] {"store"}),
                Map.entry("org.h2", new String[] {"store"}),
                Map.entry("com.github.luben", new String[] {"store"}),
                Map.entry("org.flywaydb", new String[] {"store"}),
                Map.entry(
                        "org.bouncycastle", new String[] {"tls", "identity", "mua", "auth", "recordgroups", "testkit"}),
                Map.entry("org.xbill", new String[] {"resolver", "dns", "nameserver"}),
                Map.entry("org.apache.james", new String[] {"message"}),
                Map.entry("org.apache.hc", new String[] {"recordgroups"}),
                Map.entry("picocli", new String[] {"server"}),
                Map.entry("com.typesafe.config", new String[] {"server"}),
                Map.entry("tools.jackson", new String[] {"server", "dns"}),
                Map.entry("com.sun.net.httpserver", new String[] {"server", "acme"}),
                Map.entry("org.shredzone.acme4j", new String[] {"acme"}),
                Map.entry("io.micrometer.prometheusmetrics", new String[] {"server"}),
                Map.entry("ch.qos.logback", new String[] {"server"}));
        rooms.forEach((thirdParty, modules) -> {
            onlyIn(thirdParty, modules).check(HOUSE);
            if (!thirdParty.equals("org.h2") && !thirdParty.equals("org.flywaydb")) {
                // the rule can fail: it would if the rooms were others
                assertThat(onlyIn(thirdParty, "stack").evaluate(HOUSE).hasViolation())
                        .as("%s is used at all", thirdParty)
                        .isTrue();
            }
        });
    }

    /// One interrupt inside H2 or a FileChannel closes it for everybody (docs/architecture.md).
    @Test
    void nothingInterruptsAThreadThatMayBeInTheStore() {
        ArchRule rule = noClasses()
                .that()
                .resideOutsideOfPackage(packageOf("session"))
                .should()
                .callMethod(Future.class, "cancel", boolean.class)
                .orShould()
                .callMethod(ExecutorService.class, "shutdownNow")
                .orShould()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.util.concurrent.StructuredTaskScope");
        rule.check(HOUSE);
        // Only a thread's own status may be restored, and only where it is not in a store call: see for yourself.
        List<JavaMethodCall> interrupts = HOUSE.stream()
                .flatMap(type -> type.getMethodCallsFromSelf().stream())
                .filter(call -> call.getTargetOwner().isEquivalentTo(Thread.class)
                        && call.getName().equals("interrupt"))
                .toList();
        assertThat(interrupts)
                .as("the rule sees calls")
                .isNotEmpty()
                .allSatisfy(call -> assertThat(call.getOrigin().getMethodCallsFromSelf())
                        .as(call.getDescription())
                        .anyMatch(other -> other.getName().equals("currentThread")
                                && other.getLineNumber() == call.getLineNumber()));
    }

    @Test
    void aProtocolShowsOneClassAndItsSettings() {
        for (String protocol : List.of("imap", "pop3", "submission", "inbound")) {
            classes()
                    .that()
                    .resideInAPackage(packageOf(protocol))
                    .and()
                    .areTopLevelClasses()
                    .and()
                    .arePublic()
                    .should()
                    .haveSimpleNameEndingWith("Protocol")
                    .orShould()
                    .haveSimpleNameEndingWith("Settings")
                    .check(HOUSE);
        }
    }
}
