package org.postern.imap;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.postern.auth.Authenticator;
import org.postern.auth.SaslMechanisms;
import org.postern.session.Connection;
import org.postern.session.EndReason;
import org.postern.session.Protocol;
import org.postern.store.Store;

/// IMAP4rev1 (RFC 3501) for the session layer: the module's one public face.
public final class ImapProtocol implements Protocol {
    private final Authenticator authenticator;
    private final SaslMechanisms mechanisms;
    private final Store store;
    private final ImapSettings settings;
    /// Searches through text: virtual threads are not time-sliced, so long CPU work has threads of its own.
    private final ExecutorService scans = Executors.newFixedThreadPool(
            Runtime.getRuntime().availableProcessors(),
            Thread.ofPlatform().daemon().name("imap-search-", 0).factory());

    public ImapProtocol(Authenticator authenticator, SaslMechanisms mechanisms, Store store, ImapSettings settings) {
        this.authenticator = authenticator;
        this.mechanisms = mechanisms;
        this.store = store;
        this.settings = settings;
    }

    @Override
    public String name() {
        return "imap";
    }

    @Override
    public List<String> applicationProtocols() {
        return List.of("imap"); // RFC 7301 registry; TLS-5
    }

    @Override
    public void serve(Connection connection) throws IOException {
        new ImapSession(connection, authenticator, mechanisms, store, settings, scans).run();
    }

    @Override
    public byte[] farewell(EndReason reason) {
        return farewellOf(reason);
    }

    static byte[] farewellOf(EndReason reason) {
        return ("* BYE " + text(reason) + "\r\n").getBytes(StandardCharsets.US_ASCII);
    }

    private static String text(EndReason reason) {
        return switch (reason) {
            case ORDERLY, CLOSED, TRUNCATED -> "Goodbye";
            case TIMEOUT, CLIENT_DOES_NOT_READ -> "Idle for too long";
            case HANDSHAKE_FAILED, PLAINTEXT_INJECTED -> "TLS failed";
            case TLS_RETIRED -> "[PRIVACYREQUIRED] This server needs TLS 1.2 or later, which a newer mail program has";
            case TOO_MANY_CONNECTIONS -> "[LIMIT] Too many connections";
            case ADDRESS_NOT_ALLOWED -> "Not from your address";
            case PROTOCOL_ABUSE -> "Too many errors";
            case REVOKED -> "[UNAVAILABLE] Your access was changed; log in again";
            case SERVER_STOPPING -> "[UNAVAILABLE] Server is stopping";
            case INTERNAL_ERROR -> "[SERVERBUG] Internal error";
        };
    }
}
