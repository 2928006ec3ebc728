package org.postern.server;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What monitoring asks for, by plain HTTP: `/metrics` for Prometheus; `/health/live`, answered while the
/// process can answer at all; `/health/ready`, 503 and the reason while clients are not served. It tells
/// nothing of accounts.
final class MetricsEndpoint implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(MetricsEndpoint.class);
    private static final String TEXT = "text/plain; charset=utf-8";
    private static final String EXPOSITION = "text/plain; version=0.0.4; charset=utf-8";

    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Health health;
    private final Supplier<String> metrics;

    private MetricsEndpoint(HttpServer server, Health health, Supplier<String> metrics) {
        this.server = server;
        this.health = health;
        this.metrics = metrics;
    }

    /// @throws StartException where the port is taken
    static MetricsEndpoint open(InetSocketAddress address, Health health, Supplier<String> metrics) {
        // Read by the JDK's server once: whoever connects and says nothing must not cost a thread for good.
        limit("jdk.httpserver.maxConnections", "50");
        limit("sun.net.httpserver.maxReqTime", "10"); // seconds
        limit("sun.net.httpserver.maxRspTime", "30");
        HttpServer server;
        try {
            server = HttpServer.create(address, 0);
        } catch (IOException e) {
            throw new StartException(
                    "metrics: cannot listen on " + address.getAddress().getHostAddress() + " port " + address.getPort()
                            + ": another program listens there, or this host does not have that address ("
                            + e.getMessage() + "): choose another metrics.port or metrics.address",
                    e);
        }
        var endpoint = new MetricsEndpoint(server, health, metrics);
        server.createContext("/", endpoint::answer);
        server.setExecutor(endpoint.threads);
        server.start();
        InetSocketAddress bound = server.getAddress();
        LOG.info("metrics listens on {} port {}", bound.getAddress().getHostAddress(), bound.getPort());
        return endpoint;
    }

    private static void limit(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }

    /// With its port where 0 was asked for.
    InetSocketAddress address() {
        return server.getAddress();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            if (!exchange.getRequestMethod().equals("GET")
                    && !exchange.getRequestMethod().equals("HEAD")) {
                exchange.getResponseHeaders().set("Allow", "GET, HEAD");
                send(exchange, 405, TEXT, "only GET and HEAD\n");
                return;
            }
            switch (exchange.getRequestURI().getPath()) {
                case "/metrics" -> send(exchange, 200, EXPOSITION, metrics.get());
                case "/health/live" -> send(exchange, 200, TEXT, "live\n");
                case "/health/ready" -> {
                    Optional<String> obstacle = health.obstacle();
                    send(exchange, obstacle.isEmpty() ? 200 : 503, TEXT, obstacle.orElse("ready") + "\n");
                }
                default -> send(exchange, 404, TEXT, "/metrics, /health/live, /health/ready\n");
            }
        } catch (RuntimeException fault) {
            LOG.error("metrics: a request failed", fault);
            throw fault;
        }
    }

    private static void send(HttpExchange exchange, int status, String type, String text) throws IOException {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", type);
        exchange.getResponseHeaders().set("Cache-Control", "no-store");
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.sendResponseHeaders(status, -1);
            return;
        }
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().write(body);
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdown();
    }
}
