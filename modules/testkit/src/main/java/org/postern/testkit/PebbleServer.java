package org.postern.testkit;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.locks.LockSupport;

/// Pebble, an ACME authority for tests, with a name server where every name is 127.0.0.1, or another one. It asks for
/// challenges at ports that were free.
public final class PebbleServer implements AutoCloseable {
    private static final String NOBODY = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";

    private final List<Process> processes = new ArrayList<>();
    private final TestCertificate certificate = TestCertificate.forLocalhost();
    private final Path trust;
    private final int port;
    private final int httpPort;
    private final int tlsPort;
    private final int dnsManagement;

    /// @param directory for its files
    /// @param environment as `PEBBLE_WFE_NONCEREJECT`
    /// @param bound whether accounts need an external one: `kid-1`, with [#externalSecret]
    public PebbleServer(Path directory, Map<String, String> environment, boolean bound) throws IOException {
        this(directory, environment, bound, OptionalInt.empty());
    }

    /// @param nameServer the port on 127.0.0.1 of a name server that it asks, in place of its own
    public PebbleServer(Path directory, Map<String, String> environment, boolean bound, OptionalInt nameServer)
            throws IOException {
        Path program = Programs.require("pebble");
        List<Integer> ports = FreePorts.next(6);
        port = ports.get(0);
        httpPort = ports.get(2);
        tlsPort = ports.get(3);
        dnsManagement = ports.get(5);
        trust = directory.resolve("pebble.pem");
        certificate.write(trust);
        Path configuration = Files.writeString(directory.resolve("pebble.json"), """
                {"pebble": {"listenAddress": "127.0.0.1:%d", "managementListenAddress": "127.0.0.1:%d",
                 "certificate": "%s", "privateKey": "%s", "httpPort": %d, "tlsPort": %d, "ocspResponderURL": "",
                 "externalAccountBindingRequired": %s, "externalAccountMACKeys": {"kid-1": "%s"}}}
                """.formatted(
                        port, ports.get(1), trust, trust, httpPort, tlsPort, bound, NOBODY));
        if (nameServer.isEmpty()) {
            startNames(directory, ports.get(4));
        }
        start(
                directory.resolve("pebble.log"),
                environment,
                program.toString(),
                "-config",
                configuration.toString(),
                "-dnsserver",
                "127.0.0.1:" + nameServer.orElse(ports.get(4)));
        awaitAnswer();
    }

    private void startNames(Path directory, int namesPort) throws IOException {
        Path names = Programs.require("pebble-challtestsrv");
        start(
                directory.resolve("names.log"),
                Map.of(),
                names.toString(),
                "-dns01",
                "127.0.0.1:" + namesPort,
                "-management",
                "127.0.0.1:" + dnsManagement,
                "-http01",
                "",
                "-https01",
                "",
                "-tlsalpn01",
                "",
                "-defaultIPv6",
                "");
    }

    private void start(Path log, Map<String, String> environment, String... command) throws IOException {
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        builder.environment().put("PEBBLE_VA_NOSLEEP", "1");
        builder.environment().put("PEBBLE_AUTHZREUSE", "0");
        builder.environment().putAll(environment);
        processes.add(builder.start());
    }

    private void awaitAnswer() throws IOException {
        Instant deadline = Instant.now().plus(Duration.ofMinutes(1));
        try (HttpClient client =
                HttpClient.newBuilder().sslContext(certificate.trust()).build()) {
            while (true) {
                try {
                    client.send(HttpRequest.newBuilder(directory()).build(), HttpResponse.BodyHandlers.discarding());
                    return;
                } catch (IOException notYet) {
                    if (Instant.now().isAfter(deadline)) {
                        throw notYet;
                    }
                    LockSupport.parkNanos(50_000_000);
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
            }
        }
    }

    /// Its directory (RFC 8555 §7.1.1).
    public URI directory() {
        return URI.create("https://localhost:" + port + "/dir");
    }

    /// What vouches for the directory, in PEM.
    public Path trust() {
        return trust;
    }

    public int httpPort() {
        return httpPort;
    }

    public int tlsPort() {
        return tlsPort;
    }

    public String externalSecret() {
        return NOBODY;
    }

    /// Changes its DNS: `set-txt`, `clear-txt`.
    public void dns(String what, String json) throws IOException {
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + dnsManagement + "/" + what))
                    .POST(HttpRequest.BodyPublishers.ofString(json))
                    .build();
            int status =
                    client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
            if (status != 200) {
                throw new IOException("pebble-challtestsrv: " + status);
            }
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    @Override
    public void close() {
        processes.forEach(Process::destroy);
    }
}
