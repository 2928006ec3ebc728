package org.postern.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.testkit.DynamicPrimary;
import org.postern.testkit.FreePorts;
import org.postern.testkit.Programs;
import org.postern.testkit.Requirement;

/// docs/dns.md: each of its configurations is read by the program that it is for, each of its commands is run.
class DnsRecipesTest {
    private static final Path DOCUMENT =
            Path.of(System.getProperty("postern.root", "../..")).resolve("docs/dns.md");
    private static final Pattern BLOCK = Pattern.compile("(?ms)^```(\\w+)\n(.*?)^```$");

    @TempDir
    Path directory;

    /// The blocks of one kind in one section.
    static List<String> blocks(String heading, String kind) throws Exception {
        String text = Files.readString(DOCUMENT);
        int start = text.indexOf("\n## " + heading);
        assertThat(start).as(heading).isNotNegative();
        int end = text.indexOf("\n## ", start + 1);
        return BLOCK.matcher(text.substring(start, end < 0 ? text.length() : end))
                .results()
                .filter(block -> block.group(1).equals(kind))
                .map(block -> block.group(2))
                .toList();
    }

    /// What follows `postern` in the commands of a section.
    static List<List<String>> commands(String heading) throws Exception {
        return blocks(heading, "sh").stream()
                .flatMap(String::lines)
                .map(line -> {
                    assertThat(line).startsWith("postern ");
                    return List.of(line.substring("postern ".length()).split(" ", -1));
                })
                .toList();
    }

    private static CommandRun run(ConfiguredServer server, List<String> command) {
        return server.run(command.toArray(String[]::new));
    }

    @Test
    void everyConfigurationIsRead() throws Exception {
        Path secret = Files.writeString(directory.resolve("update.key"), DynamicPrimary.SECRET);
        Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rw-------"));
        int read = 0;
        for (String heading :
                List.of("1.", "2.", "3.", "4.", "What a mail domain needs besides", "Certificates by dns-01")) {
            for (String block : blocks(heading, "postern")) {
                Path file = directory.resolve(read++ + ".conf");
                Files.writeString(
                        file,
                        "server { host = mail.example.net, data-directory = \"" + directory + "/data\" }\n"
                                + block.replace("/etc/postern/update.key", secret.toString()));
                assertThat(LiveConfiguration.read(file, Map.of())).isNotNull();
            }
        }
        assertThat(read).isEqualTo(7);
        Path named = Files.writeString(
                directory.resolve("named.conf"), blocks("3.", "named").getFirst());
        check(Programs.requireAnywhere("named-checkconf").toString(), named.toString());
        Path knot = Files.writeString(
                directory.resolve("knot.conf"), blocks("3.", "knot").getFirst());
        check(Programs.requireAnywhere("knotc").toString(), "-c", knot.toString(), "conf-check");
    }

    private static void check(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String text = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor()).as("%s: %s", List.of(command), text).isZero();
    }

    /// Recipes 1, 3 and 4: a customer's zone by updates, the provider's by hand.
    @Test
    @Requirement({"DANE-17", "DANE-1", "R8314-19", "R8314-20"})
    void aProviderZoneUpdatesAndTextByHand() throws Exception {
        try (DynamicPrimary primary = new DynamicPrimary(DynamicPrimary.Program.KNOT, directory.resolve("primary"))) {
            primary.zone("example.org", "_imaps._tcp SRV 0 0 993 old\nold A 192.0.2.1\n");
            primary.zone("example.net", "");
            primary.start();
            Path anchors = Files.writeString(
                    directory.resolve("anchors"),
                    Files.readString(primary.anchor("example.org")) + Files.readString(primary.anchor("example.net")));
            String address = "127.0.0.1:" + primary.port();
            try (ConfiguredServer server = new ConfiguredServer(directory, """
                    server.host = mail.example.net
                    dns {
                      resolver { upstreams = ["%s"], trust-anchor-file = "%s" }
                      front-ends = [{ host = "mail.example.net", addresses = ["127.0.0.1"] }]
                      zones = [
                        { zone = "example.org", by = "update", servers = ["%s"], server = "%s", key = %s, secret = "%s" }
                        { zone = "example.net", by = "text", servers = ["%s"] }
                      ]
                    }
                    """.formatted(
                            address, anchors, address, address, DynamicPrimary.KEY, DynamicPrimary.SECRET, address))) {
                server.done("domain", "add", "example.org");
                List<List<String>> first = commands("1.");
                CommandRun customer = run(server, first.getFirst());
                assertThat(records(customer.out()))
                        .hasSize(6)
                        .allMatch(line ->
                                line.matches("_\\w+\\._tcp\\.example\\.org\\. .* SRV .* mail\\.example\\.net\\."));
                CommandRun own = run(server, first.getLast());
                assertThat(records(own.out())).hasSize(7).noneMatch(line -> line.contains("example.org"));
                assertThat(own.out()).contains("._tcp.mail.example.net. 3600 IN TLSA 3 1 1 ");

                List<List<String>> third = commands("3.");
                assertThat(third).hasSize(2);
                ConfiguredServer.await(() -> run(server, third.getFirst()).out().contains("confirmed"));
                assertThat(primary.records("_imaps._tcp.example.org", "SRV"))
                        .containsExactly("300 SRV 0 0 993 old.example.org.");
                assertThat(run(server, third.getLast()).out())
                        .isEqualTo("_imaps._tcp.example.org. 300 SRV 0 0 993 old.example.org.\n");

                List<List<String>> fourth = commands("4.");
                assertThat(records(run(server, fourth.getFirst()).out())).hasSize(6);
                ConfiguredServer.await(() -> run(server, fourth.getLast()).code() == 0);
                assertThat(primary.records("_imaps._tcp.example.org", "SRV")).allMatch(line -> line.contains("mail."));
                CommandRun missing = server.run("dns", "diff", "--zone", "example.net");
                assertThat(missing.code()).isEqualTo(AuditCommand.NOT_PASSED);
                for (String line : records(own.out())) {
                    assertThat(missing.out()).contains("+ " + line + "\n");
                }
            }
        }
    }

    /// Recipe 2.
    @Test
    void delegatedZonesHaveDsRecords() throws Exception {
        int port = FreePorts.next(1).getFirst();
        String configuration = blocks("2.", "postern").getFirst() + "nameserver.port = " + port
                + "\ndns.resolver.upstreams = [\"127.0.0.1:" + port + "\"]\n";
        try (ConfiguredServer server = new ConfiguredServer(directory, configuration)) {
            for (List<String> command : commands("2.")) {
                assertThat(server.done(command.toArray(String[]::new)))
                        .startsWith(command.getLast() + ".")
                        .containsPattern("DS\\s+\\d+ 13 2 \\p{XDigit}+");
            }
        }
    }

    private static List<String> records(String text) {
        return text.lines().filter(line -> !line.startsWith(";")).toList();
    }
}
