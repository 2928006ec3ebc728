package org.postern.smtp;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import org.postern.auth.Authenticator;
import org.postern.auth.LoginResult;
import org.postern.auth.Principal;
import org.postern.auth.SaslExchange;
import org.postern.auth.SaslMechanisms;
import org.postern.auth.SaslStep;
import org.postern.session.Connection;
import org.postern.session.LineReader;

/// STARTTLS (RFC 3207) and AUTH (RFC 4954).
final class LoginCommands {
    private static final int RESPONSE_OCTETS = 12_288; // RFC 4954 §4
    static final int LOGIN_REFUSED = 535;

    private final Connection connection;
    private final Authenticator authenticator;
    private final SaslMechanisms mechanisms;
    private final ReplyWriter writer;

    LoginCommands(Connection connection, Authenticator authenticator, SaslMechanisms mechanisms, ReplyWriter writer) {
        this.connection = connection;
        this.authenticator = authenticator;
        this.mechanisms = mechanisms;
        this.writer = writer;
    }

    String offeredMechanisms() {
        return String.join(" ", mechanisms.names(connection.loginSource()));
    }

    /// RFC 3207 §4.
    void startTls() throws IOException {
        if (connection.tls().isPresent()) {
            throw SmtpRefusal.wrongState("TLS is active already"); // ST-7
        }
        if (!connection.mayStartTls()) {
            throw SmtpRefusal.refused(454, "4.7.0", "TLS is not available now"); // ST-19
        }
        SmtpReply ready = new SmtpReply(220, "2.0.0", "Begin TLS");
        connection.startTls((ready + "\r\n").getBytes(StandardCharsets.US_ASCII));
    }

    /// RFC 4954 §4. Empty if the account has too many connections.
    Optional<Principal> authenticate(SmtpCommand.Auth command) throws IOException {
        SaslExchange exchange = mechanisms
                .start(command.mechanism(), connection.loginSource())
                .orElseThrow(() -> SmtpRefusal.refused(504, "5.5.4", "That mechanism is not offered"));
        SaslStep step = command.initialResponse().isPresent()
                ? exchange.respond(decode(command.initialResponse().get()))
                : exchange.begin();
        while (step instanceof SaslStep.Challenge challenge) {
            writer.challenge(challenge.data());
            step = exchange.respond(readResponse());
        }
        return switch (step) {
            case SaslStep.Attempt attempt ->
                told(authenticator.login(attempt.credentials(), connection.loginSource()), command.mechanism());
            case SaslStep.Judged judged -> told(judged.result(), command.mechanism());
            case SaslStep.Malformed malformed -> throw SmtpRefusal.refused(501, "5.5.2", malformed.reason());
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
            throw SmtpRefusal.refused(500, "5.5.6", "Authentication exchange line is too long or malformed");
        }
        if (octets.length == 1 && octets[0] == '*') {
            throw SmtpRefusal.refused(501, "5.7.0", "Authentication cancelled");
        }
        return decode(octets);
    }

    /// Strict Base64 (RFC 4954 §4, §8). Overwrites its input.
    private static byte[] decode(byte[] base64) {
        try {
            if (base64.length % 4 != 0) { // the decoder of the JDK would do without padding
                throw new IllegalArgumentException();
            }
            return Base64.getDecoder().decode(base64);
        } catch (IllegalArgumentException e) {
            throw SmtpRefusal.refused(501, "5.5.2", "Not Base64");
        } finally {
            Arrays.fill(base64, (byte) 0);
        }
    }

    private Optional<Principal> told(LoginResult result, String mechanism) {
        return switch (result) {
            case LoginResult.Accepted accepted ->
                connection.authenticated(accepted.principal(), mechanism)
                        ? Optional.of(accepted.principal())
                        : Optional.empty();
            case LoginResult.Refused _ -> {
                connection.authenticationFailed(mechanism);
                throw SmtpRefusal.refused(LOGIN_REFUSED, "5.7.8", "Login failed"); // RFC 4954 §6
            }
            case LoginResult.PasswordDue _ -> {
                connection.authenticationFailed(mechanism);
                throw SmtpRefusal.refused(LOGIN_REFUSED, "5.7.8", "The password must be changed first");
            }
            case LoginResult.Unavailable _ -> {
                connection.authenticationFailed(mechanism);
                throw SmtpRefusal.refused(454, "4.7.0", "Logins are not possible now, try again later");
            }
        };
    }
}
