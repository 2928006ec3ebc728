package org.postern.server;

import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.postern.server.Configuration.Service;
import org.postern.session.Listeners;
import org.postern.store.PosternStore;

/// How the server itself is.
final class ServerManagement {
    private final PosternStore store;
    private final CertificateKeeper certificates;
    private final Listeners listeners;
    private final RetiringListeners retiring;
    private final Path dataDirectory;

    ServerManagement(
            PosternStore store,
            CertificateKeeper certificates,
            Listeners listeners,
            RetiringListeners retiring,
            Path dataDirectory) {
        this.store = store;
        this.certificates = certificates;
        this.listeners = listeners;
        this.retiring = retiring;
        this.dataDirectory = dataDirectory;
    }

    Answer status() {
        List<Answer.Listener> bound = new ArrayList<>();
        for (Map.Entry<String, List<InetSocketAddress>> each : listeners.bound().entrySet()) {
            for (InetSocketAddress address : each.getValue()) {
                bound.add(new Answer.Listener(
                        each.getKey(),
                        address.getAddress().getHostAddress(),
                        address.getPort(),
                        security(Service.valueOf(each.getKey().toUpperCase(Locale.ROOT)))));
            }
        }
        for (Path socket : listeners.sockets()) {
            bound.add(new Answer.Listener(Service.LMTP.serviceName(), socket.toString(), 0, security(Service.LMTP)));
        }
        return new Answer.Status(
                Main.VERSION,
                ProcessHandle.current().pid(),
                Instant.ofEpochMilli(ManagementFactory.getRuntimeMXBean().getStartTime()),
                dataDirectory.toString(),
                store.healthy() ? "healthy" : "refusing-changes",
                listeners.sessions().size(),
                certificates.served().served().stream()
                        .map(served -> served.leaf().getNotAfter().toInstant())
                        .min(Comparator.naturalOrder()),
                bound,
                retiring.closing());
    }

    static String security(Service service) {
        return switch (service.security) {
            case IMPLICIT_TLS -> "implicit-tls";
            case STARTTLS -> "starttls";
        };
    }
}
