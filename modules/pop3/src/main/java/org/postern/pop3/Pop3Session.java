package org.postern.pop3;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.postern.auth.Principal;
import org.postern.pop3.CommandRefused.Code;
import org.postern.session.Connection;
import org.postern.session.EndReason;
import org.postern.session.LineReader;
import org.postern.store.MailboxException;
import org.postern.store.Mailboxes;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One POP3 session, from greeting to QUIT, on its own virtual thread.
///
/// Three kinds of error are told apart, here only: [BadCommand] counts against the client,
/// [CommandRefused] and the store's refusals do not, anything else is a fault of ours: logged, and
/// answered [SYS/TEMP]. An IOException ends the session, and however it ends but by QUIT, nothing was
/// changed (RFC 1939 §6, ST-27).
final class Pop3Session {
    private static final Logger LOG = LoggerFactory.getLogger(Pop3Session.class);
    private static final State.Authorization NOBODY = new State.Authorization(0, Optional.empty());
    /// RFC 6856 §3: i-default (RFC 2277 §4.5) is what the server speaks until asked for something else.
    private static final String DEFAULT_LANGUAGE = "i-default";

    private static final List<String> LANGUAGES = List.of("en", DEFAULT_LANGUAGE);

    private final Connection connection;
    private final Mailboxes mailboxes;
    private final MaildropLocks locks;
    private final MessageSizes sizes;
    private final Pop3Settings settings;
    private final ResponseWriter writer;
    private final LineReader lines;
    private final CommandReader reader;
    private final LoginCommands logins;
    private final MaildropCommands messages;

    private State state = NOBODY;

    Pop3Session(
            Connection connection,
            LoginCommands logins,
            Mailboxes mailboxes,
            MaildropLocks locks,
            MessageSizes sizes,
            Pop3Settings settings) {
        this.connection = connection;
        this.mailboxes = mailboxes;
        this.locks = locks;
        this.sizes = sizes;
        this.settings = settings;
        this.writer = new ResponseWriter(connection);
        this.lines = new LineReader(connection, CommandReader.LINE_OCTETS);
        this.reader = new CommandReader(connection::mayAuthenticate);
        this.logins = logins;
        this.messages = new MaildropCommands(
                writer, () -> connection.ended() || connection.endRequested().isPresent());
    }

    void run() throws IOException {
        try {
            writer.ok("Postern is ready"); // ST-12: no timestamp, for there is no APOP
            while (!(state instanceof State.Ended)) {
                if (connection.endRequested().isPresent()) {
                    end(connection.endRequested().get());
                } else if (connection.awaitInput()) {
                    oneCommand();
                }
            }
        } finally {
            closeMaildrop();
        }
    }

    private void oneCommand() throws IOException {
        Optional<String> userName = takeUserName();
        try {
            Command command = readCommand();
            connection.countCommand(reader.name());
            requireTls(command);
            execute(command, userName);
            connection.obeyed();
        } catch (BadCommand bad) {
            answerBad(bad);
        } catch (CommandRefused refused) {
            answerRefused(refused);
        } catch (MailboxException refused) {
            writer.error(kind(refused) + refused.getMessage());
        } catch (RuntimeException fault) {
            if (writer.isInsideResponse()) {
                throw fault; // half a response is on the wire: only the end of the session is understood now
            }
            LOG.error("session {}: a command failed", connection.id(), fault);
            writer.error("[SYS/TEMP] Internal error, session " + connection.id());
        }
    }

    /// RFC 3206 §4: whether it is worth while to try again.
    private static String kind(MailboxException refused) {
        return switch (refused.reason()) {
            case UNAVAILABLE, NO_SPACE -> "[SYS/TEMP] ";
            case CORRUPTION -> "[SYS/PERM] ";
            case NO_SUCH_MAILBOX, ALREADY_EXISTS, CANNOT, HAS_CHILDREN, USE_TAKEN, OVER_QUOTA, LIMIT, GONE -> "";
        };
    }

    /// RFC 1939 §7: PASS comes immediately after USER; whatever else comes, the name is forgotten.
    private Optional<String> takeUserName() {
        if (state instanceof State.Authorization authorization) {
            state = new State.Authorization(authorization.failures(), Optional.empty());
            return authorization.userName();
        }
        return Optional.empty();
    }

    private Command readCommand() throws IOException {
        LineReader.Outcome outcome = lines.read();
        byte[] line = lines.octets();
        lines.wipe();
        try {
            return switch (outcome) {
                case LINE -> reader.read(line);
                case TOO_LONG -> throw BadCommand.syntax("Line too long"); // RFC 2449 §4
                case BARE_CR_OR_LF -> throw BadCommand.syntax("Lines end in CRLF and nothing else");
            };
        } finally {
            Arrays.fill(line, (byte) 0); // after PASS or AUTH it holds a password
        }
    }

    private void answerBad(BadCommand bad) throws IOException {
        writer.error(bad.text());
        if (!reader.recognized() || connection.tooManyErrors()) {
            // ST-24: whoever does not speak POP3, as a browser that was sent here, gets no second line
            connection.ending(EndReason.PROTOCOL_ABUSE);
            leave();
        }
    }

    private void answerRefused(CommandRefused refused) throws IOException {
        writer.error(refused.text());
        if (refused.code() == Code.AUTH && state instanceof State.Authorization authorization) {
            int failures = authorization.failures() + 1;
            state = new State.Authorization(failures, Optional.empty());
            if (failures >= settings.failedLogins()) {
                connection.ending(EndReason.PROTOCOL_ABUSE);
                leave();
            }
        }
    }

    /// R8314-58: before TLS nothing but CAPA, STLS and QUIT.
    private void requireTls(Command command) {
        if (connection.mayAuthenticate()) {
            return;
        }
        switch (command) {
            case Command.Any _, Command.Stls _ -> {}
            case Command.InsideTls _,
                    Command.Utf8 _,
                    Command.User _,
                    Command.Pass _,
                    Command.Auth _,
                    Command.Transaction _ -> throw BadCommand.wrongState("Begin TLS first");
        }
    }

    /// The server's table of contents.
    private void execute(Command command, Optional<String> userName) throws IOException {
        switch (command) {
            case Command.Capa _ -> capabilities();
            case Command.Quit _ -> quit();
            case Command.Lang lang -> language(lang);
            case Command.Stls _ -> {
                authorization();
                logins.stls();
                state = NOBODY; // ST-5, RFC 2595 §4: nothing said before is known now
            }
            case Command.Utf8 _ -> {
                authorization();
                writer.ok("Messages and names are UTF-8"); // RFC 6856 §2.1: they are so without it, too
            }
            case Command.User user -> {
                state = new State.Authorization(authorization().failures(), Optional.of(user.name()));
                writer.ok("Send PASS"); // RFC 1939 §7: to every name
            }
            case Command.Pass pass -> {
                try {
                    authorization();
                    enter(logins.pass(userName, pass), "USER");
                } finally {
                    Arrays.fill(pass.password(), (byte) 0);
                }
            }
            case Command.Auth auth -> {
                try {
                    authorization();
                    enter(logins.authenticate(auth, writer), auth.mechanism());
                } finally {
                    auth.initialResponse().ifPresent(response -> Arrays.fill(response, (byte) 0));
                }
            }
            case Command.Stat _ -> messages.stat(maildrop());
            case Command.ScanListing list -> messages.list(maildrop(), list.message());
            case Command.Retr retr -> messages.retrieve(maildrop(), retr);
            case Command.Dele dele -> messages.delete(maildrop(), dele);
            case Command.Noop _ -> {
                maildrop();
                writer.ok("Done");
            }
            case Command.Rset _ -> messages.reset(maildrop());
            case Command.Top top -> messages.top(maildrop(), top);
            case Command.Uidl uidl -> messages.uniqueIds(maildrop(), uidl.message());
        }
    }

    // ---- states; asking for one is the check

    private State.Authorization authorization() {
        return switch (state) {
            case State.Authorization authorization -> authorization;
            case State.Transaction _, State.Ended _ -> throw BadCommand.wrongState("Already logged in");
        };
    }

    private Maildrop maildrop() {
        return switch (state) {
            case State.Transaction transaction -> transaction.maildrop();
            case State.Authorization _, State.Ended _ -> throw BadCommand.wrongState("Log in first");
        };
    }

    /// From AUTHORIZATION to TRANSACTION (RFC 1939 §4). Refused where the maildrop is in use; the client
    /// may try again.
    private void enter(Principal principal, String mechanism) throws IOException {
        Maildrop maildrop = Maildrop.open(principal.account(), mailboxes, locks, sizes);
        if (!connection.authenticated(principal, mechanism)) {
            maildrop.close();
            writer.error("[SYS/TEMP] Too many connections of this account");
            leave();
            return;
        }
        state = new State.Transaction(maildrop);
        writer.ok("Logged in, " + maildrop.count() + " messages");
    }

    private void closeMaildrop() {
        if (state instanceof State.Transaction transaction) {
            state = new State.Ended();
            transaction.maildrop().close();
        }
    }

    private void leave() {
        closeMaildrop();
        state = new State.Ended();
    }

    private void end(EndReason reason) throws IOException {
        connection.write(Pop3Protocol.farewellOf(reason));
        connection.ending(reason);
        leave();
    }

    // ---- commands of every state

    /// RFC 2449 §6. What depends on TLS changes with it: clients ask again (ST-17).
    private void capabilities() throws IOException {
        List<String> capabilities = new ArrayList<>(List.of(
                "TOP",
                "UIDL",
                "RESP-CODES",
                "AUTH-RESP-CODE", // RFC 3206 §6
                "PIPELINING",
                "EXPIRE NEVER",
                "LOGIN-DELAY 0"));
        if (connection.mayStartTls()) {
            capabilities.add("STLS"); // R8314-17: only while it would work
        }
        if (connection.mayAuthenticate()) { // ST-12
            // RFC 2449 §6.2, §6.3: the same before and after login
            capabilities.add("USER");
            capabilities.add("SASL " + logins.offeredMechanisms());
            capabilities.add("UTF8 USER"); // RFC 6856 §2.2
            capabilities.add("LANG");
        }
        if (state instanceof State.Transaction) {
            capabilities.add("IMPLEMENTATION Postern"); // RFC 2449 §6.9: not to everybody
        }
        writer.begin("Capabilities follow");
        for (String capability : capabilities) {
            writer.line(capability);
        }
        writer.end();
    }

    /// RFC 6856 §3. All texts are English; the default language is, too.
    private void language(Command.Lang command) throws IOException {
        if (command.range().isEmpty()) {
            writer.begin("Languages follow");
            for (String language : LANGUAGES) {
                writer.line(language + " English");
            }
            writer.end();
            return;
        }
        String range = command.range().get().equals("*")
                ? DEFAULT_LANGUAGE
                : command.range().get();
        String chosen = LANGUAGES.stream()
                .filter(range::equalsIgnoreCase)
                .findFirst()
                .orElseThrow(() -> CommandRefused.refused("That language is not spoken here"));
        writer.ok(chosen + " Language chosen");
    }

    /// RFC 1939 §4, §6: after login this is the UPDATE state.
    private void quit() throws IOException {
        boolean updated = true;
        if (state instanceof State.Transaction transaction) {
            try {
                transaction.maildrop().update();
            } catch (RuntimeException failed) {
                LOG.error("session {}: the maildrop was not updated", connection.id(), failed);
                updated = false;
            }
        }
        connection.ending(EndReason.ORDERLY);
        leave(); // the lock is free before the answer: whoever has it may log in again at once
        if (updated) {
            writer.ok("Goodbye");
        } else {
            writer.error("[SYS/TEMP] Some deleted messages were not removed");
        }
    }
}
