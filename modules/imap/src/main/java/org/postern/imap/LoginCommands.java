package org.postern.imap;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.stream.Collectors;
import org.postern.auth.Authenticator;
import org.postern.auth.LoginResult;
import org.postern.auth.PlainCredentials;
import org.postern.auth.Principal;
import org.postern.auth.SaslExchange;
import org.postern.auth.SaslMechanisms;
import org.postern.auth.SaslStep;
import org.postern.imap.CommandRefused.Code;
import org.postern.session.Connection;
import org.postern.session.TlsFacts;

/// The commands before login (RFC 3501 §6.2) and what the server says it can do.
final class LoginCommands {
    private static final String AFTER_LOGIN =
            " IDLE NAMESPACE UIDPLUS MOVE UNSELECT CHILDREN SPECIAL-USE CREATE-SPECIAL-USE ESEARCH SEARCHRES"
                    + " LIST-EXTENDED LIST-STATUS STATUS=SIZE MULTIAPPEND BINARY UTF8=ACCEPT QUOTA QUOTA=RES-STORAGE"
                    + " QUOTA=RES-MESSAGE APPENDLIMIT=";

    private final Connection connection;
    private final ImapSettings settings;
    private final Authenticator authenticator;
    private final SaslMechanisms mechanisms;
    private final CommandReader reader;
    private final ResponseWriter writer;

    LoginCommands(
            Connection connection,
            ImapSettings settings,
            Authenticator authenticator,
            SaslMechanisms mechanisms,
            CommandReader reader,
            ResponseWriter writer) {
        this.connection = connection;
        this.settings = settings;
        this.authenticator = authenticator;
        this.mechanisms = mechanisms;
        this.reader = reader;
        this.writer = writer;
    }

    /// RFC 3501 §6.1.1. What depends on TLS changes with it: clients ask again (ST-17).
    String capabilities(boolean loggedIn) {
        String always = "IMAP4rev2 IMAP4rev1 " + settings.literals().capability() + " SASL-IR ID ENABLE";
        if (loggedIn) {
            return always + AFTER_LOGIN + settings.messageOctets();
        }
        StringBuilder capabilities = new StringBuilder(always);
        if (connection.mayStartTls()) {
            capabilities.append(" STARTTLS"); // R8314-17: only while it would work
        }
        if (connection.mayAuthenticate()) {
            capabilities.append(mechanisms.names(connection.loginSource()).stream()
                    .map(name -> " AUTH=" + name)
                    .collect(Collectors.joining()));
        } else {
            capabilities.append(" LOGINDISABLED"); // ST-10, RFC 3501 §6.2.3
        }
        return capabilities.toString();
    }

    /// RFC 3501 §6.2.1.
    void startTls(String tag) throws IOException {
        if (connection.tls().isPresent()) {
            throw BadCommand.wrongState("TLS is active already"); // ST-7, ST-8
        }
        if (!connection.mayStartTls()) {
            throw CommandRefused.refused(Code.UNAVAILABLE, "TLS is not available now");
        }
        connection.startTls((tag + " OK Begin TLS\r\n").getBytes(StandardCharsets.US_ASCII));
    }

    /// RFC 3501 §6.2.2, RFC 4959. Empty if the account has too many connections.
    Optional<Principal> authenticate(Command.Authenticate command) throws IOException {
        SaslExchange exchange = mechanisms
                .start(command.mechanism(), connection.loginSource())
                .orElseThrow(() -> CommandRefused.refused(Code.CANNOT, "That mechanism is not offered"));
        SaslStep step = command.initialResponse().map(exchange::respond).orElseGet(exchange::begin);
        while (step instanceof SaslStep.Challenge challenge) {
            writer.challenge(challenge.data());
            byte[] response = reader.readSaslResponse()
                    .orElseThrow(() -> BadCommand.syntax("Authentication cancelled")); // RFC 3501 §6.2.2
            step = exchange.respond(response);
        }
        return switch (step) {
            case SaslStep.Attempt attempt -> judge(attempt.credentials(), command.mechanism());
            case SaslStep.Judged judged -> told(judged.result(), command.mechanism());
            case SaslStep.Malformed malformed -> throw BadCommand.syntax(malformed.reason());
            case SaslStep.Challenge _ -> throw new IllegalStateException("still a challenge");
        };
    }

    /// R8314-5: on an implicit TLS port, where a client's certificate is that of one account.
    Optional<LoginResult.Accepted> byCertificate() {
        return connection.tls().filter(TlsFacts::implicit).isPresent()
                        && authenticator.recognizes(connection.loginSource())
                        && authenticator.external("", connection.loginSource()) instanceof LoginResult.Accepted accepted
                ? Optional.of(accepted)
                : Optional.empty();
    }

    /// RFC 3501 §6.2.3.
    Optional<Principal> login(Command.Login command) {
        return judge(new PlainCredentials("", command.userName(), command.password()), "LOGIN");
    }

    private Optional<Principal> judge(PlainCredentials credentials, String mechanism) {
        return told(authenticator.login(credentials, connection.loginSource()), mechanism);
    }

    private Optional<Principal> told(LoginResult result, String mechanism) {
        return switch (result) {
            case LoginResult.Accepted accepted ->
                connection.authenticated(accepted.principal(), mechanism)
                        ? Optional.of(accepted.principal())
                        : Optional.empty();
            case LoginResult.Refused _ -> {
                connection.authenticationFailed(mechanism);
                throw CommandRefused.refused(Code.AUTHENTICATIONFAILED, "Login failed"); // N-5: inside TLS only
            }
            case LoginResult.PasswordDue _ -> { // RFC 5530 §3
                connection.authenticationFailed(mechanism);
                throw CommandRefused.refused(Code.EXPIRED, "The password must be changed first");
            }
            case LoginResult.Unavailable _ -> {
                connection.authenticationFailed(mechanism);
                throw CommandRefused.refused(Code.UNAVAILABLE, "Logins are not possible now, try again later");
            }
        };
    }
}
