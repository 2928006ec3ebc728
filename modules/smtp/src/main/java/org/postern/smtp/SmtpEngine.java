package org.postern.smtp;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.postern.auth.Authenticator;
import org.postern.auth.SaslMechanisms;
import org.postern.session.Connection;
import org.postern.session.EndReason;

/// The server side of SMTP (RFC 5321) in one role. One instance serves all sessions of the role.
public final class SmtpEngine {
    private final Authenticator authenticator;
    private final SaslMechanisms mechanisms;
    private final SmtpRole role;
    private final SmtpSettings settings;

    public SmtpEngine(Authenticator authenticator, SaslMechanisms mechanisms, SmtpRole role, SmtpSettings settings) {
        this.authenticator = authenticator;
        this.mechanisms = mechanisms;
        this.role = role;
        this.settings = settings;
    }

    /// Runs one session from greeting to end.
    public void serve(Connection connection) throws IOException {
        new SmtpSession(connection, authenticator, mechanisms, role, settings).run();
    }

    /// The reply that ends a session out of turn, CRLF included.
    public byte[] farewell(EndReason reason) {
        return farewell(settings.hostName(), reason);
    }

    /// RFC 5321 §3.8, §4.2.1: 421, with the name of the server.
    static byte[] farewell(String hostName, EndReason reason) {
        String text = switch (reason) {
            case ORDERLY, CLOSED, TRUNCATED -> "4.4.2 " + hostName + " Connection closed";
            case TIMEOUT, CLIENT_DOES_NOT_READ -> "4.4.2 " + hostName + " Idle for too long";
            case HANDSHAKE_FAILED, PLAINTEXT_INJECTED -> "4.7.0 " + hostName + " TLS failed";
            case TLS_RETIRED -> "5.7.0 " + hostName + " This server needs TLS 1.2 or later";
            case TOO_MANY_CONNECTIONS -> "4.7.0 " + hostName + " Too many connections";
            case ADDRESS_NOT_ALLOWED -> "4.7.1 " + hostName + " Not from your address";
            case PROTOCOL_ABUSE -> "4.7.0 " + hostName + " Too many errors";
            case REVOKED -> "4.7.0 " + hostName + " Your access was changed; log in again";
            case SERVER_STOPPING -> "4.3.2 " + hostName + " Server is stopping";
            case INTERNAL_ERROR -> "4.3.0 " + hostName + " Internal error";
        };
        // ST-22, RFC 3207 §4.1: for good; the next connection of this client will be no better
        String code = reason == EndReason.TLS_RETIRED ? "554 " : "421 ";
        return (code + text + "\r\n").getBytes(StandardCharsets.US_ASCII);
    }
}
