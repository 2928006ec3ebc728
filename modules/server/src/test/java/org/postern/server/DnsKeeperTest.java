package org.postern.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.testkit.FreePorts;
import org.postern.testkit.Lookups;

/// Two zones of the own name server.
class DnsKeeperTest {
    @TempDir
    Path directory;

    /// What is published cannot be remembered, which the first one comes to.
    @Test
    void aFaultAtOneZoneLeavesTheOthersAlone() throws Exception {
        int port = FreePorts.next(1).getFirst();
        try (ConfiguredServer server = new ConfiguredServer(directory, """
                nameserver {
                  addresses = ["127.0.0.1"]
                  port = %d
                  zones = [
                    { zone = first.example, name-servers = [ns.first.example] }
                    { zone = second.example, name-servers = [ns.second.example] }
                  ]
                }
                dns {
                  resolver.upstreams = ["127.0.0.1:%d"]
                  zones = [
                    { zone = first.example, by = own-server, servers = ["127.0.0.1:%d"] }
                    { zone = second.example, by = own-server, servers = ["127.0.0.1:%d"] }
                  ]
                }
                """.formatted(port, port, port, port))) {
            Files.createDirectories(server.data().resolve("dns/published.json.new/full"));
            server.done("domain", "add", "first.example");
            server.done("domain", "add", "second.example");
            ConfiguredServer.await(() -> isPublished(port, "first.example"));
            ConfiguredServer.await(() -> isPublished(port, "second.example"));
        }
    }

    private static boolean isPublished(int port, String domain) {
        try {
            return !Lookups.records(port, "_imaps._tcp." + domain, "SRV").isEmpty();
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
