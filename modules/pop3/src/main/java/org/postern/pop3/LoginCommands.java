package org.postern.pop3;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import org.postern.auth.Authenticator;
import org.postern.auth.LoginResult;
import org.postern.auth.PlainCredentials;
import org.postern.auth.Principal;
import org.postern.auth.SaslExchange;
import org.postern.auth.SaslMechanisms;
import org.postern.auth.SaslStep;
import org.postern.pop3.CommandRefused.Code;
import org.postern.session.Connection;
import org.postern.session.LineReader;

/// STLS (RFC 2595 §4), PASS (RFC 1939 §7) and AUTH (RFC 5034). What they accept is an identity, not yet a
/// session.
final class LoginCommands {
    private static final int RESPONSE_OCTETS = 12_288; // as for SMTP, RFC 4954 §4; RFC 5034 §4 names no bound

    private final Connection connection;
    private final Authenticator authenticator;
    private final SaslMechanisms mechanisms;

    LoginCommands(Connection connection, Authenticator authenticator, SaslMechanisms mechanisms) {
        this.connection = connection;
        this.authenticator = authenticator;
        this.mechanisms = mechanisms;
    }

    String offeredMechanisms() {
        return String.join(" ", mechanisms.names(connection.loginSource()));
    }

    /// RFC 2595 §4.
    void stls() throws IOException {
        if (connection.tls().isPresent()) {
            throw BadCommand.wrongState("Already inside TLS"); // ST-7
        }
        if (!connection.mayStartTls()) {
            throw CommandRefused.refused(Code.SYS_TEMP, "TLS is not available now"); // ST-19
        }
        connection.startTls("+OK Begin TLS\r\n".getBytes(StandardCharsets.US_ASCII));
    }

    /// RFC 1939 §7.
    Principal pass(Optional<String> userName, Command.Pass pass) {
        String name = userName.orElseThrow(() -> BadCommand.wrongState("Say USER first"));
        return judge(new PlainCredentials("", name, pass.password()), "USER");
    }

    /// RFC 5034 §4.
    Principal authenticate(Command.Auth command, ResponseWriter writer) throws IOException {
        SaslExchange exchange = mechanisms
                .start(command.mechanism(), connection.loginSource())
                .orElseThrow(() -> CommandRefused.refused("That mechanism is not offered"));
        SaslStep step = command.initialResponse().isPresent()
                ? exchange.respond(decode(command.initialResponse().get()))
                : exchange.begin();
        while (step instanceof SaslStep.Challenge challenge) {
            writer.challenge(challenge.data());
            step = exchange.respond(readResponse());
        }
        return switch (step) {
            case SaslStep.Attempt attempt -> judge(attempt.credentials(), command.mechanism());
            case SaslStep.Judged judged -> told(judged.result(), command.mechanism());
            case SaslStep.Malformed malformed -> throw BadCommand.syntax(malformed.reason());
            case SaslStep.Challenge _ -> throw new IllegalStateException("still a challenge");
        };
    }

    private byte[] readResponse() throws IOException {
        var line = new LineReader(connection, RESPONSE_OCTETS);
        LineReader.Outcome outcome = line.read();
        byte[] octets = line.octets();
        line.wipe();
        if (outcome != LineReader.Outcome.LINE) {
            Arrays.fill(octets, (byte) 0);
            throw BadCommand.syntax("The response is too long or malformed");
        }
        if (octets.length == 1 && octets[0] == '*') {
            throw BadCommand.syntax("Authentication cancelled"); // RFC 5034 §4
        }
        return decode(octets);
    }

    /// Strict Base64. Overwrites its input.
    private static byte[] decode(byte[] base64) {
        try {
            if (base64.length % 4 != 0) { // the decoder of the JDK would do without padding
                throw new IllegalArgumentException();
            }
            return Base64.getDecoder().decode(base64);
        } catch (IllegalArgumentException e) {
            throw BadCommand.syntax("Not Base64");
        } finally {
            Arrays.fill(base64, (byte) 0);
        }
    }

    private Principal judge(PlainCredentials credentials, String mechanism) {
        return told(authenticator.login(credentials, connection.loginSource()), mechanism);
    }

    private Principal told(LoginResult result, String mechanism) {
        return switch (result) {
            case LoginResult.Accepted accepted -> accepted.principal();
            case LoginResult.Refused _ -> {
                connection.authenticationFailed(mechanism);
                throw CommandRefused.refused(Code.AUTH, "Login failed"); // RFC 3206 §5
            }
            case LoginResult.PasswordDue _ -> {
                connection.authenticationFailed(mechanism);
                throw CommandRefused.refused(Code.AUTH, "The password must be changed first");
            }
            case LoginResult.Unavailable _ -> {
                connection.authenticationFailed(mechanism);
                throw CommandRefused.refused(Code.SYS_TEMP, "Logins are not possible now, try again later");
            }
        };
    }
}
