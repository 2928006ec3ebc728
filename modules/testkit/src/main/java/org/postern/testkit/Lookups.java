package org.postern.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// What dig and delv find at servers on 127.0.0.1.
public final class Lookups {
    private Lookups() {}

    /// The records of a name as dig shows them, `TTL TYPE data`, sorted; without signatures.
    public static List<String> records(int server, String name, String type) throws IOException, InterruptedException {
        return run(List.of("dig", "@127.0.0.1", "-p", "" + server, "+tcp", "+noall", "+answer", name, type), "")
                .lines()
                .filter(line -> !line.isBlank() && !line.startsWith(";"))
                .map(line -> line.split("\\s+", 5))
                .map(words -> words[1] + " " + words[3] + " " + words[4])
                .sorted()
                .toList();
    }

    /// What delv says of a name when it trusts a zone's own key.
    ///
    /// @param anchor DNSKEY records in zone file form, of this zone among others
    public static String validated(Path anchor, int server, String zone, String name, String type)
            throws IOException, InterruptedException {
        StringBuilder keys = new StringBuilder("trust-anchors {\n");
        for (String line : Files.readAllLines(anchor)) {
            if (line.startsWith(zone + ".") && line.contains("DNSKEY")) {
                String[] words = line.replaceFirst(".*DNSKEY\\s+", "").split("\\s+", 4);
                keys.append("  \"%s\" static-key %s %s %s \"%s\";%n"
                        .formatted(zone, words[0], words[1], words[2], words[3].replace(" ", "")));
            }
        }
        Path file = Files.writeString(Files.createTempFile("anchor", ".delv"), keys + "};\n");
        try {
            return run(
                    List.of(
                            "delv",
                            "@127.0.0.1",
                            "-p",
                            "" + server,
                            "-a",
                            file.toString(),
                            "+root=" + zone,
                            name,
                            type),
                    "");
        } finally {
            Files.delete(file);
        }
    }

    /// The output of a program that must end well.
    static String run(List<String> command, String input) throws IOException, InterruptedException {
        List<String> whole = new ArrayList<>(command);
        whole.set(0, Programs.requireAnywhere(command.getFirst()).toString());
        Process client = new ProcessBuilder(whole).redirectErrorStream(true).start();
        try (Writer writer = client.outputWriter(UTF_8)) {
            writer.write(input);
        }
        String text = new String(client.getInputStream().readAllBytes(), UTF_8);
        if (client.waitFor() != 0) {
            throw new IllegalStateException(Arrays.asList(command.getFirst(), input) + ": " + text);
        }
        return text;
    }
}
