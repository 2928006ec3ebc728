package org.postern.smtp;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.postern.auth.Authenticator;
import org.postern.auth.Principal;
import org.postern.auth.SaslMechanisms;
import org.postern.session.Connection;
import org.postern.session.EndReason;
import org.postern.session.LineReader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One SMTP session, from greeting to QUIT, on its own virtual thread.
///
/// Two kinds of error are told apart, here only: an [SmtpRefusal] is answered with its reply, anything else
/// is a fault of ours, logged and answered 451. An IOException ends the session.
final class SmtpSession {
    private static final Logger LOG = LoggerFactory.getLogger(SmtpSession.class);
    private static final int LINE_OCTETS = 8 * 1024;
    private static final int BUFFER_OCTETS = 16 * 1024;
    /// A message that is refused already is read to its end, but not for ever.
    private static final long SKIPPED_OCTETS = 64L * 1024 * 1024;

    private final Connection connection;
    private final SmtpRole role;
    private final SmtpSettings settings;
    private final ReplyWriter writer;
    private final LineReader lines;
    private final SmtpCommandReader reader;
    private final LoginCommands logins;

    private State state = new State.Connected();
    private Optional<Principal> principal = Optional.empty();
    private int failedLogins;
    private int messages;

    SmtpSession(
            Connection connection,
            Authenticator authenticator,
            SaslMechanisms mechanisms,
            SmtpRole role,
            SmtpSettings settings) {
        this.connection = connection;
        this.role = role;
        this.settings = settings;
        this.writer = new ReplyWriter(connection);
        this.lines = new LineReader(connection, LINE_OCTETS);
        this.reader = new SmtpCommandReader(settings.dialect(), connection::mayAuthenticate);
        this.logins = new LoginCommands(connection, authenticator, mechanisms, writer);
    }

    void run() throws IOException {
        try {
            writer.greeting(settings.hostName(), settings.dialect());
            while (!(state instanceof State.Ended)) {
                if (connection.endRequested().isPresent()) {
                    end(connection.endRequested().get());
                } else if (connection.awaitInput()) {
                    oneCommand();
                }
            }
        } finally {
            endTransaction();
        }
    }

    private void oneCommand() throws IOException {
        try {
            SmtpCommand command = readCommand();
            connection.countCommand(reader.name());
            if (!(command instanceof SmtpCommand.Bdat)) { // whose octets come first
                requireTls(command);
            }
            execute(command);
            connection.obeyed();
        } catch (SmtpRefusal refusal) {
            answerRefused(refusal.reply());
        } catch (RuntimeException fault) {
            writer.reply(internalError(fault).reply());
        }
    }

    private SmtpCommand readCommand() throws IOException {
        LineReader.Outcome outcome = lines.read();
        byte[] line = lines.octets();
        lines.wipe();
        try {
            return switch (outcome) {
                case LINE -> reader.read(line);
                case TOO_LONG -> throw SmtpRefusal.refused(500, "5.5.2", "Line too long"); // RFC 5321 §4.5.3.1.9
                case BARE_CR_OR_LF ->
                    throw SmtpRefusal.refused(500, "5.5.2", "Lines end in CRLF and nothing else"); // RFC 5321 §2.3.8
            };
        } finally {
            Arrays.fill(line, (byte) 0); // after AUTH it holds a password
        }
    }

    private void answerRefused(SmtpReply reply) throws IOException {
        writer.reply(reply);
        if (reply.code() == LoginCommands.LOGIN_REFUSED && ++failedLogins >= settings.failedLogins()) {
            end(EndReason.PROTOCOL_ABUSE);
        } else if (reply.code() < 510 && reply.code() >= 500) {
            // ST-24: whoever does not speak SMTP, as a browser that was sent here, gets no second line
            // RFC 3030 §2: after a BDAT that cannot be read, nobody knows where the next command begins
            boolean lost = reply.code() == 501 && reader.name().equals("BDAT");
            if (lost || !reader.recognized() || (!mayHaveBeenSentAhead(reply) && connection.tooManyErrors())) {
                end(EndReason.PROTOCOL_ABUSE);
            }
        }
    }

    /// RFC 2920 §3.1: a client that sends its transaction ahead cannot know yet that MAIL was refused.
    private boolean mayHaveBeenSentAhead(SmtpReply reply) {
        return reply.code() == 503
                && switch (reader.name()) {
                    case "RCPT", "DATA", "BDAT" -> true;
                    default -> false;
                };
    }

    /// RFC 3207 §4, ST-11: "a server that requires TLS" answers all but four commands so.
    private void requireTls(SmtpCommand command) {
        if (!settings.requireTls() || connection.tls().isPresent()) {
            return;
        }
        switch (command) {
            case SmtpCommand.Ehlo _, SmtpCommand.StartTls _, SmtpCommand.Noop _, SmtpCommand.Quit _ -> {}
            case SmtpCommand.Helo _,
                    SmtpCommand.Auth _,
                    SmtpCommand.Mail _,
                    SmtpCommand.Rcpt _,
                    SmtpCommand.Data _,
                    SmtpCommand.Bdat _,
                    SmtpCommand.Rset _,
                    SmtpCommand.Vrfy _,
                    SmtpCommand.Help _ ->
                throw SmtpRefusal.refused(530, "5.7.0", "Must issue a STARTTLS command first");
        }
    }

    /// The engine's table of contents.
    private void execute(SmtpCommand command) throws IOException {
        switch (command) {
            case SmtpCommand.Ehlo ehlo -> {
                greeted(ehlo.client(), true);
                writer.hello(settings.hostName(), extensions());
            }
            case SmtpCommand.Helo helo -> {
                greeted(helo.client(), false);
                writer.hello(settings.hostName(), List.of());
            }
            case SmtpCommand.StartTls _ -> startTls();
            case SmtpCommand.Auth auth -> authenticate(auth);
            case SmtpCommand.Mail mail -> mail(mail);
            case SmtpCommand.Rcpt rcpt -> recipient(rcpt);
            case SmtpCommand.Data _ -> data();
            case SmtpCommand.Bdat bdat -> chunk(bdat);
            case SmtpCommand.Rset _ -> {
                endTransaction();
                writer.ok("2.0.0", "Reset");
            }
            case SmtpCommand.Vrfy _ -> {
                requireLogin();
                // RFC 5321 §7.3: says nothing of who is here
                writer.reply(new SmtpReply(252, "2.5.0", "Send a message and it will be tried"));
            }
            case SmtpCommand.Help _ -> writer.reply(new SmtpReply(214, "2.0.0", "See RFC 5321 and RFC 6409"));
            case SmtpCommand.Noop _ -> writer.ok("2.0.0", "Done");
            case SmtpCommand.Quit _ -> {
                writer.reply(new SmtpReply(221, "2.0.0", "Goodbye"));
                connection.ending(EndReason.ORDERLY);
                leave();
            }
        }
    }

    // ---- states; asking for one is the check

    /// RFC 5321 §4.1.4: EHLO forgets a transaction.
    private void greeted(String client, boolean extended) {
        endTransaction();
        state = new State.Greeted(client, extended);
    }

    private State.Greeted greeted() {
        return switch (state) {
            case State.Greeted greeted -> greeted;
            case State.InTransaction _ -> throw SmtpRefusal.wrongState("A transaction is open already");
            case State.Connected _, State.Ended _ -> throw SmtpRefusal.wrongState("Say " + hello() + " first");
        };
    }

    private String hello() {
        return settings.dialect() == SmtpDialect.LMTP ? "LHLO" : "EHLO";
    }

    private State.InTransaction transaction() {
        return switch (state) {
            case State.InTransaction open -> open;
            case State.Greeted _, State.Connected _, State.Ended _ -> throw SmtpRefusal.wrongState("Say MAIL first");
        };
    }

    private void endTransaction() {
        if (state instanceof State.InTransaction open) {
            state = open.greeted();
            open.transaction().close();
        }
    }

    private void leave() {
        endTransaction();
        state = new State.Ended();
    }

    private void end(EndReason reason) throws IOException {
        connection.write(SmtpEngine.farewell(settings.hostName(), reason));
        connection.ending(reason);
        leave();
    }

    // ---- what holds now (RFC 5321 §4.1.1.1); clients ask again after STARTTLS and AUTH (ST-17)

    private List<String> extensions() {
        List<String> extensions = new ArrayList<>(List.of(
                "PIPELINING",
                "SIZE " + settings.maximumMessageOctets(),
                "8BITMIME",
                "ENHANCEDSTATUSCODES",
                "CHUNKING",
                "BINARYMIME",
                "SMTPUTF8",
                "LIMITS RCPTMAX=" + settings.maximumRecipients())); // RFC 9422
        if (settings.dialect() == SmtpDialect.SMTP) {
            extensions.add("DSN"); // RFC 3461
        }
        if (connection.mayStartTls()) {
            extensions.add("STARTTLS"); // R8314-17: only while it would work
        }
        if (settings.dialect() == SmtpDialect.SMTP && connection.mayAuthenticate() && principal.isEmpty()) {
            extensions.add("AUTH " + logins.offeredMechanisms()); // ST-11: never before TLS
        }
        return extensions;
    }

    private void startTls() throws IOException {
        logins.startTls();
        leave();
        state = new State.Connected(); // ST-4, RFC 3207 §4.2: all that was said before is forgotten
    }

    private void authenticate(SmtpCommand.Auth auth) throws IOException {
        try {
            if (!greeted().extended()) {
                throw SmtpRefusal.wrongState("Say " + hello() + " first");
            }
            if (principal.isPresent()) {
                throw SmtpRefusal.wrongState("Already logged in"); // RFC 4954 §4
            }
            principal = logins.authenticate(auth);
        } finally {
            auth.initialResponse().ifPresent(response -> Arrays.fill(response, (byte) 0));
        }
        if (principal.isPresent()) {
            writer.reply(new SmtpReply(235, "2.7.0", "Logged in"));
        } else {
            end(EndReason.TOO_MANY_CONNECTIONS);
        }
    }

    /// RFC 4954 §6, RFC 6409 §4.3, N-1
    private void requireLogin() {
        if (settings.requireAuthentication() && principal.isEmpty()) {
            throw SmtpRefusal.refused(530, "5.7.0", "Authentication required");
        }
    }

    // ---- RFC 5321 §3.3

    private void mail(SmtpCommand.Mail mail) throws IOException {
        State.Greeted greeted = greeted();
        requireLogin();
        if (mail.size().orElse(0) > settings.maximumMessageOctets()) {
            throw SmtpRefusal.refused(
                    552, "5.3.4", "No message may be larger than " + settings.maximumMessageOctets() + " octets");
        }
        var client = new SmtpRole.Client(connection.id(), connection.remoteAddress(), principal);
        requireSmtpUtf8(
                mail.reversePath().map(MailAddress::isInternational).orElse(false),
                mail.parameters().smtpUtf8());
        SmtpRole.Transaction transaction = role.begin(client, mail.reversePath(), mail.parameters());
        state = new State.InTransaction(greeted, mail.parameters(), transaction, new ArrayList<>(), Optional.empty());
        writer.ok("2.1.0", "Sender accepted");
    }

    /// RFC 6531 §3.5
    private static void requireSmtpUtf8(boolean international, boolean smtpUtf8) {
        if (international && !smtpUtf8) {
            throw SmtpRefusal.refused(553, "5.6.7", "An address beyond ASCII needs MAIL with SMTPUTF8");
        }
    }

    private void recipient(SmtpCommand.Rcpt rcpt) throws IOException {
        State.InTransaction open = transaction();
        requireNoChunks(open);
        requireSmtpUtf8(
                rcpt.forwardPath().isInternational() || rcpt.parameters().isInternational(),
                open.parameters().smtpUtf8());
        if (open.recipients().size() >= settings.maximumRecipients()) {
            throw SmtpRefusal.refused(452, "4.5.3", "Too many recipients"); // RFC 5321 §4.5.3.1.10
        }
        open.transaction().addRecipient(rcpt.forwardPath(), rcpt.parameters());
        open.recipients().add(rcpt.forwardPath());
        writer.ok("2.1.5", "Recipient accepted");
    }

    private void data() throws IOException {
        State.InTransaction open = transaction();
        requireNoChunks(open);
        requireRecipients(open);
        if (open.parameters().binary()) {
            throw SmtpRefusal.wrongState("A binary message comes by BDAT"); // RFC 3030 §3
        }
        try {
            String id = newMessageId();
            IncomingMessage message = open(open, id);
            writer.startMailInput();
            if (!readMessage(message) || connection.endRequested().isPresent()) {
                return; // the farewell is the answer: nothing was accepted
            }
            answer(open, message, id);
        } finally {
            endTransaction();
        }
    }

    /// RFC 3030 §2: DATA and BDAT do not mix, and no recipient comes late.
    private static void requireNoChunks(State.InTransaction open) {
        if (open.chunks().isPresent()) {
            throw SmtpRefusal.wrongState("The message has begun with BDAT");
        }
    }

    private void requireRecipients(State.InTransaction open) {
        if (open.recipients().isEmpty()) {
            throw switch (settings.dialect()) {
                case SMTP -> SmtpRefusal.refused(554, "5.5.1", "No valid recipients"); // RFC 5321 §3.3, RFC 2920 §3.1
                case LMTP -> SmtpRefusal.wrongState("No valid recipients"); // RFC 2033 §4.2
            };
        }
    }

    private String newMessageId() {
        return connection.id() + "." + ++messages;
    }

    private IncomingMessage open(State.InTransaction open, String id) {
        return new IncomingMessage(
                open.transaction().openMessage(received(open, id).field()), settings.maximumMessageOctets());
    }

    private void answer(State.InTransaction open, IncomingMessage message, String id) throws IOException {
        for (Optional<SmtpRefusal> refusal : verdicts(open, message)) {
            writer.reply(refusal.map(SmtpRefusal::reply)
                    .orElseGet(() -> new SmtpReply(250, "2.0.0", "Message accepted, id " + id)));
        }
    }

    // ---- RFC 3030 §2

    /// The octets of a chunk follow its command in any case, and are read whatever is to be answered:
    /// nobody may take them for commands.
    private void chunk(SmtpCommand.Bdat bdat) throws IOException {
        State.InTransaction open;
        try {
            requireTls(bdat);
            open = inChunks();
        } catch (RuntimeException refusal) {
            if (skipChunk(bdat)) {
                throw refusal;
            }
            return;
        }
        State.Chunks chunks = open.chunks().orElseThrow();
        if (!readChunk(bdat.size(), chunks)) {
            return;
        }
        if (bdat.last()) {
            chunks.decoder().end();
            try {
                if (connection.endRequested().isEmpty()) {
                    answer(open, chunks.message(), chunks.id());
                }
            } finally {
                endTransaction();
            }
            return;
        }
        try {
            chunks.message().requireAccepted();
        } catch (RuntimeException refused) {
            endTransaction(); // what comes after it finds no transaction, and is refused as well
            throw refused;
        }
        writer.ok("2.0.0", bdat.size() + " octets received");
    }

    /// The transaction, with its message begun.
    private State.InTransaction inChunks() {
        State.InTransaction open = transaction();
        if (open.chunks().isEmpty()) {
            requireRecipients(open);
            String id = newMessageId();
            IncomingMessage message = open(open, id);
            open = open.with(new State.Chunks(
                    id, message, new ChunkDecoder(message, open.parameters().binary())));
            state = open;
        }
        return open;
    }

    /// False if the session ends instead.
    private boolean readChunk(long size, State.Chunks chunks) throws IOException {
        byte[] buffer = new byte[BUFFER_OCTETS];
        long left = size;
        while (left > 0) {
            int count = connection.read(buffer, 0, (int) Math.min(left, buffer.length));
            chunks.decoder().decode(buffer, 0, count);
            left -= count;
            if (chunks.message().size() > settings.maximumMessageOctets() + SKIPPED_OCTETS) {
                end(EndReason.PROTOCOL_ABUSE);
                return false;
            }
        }
        return true;
    }

    /// False if the session ends instead.
    private boolean skipChunk(SmtpCommand.Bdat bdat) throws IOException {
        if (bdat.size() > SKIPPED_OCTETS) {
            end(EndReason.PROTOCOL_ABUSE);
            return false;
        }
        byte[] buffer = new byte[BUFFER_OCTETS];
        long left = bdat.size();
        while (left > 0) {
            left -= connection.read(buffer, 0, (int) Math.min(left, buffer.length));
        }
        return true;
    }

    /// Delivers. What the client is told: one verdict in SMTP, one for each recipient in LMTP (RFC 2033
    /// §4.2).
    private List<Optional<SmtpRefusal>> verdicts(State.InTransaction open, IncomingMessage message) {
        List<Optional<SmtpRefusal>> verdicts;
        try {
            message.requireAccepted();
            verdicts = open.transaction().deliver();
        } catch (SmtpRefusal refusal) {
            verdicts = Collections.nCopies(open.recipients().size(), Optional.of(refusal));
        } catch (RuntimeException fault) {
            verdicts = Collections.nCopies(open.recipients().size(), Optional.of(internalError(fault)));
        }
        return settings.dialect() == SmtpDialect.LMTP ? verdicts : verdicts.subList(0, 1);
    }

    private SmtpRefusal internalError(RuntimeException fault) {
        LOG.error("session {}: a command failed", connection.id(), fault);
        return SmtpRefusal.refused(451, "4.3.0", "Internal error, session " + connection.id());
    }

    private ReceivedField received(State.InTransaction open, String id) {
        boolean hidden = settings.hideClientAddress() && principal.isPresent();
        Optional<String> only = open.recipients().size() > 1
                ? Optional.empty()
                : Optional.of(
                        switch (open.recipients().getFirst()) {
                            case ForwardPath.To to -> to.address().toString();
                            case ForwardPath.Postmaster _ -> "postmaster@" + settings.hostName();
                        });
        return new ReceivedField(
                settings.dialect(),
                hidden ? Optional.empty() : Optional.of(open.greeted().client()),
                connection.remoteAddress(),
                settings.hostName(),
                open.greeted().extended(),
                open.parameters().smtpUtf8(),
                principal.isPresent(),
                connection.tls(),
                id,
                only,
                Instant.now());
    }

    /// Reads to the end of the data whatever becomes of the message, so that the next command is where it
    /// should be. False if the session ends instead.
    private boolean readMessage(IncomingMessage message) throws IOException {
        var decoder = new DataDecoder(message);
        byte[] buffer = new byte[BUFFER_OCTETS];
        while (!decoder.ended()) {
            int count = connection.read(buffer, 0, buffer.length);
            connection.unread(count - decoder.decode(buffer, 0, count)); // commands may follow (RFC 2920 §3.1)
            if (message.size() > settings.maximumMessageOctets() + SKIPPED_OCTETS) {
                end(EndReason.PROTOCOL_ABUSE);
                return false;
            }
        }
        return true;
    }
}
