package org.postern.pop3;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.postern.auth.Authenticator;
import org.postern.auth.SaslMechanisms;
import org.postern.session.Connection;
import org.postern.session.EndReason;
import org.postern.session.Protocol;
import org.postern.store.Store;

/// POP3 (RFC 1939) for the session layer: the module's one public face.
public final class Pop3Protocol implements Protocol {
    private final Authenticator authenticator;
    private final SaslMechanisms mechanisms;
    private final Store store;
    private final Pop3Settings settings;
    private final MaildropLocks locks;
    private final MessageSizes sizes;

    public Pop3Protocol(Authenticator authenticator, SaslMechanisms mechanisms, Store store, Pop3Settings settings) {
        this(authenticator, mechanisms, store, settings, new MaildropLocks(), new MessageSizes());
    }

    private Pop3Protocol(
            Authenticator authenticator,
            SaslMechanisms mechanisms,
            Store store,
            Pop3Settings settings,
            MaildropLocks locks,
            MessageSizes sizes) {
        this.authenticator = authenticator;
        this.mechanisms = mechanisms;
        this.store = store;
        this.settings = settings;
        this.locks = locks;
        this.sizes = sizes;
    }

    /// For sessions to come, with other settings and the same locks: a maildrop belongs to one session, whenever that
    /// began.
    public Pop3Protocol with(Pop3Settings changed) {
        return new Pop3Protocol(authenticator, mechanisms, store, changed, locks, sizes);
    }

    @Override
    public String name() {
        return "pop3";
    }

    @Override
    public List<String> applicationProtocols() {
        return List.of("pop3"); // RFC 7301 registry; TLS-5
    }

    @Override
    public void serve(Connection connection) throws IOException {
        var logins = new LoginCommands(connection, authenticator, mechanisms);
        new Pop3Session(connection, logins, store.mailboxes(), locks, sizes, settings).run();
    }

    @Override
    public byte[] farewell(EndReason reason) {
        return farewellOf(reason);
    }

    /// RFC 1939 §3: whoever is idle for too long gets no word, lest the client takes it for an answer to
    /// what it says next. The other farewells may be taken so: the session is over before its QUIT could
    /// have been obeyed.
    static byte[] farewellOf(EndReason reason) {
        String line = switch (reason) {
            case ORDERLY, CLOSED, TRUNCATED, TIMEOUT, CLIENT_DOES_NOT_READ -> "";
            case HANDSHAKE_FAILED, PLAINTEXT_INJECTED -> "-ERR TLS failed\r\n";
            case TLS_RETIRED ->
                "-ERR [SYS/PERM] This server needs TLS 1.2 or later, which a newer mail program has\r\n";
            case TOO_MANY_CONNECTIONS -> "-ERR [SYS/TEMP] Too many connections\r\n";
            case ADDRESS_NOT_ALLOWED -> "-ERR [SYS/PERM] Not from your address\r\n";
            case PROTOCOL_ABUSE -> "-ERR Too many errors\r\n";
            case REVOKED -> "-ERR [AUTH] Your access was changed; log in again\r\n";
            case SERVER_STOPPING -> "-ERR [SYS/TEMP] Server is stopping\r\n";
            case INTERNAL_ERROR -> "-ERR [SYS/TEMP] Internal error\r\n";
        };
        return line.getBytes(StandardCharsets.US_ASCII);
    }
}
