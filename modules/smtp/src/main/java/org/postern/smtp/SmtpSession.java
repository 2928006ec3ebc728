package org.postern.smtp;

import java.io.IOException;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.postern.auth.Authenticator;
import org.postern.auth.LoginResult;
import org.postern.auth.Principal;
import org.postern.auth.SaslExchange;
import org.postern.auth.SaslMechanisms;
import org.postern.auth.SaslStep;
import org.postern.session.Connection;
import org.postern.session.EndReason;
import org.postern.session.LineReader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One SMTP session, from greeting to QUIT, on its own virtual thread. Replies are buffered, so that a pipelined group
/// of commands gets one answer (RFC 2920).
public final class SmtpSession {
    private static final Logger LOG = LoggerFactory.getLogger(SmtpSession.class);
    private static final int LINE_OCTETS = 12_288; // RFC 4954 §4; RFC 5321 §4.5.3.1 asks for less
    private static final int REFUSALS = 20;

    private final Connection connection;
    private final Authenticator authenticator;
    private final SaslMechanisms mechanisms;
    private final SmtpRole role;
    private final SmtpSettings settings;
    private final LineReader lines;
    private final SmtpCommandReader reader;

    private State state = new State.Connected();
    private Optional<Principal> principal = Optional.empty();
    private int failedLogins;
    private int refusals;
    private boolean over;

    /// Where a session stands. Asking for what a state carries is the check.
    private sealed interface State {
        /// No EHLO yet, or TLS began since.
        record Connected() implements State {}

        record Greeted(String clientName, boolean extended) implements State {}

        record InTransaction(Greeted greeted, SmtpRole.Transaction transaction, List<String> recipients)
                implements State {}
    }

    public SmtpSession(
            Connection connection,
            Authenticator authenticator,
            SaslMechanisms mechanisms,
            SmtpRole role,
            SmtpSettings settings) {
        this.connection = connection;
        this.authenticator = authenticator;
        this.mechanisms = mechanisms;
        this.role = role;
        this.settings = settings;
        this.lines = new LineReader(connection, LINE_OCTETS);
        this.reader = new SmtpCommandReader(connection::mayAuthenticate);
    }

    /// What a server says when the session layer ends a session (RFC 5321 §3.8).
    public static byte[] farewell(EndReason reason) {
        Reply reply = switch (reason) {
            case ORDERLY, CLOSED, TRUNCATED -> Reply.of(421, "4.4.2", "Goodbye");
            case TIMEOUT, CLIENT_DOES_NOT_READ -> Reply.of(421, "4.4.2", "Idle for too long");
            case HANDSHAKE_FAILED, PLAINTEXT_INJECTED -> Reply.of(421, "4.7.0", "TLS failed");
            case TOO_MANY_CONNECTIONS -> Reply.of(421, "4.7.0", "Too many connections");
            case PROTOCOL_ABUSE -> Reply.of(421, "4.7.0", "Too many errors");
            case REVOKED -> Reply.of(421, "4.7.0", "Your access was changed; log in again");
            case SERVER_STOPPING -> Reply.of(421, "4.3.2", "Server is stopping");
            case INTERNAL_ERROR -> Reply.of(421, "4.3.0", "Internal error");
        };
        return reply.octets();
    }

    /// Runs the session until its end.
    public void run() throws IOException {
        try {
            write(new Reply(220, "", List.of(settings.hostName() + " ESMTP Postern")));
            while (!over) {
                if (connection.awaitInput()) {
                    oneCommand();
                } else if (connection.endRequested().isPresent()) {
                    EndReason reason = connection.endRequested().get();
                    connection.ending(reason);
                    connection.write(farewell(reason));
                    return;
                }
            }
        } finally {
            leaveTransaction();
        }
    }

    private void write(Reply reply) throws IOException {
        connection.write(reply.octets());
    }

    private void oneCommand() throws IOException {
        try {
            LineReader.Outcome outcome = lines.read();
            connection.countCommand();
            write(execute(command(outcome)));
        } catch (SmtpRefused refused) {
            write(refused.reply());
            refusals++;
            if (!reader.recognized() || refusals >= REFUSALS) {
                // ST-24: whoever does not speak SMTP, as a browser that was sent here, gets no second line
                connection.write(farewell(EndReason.PROTOCOL_ABUSE));
                connection.ending(EndReason.PROTOCOL_ABUSE);
                over = true;
            }
        } catch (RuntimeException fault) {
            LOG.error("session {}: a command failed", connection.id(), fault);
            leaveTransaction();
            write(Reply.of(451, "4.3.0", "Internal error, session " + connection.id()));
        }
    }

    private SmtpCommand command(LineReader.Outcome outcome) {
        return switch (outcome) {
            case LINE -> {
                String line = lines.text();
                lines.wipe(); // it may hold a password
                yield reader.read(line);
            }
            case TOO_LONG -> throw new SmtpRefused(500, "5.5.6", "Line too long");
            case BARE_CR_OR_LF ->
                throw new SmtpRefused(500, "5.5.2", "A line ends in CRLF and holds no other CR or LF");
        };
    }

    /// The server's table of contents.
    private Reply execute(SmtpCommand command) throws IOException {
        if (connection.tls().isEmpty()) {
            requireAllowedBeforeTls(command);
        }
        return switch (command) {
            case SmtpCommand.Ehlo ehlo -> greet(ehlo.clientName(), true);
            case SmtpCommand.Helo helo -> greet(helo.clientName(), false);
            case SmtpCommand.StartTls _ -> startTls();
            case SmtpCommand.Auth auth -> authenticate(auth);
            case SmtpCommand.Mail mail -> mail(mail);
            case SmtpCommand.Rcpt recipient -> recipient(recipient);
            case SmtpCommand.Data _ -> data();
            case SmtpCommand.Rset _ -> {
                leaveTransaction();
                yield Reply.of(250, "2.0.0", "Done");
            }
            case SmtpCommand.Noop _ -> Reply.of(250, "2.0.0", "Done");
            case SmtpCommand.Quit _ -> {
                over = true;
                yield Reply.of(221, "2.0.0", "Goodbye");
            }
            case SmtpCommand.Vrfy _ -> Reply.of(252, "2.5.0", "Send the message, and see"); // RFC 5321 §7.3
            case SmtpCommand.Help _ -> Reply.of(214, "2.0.0", "See RFC 5321");
        };
    }

    /// RFC 3207 §4: before TLS only NOOP, EHLO, STARTTLS and QUIT (ST-11).
    private static void requireAllowedBeforeTls(SmtpCommand command) {
        switch (command) {
            case SmtpCommand.Ehlo _, SmtpCommand.Noop _, SmtpCommand.StartTls _, SmtpCommand.Quit _ -> {}
            case SmtpCommand.Helo _,
                    SmtpCommand.Auth _,
                    SmtpCommand.Mail _,
                    SmtpCommand.Rcpt _,
                    SmtpCommand.Data _,
                    SmtpCommand.Rset _,
                    SmtpCommand.Vrfy _,
                    SmtpCommand.Help _ -> throw new SmtpRefused(530, "5.7.0", "Must issue a STARTTLS command first");
        }
    }

    // ---- states

    private State.Greeted greeted() {
        return switch (state) {
            case State.Greeted greeted -> greeted;
            case State.InTransaction transaction -> transaction.greeted();
            case State.Connected _ -> throw new SmtpRefused(503, "5.5.1", "Say EHLO first");
        };
    }

    private State.InTransaction transaction() {
        greeted();
        if (state instanceof State.InTransaction transaction) {
            return transaction;
        }
        throw new SmtpRefused(503, "5.5.1", "Say MAIL first");
    }

    private void leaveTransaction() {
        if (state instanceof State.InTransaction transaction) {
            state = transaction.greeted();
            transaction.transaction().close();
        }
    }

    // ---- greeting, TLS, login

    /// RFC 5321 §4.1.1.1: also ends a transaction.
    private Reply greet(String clientName, boolean extended) {
        leaveTransaction();
        state = new State.Greeted(clientName, extended);
        List<String> lines = new ArrayList<>();
        lines.add(settings.hostName());
        if (extended) {
            lines.add("PIPELINING");
            lines.add("SIZE " + settings.messageOctets());
            lines.add("8BITMIME");
            lines.add("ENHANCEDSTATUSCODES");
            if (connection.mayStartTls()) {
                lines.add("STARTTLS"); // R8314-17: only while it would work
            }
            if (connection.mayAuthenticate() && principal.isEmpty()) {
                lines.add("AUTH " + String.join(" ", mechanisms.names())); // ST-11: never before TLS
            }
        }
        return new Reply(250, "", lines);
    }

    /// RFC 3207 §4.
    private Reply startTls() throws IOException {
        if (connection.tls().isPresent()) {
            throw new SmtpRefused(503, "5.5.1", "TLS is active already"); // ST-7
        }
        greeted();
        if (!connection.mayStartTls()) {
            throw new SmtpRefused(454, "4.7.0", "TLS is not available now"); // ST-19
        }
        connection.startTls(Reply.of(220, "2.0.0", "Begin TLS").octets());
        // ST-4: as if the connection had just begun
        leaveTransaction();
        state = new State.Connected();
        return nothing();
    }

    /// For what was answered already.
    private static Reply nothing() {
        return new Reply(0, "", List.of());
    }

    /// RFC 4954 §4.
    private Reply authenticate(SmtpCommand.Auth auth) throws IOException {
        if (!greetedExtended() || principal.isPresent() || state instanceof State.InTransaction) {
            throw new SmtpRefused(
                    503, "5.5.1", principal.isPresent() ? "Already logged in" : "AUTH comes after EHLO, before MAIL");
        }
        SaslExchange exchange = mechanisms
                .start(auth.mechanism())
                .orElseThrow(() -> new SmtpRefused(504, "5.5.4", "That mechanism is not offered"));
        SaslStep step = auth.initialResponse().map(exchange::respond).orElseGet(exchange::begin);
        while (step instanceof SaslStep.Challenge challenge) {
            write(new Reply(334, "", List.of(Base64.getEncoder().encodeToString(challenge.data()))));
            step = exchange.respond(saslResponse());
        }
        return switch (step) {
            case SaslStep.Attempt attempt -> login(attempt, auth.mechanism());
            case SaslStep.Malformed malformed -> throw new SmtpRefused(501, "5.5.2", malformed.reason());
            case SaslStep.Challenge _ -> throw new IllegalStateException("still a challenge");
        };
    }

    private boolean greetedExtended() {
        return greeted().extended();
    }

    private byte[] saslResponse() throws IOException {
        LineReader.Outcome outcome = lines.read();
        String text = lines.text();
        lines.wipe();
        if (outcome != LineReader.Outcome.LINE) {
            throw new SmtpRefused(500, "5.5.6", "Authentication exchange line is too long"); // RFC 4954 §4
        }
        if (text.equals("*")) {
            throw new SmtpRefused(501, "5.0.0", "Authentication cancelled"); // RFC 4954 §4
        }
        return SmtpCommandReader.decodeBase64(text);
    }

    private Reply login(SaslStep.Attempt attempt, String mechanism) throws IOException {
        LoginResult result = authenticator.login(
                attempt.credentials(), connection.remoteAddress().getAddress());
        return switch (result) {
            case LoginResult.Accepted accepted -> {
                if (!connection.authenticated(accepted.principal(), mechanism)) {
                    over = true;
                    yield Reply.of(421, "4.7.0", "Too many connections of this account");
                }
                principal = Optional.of(accepted.principal());
                yield Reply.of(235, "2.7.0", "Logged in");
            }
            case LoginResult.Refused _ -> {
                connection.authenticationFailed(mechanism);
                if (++failedLogins >= settings.failedLogins()) {
                    connection.ending(EndReason.PROTOCOL_ABUSE);
                    over = true;
                    yield Reply.of(421, "4.7.0", "Too many failed logins");
                }
                throw new SmtpRefused(535, "5.7.8", "Login failed");
            }
            case LoginResult.Unavailable _ -> {
                connection.authenticationFailed(mechanism);
                throw new SmtpRefused(454, "4.7.0", "Logins are not possible now, try again later");
            }
        };
    }

    // ---- mail

    /// RFC 5321 §4.1.1.2.
    private Reply mail(SmtpCommand.Mail mail) {
        State.Greeted greeted = greeted();
        if (state instanceof State.InTransaction) {
            throw new SmtpRefused(503, "5.5.1", "A transaction is open already");
        }
        if (role.requiresLogin() && principal.isEmpty()) {
            throw new SmtpRefused(530, "5.7.0", "Authentication required"); // N-1, RFC 4954 §6
        }
        if (mail.size().orElse(0) > settings.messageOctets()) {
            throw tooLarge(); // RFC 1870 §6.1
        }
        SmtpRole.Transaction transaction =
                role.begin(new SmtpRole.Client(principal, connection.id()), mail.reversePath());
        state = new State.InTransaction(greeted, transaction, new ArrayList<>());
        return Reply.of(250, "2.1.0", "Sender accepted");
    }

    private SmtpRefused tooLarge() {
        return new SmtpRefused(552, "5.3.4", "The limit is " + settings.messageOctets() + " octets");
    }

    /// RFC 5321 §4.1.1.3.
    private Reply recipient(SmtpCommand.Rcpt command) {
        State.InTransaction transaction = transaction();
        if (transaction.recipients().size() >= settings.recipients()) {
            throw new SmtpRefused(452, "4.5.3", "The limit is " + settings.recipients() + " recipients");
        }
        transaction.transaction().addRecipient(command.forwardPath());
        transaction.recipients().add(command.forwardPath());
        return Reply.of(250, "2.1.5", "Recipient accepted");
    }

    /// RFC 5321 §4.1.1.4.
    private Reply data() throws IOException {
        State.InTransaction transaction = transaction();
        if (transaction.recipients().isEmpty()) {
            throw new SmtpRefused(554, "5.5.1", "No valid recipients"); // RFC 5321 §3.3
        }
        DataReader data = new DataReader(
                transaction.transaction().content(received(transaction).field()), settings.messageOctets());
        write(new Reply(354, "", List.of("Send the message, and a line with a dot alone")));
        try {
            return switch (data.read(connection)) {
                case NONE -> transaction.transaction().deliver();
                case TOO_LARGE -> throw tooLarge();
                case BARE_CR_OR_LF ->
                    throw new SmtpRefused(554, "5.6.0", "The message holds a CR or LF that is not part of a CRLF");
                case NUL -> throw new SmtpRefused(554, "5.6.0", "The message holds a NUL octet");
                case NOT_STORED -> {
                    LOG.error("session {}: a message cannot be stored", connection.id(), data.failure());
                    throw new SmtpRefused(452, "4.3.1", "The message cannot be stored now, try again later");
                }
            };
        } finally {
            leaveTransaction(); // RFC 5321 §4.1.1.4: whatever became of it
        }
    }

    private Received received(State.InTransaction transaction) {
        return new Received(
                transaction.greeted().clientName(),
                connection.remoteAddress().getAddress(),
                settings.hideClientAddress() && principal.isPresent(),
                settings.hostName(),
                protocolName(transaction.greeted()),
                connection.id(),
                transaction.recipients().size() == 1
                        ? Optional.of(transaction.recipients().getFirst())
                        : Optional.empty(), // RFC 5321 §7.2: one recipient must not learn of another
                connection.tls(),
                OffsetDateTime.now(ZoneOffset.UTC));
    }

    /// RFC 3848.
    private String protocolName(State.Greeted greeted) {
        return greeted.extended()
                ? "ESMTP" + (connection.tls().isPresent() ? "S" : "") + (principal.isPresent() ? "A" : "")
                : "SMTP";
    }
}
