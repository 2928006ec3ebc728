package org.postern.imap;

import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import org.postern.auth.Authenticator;
import org.postern.auth.LoginResult;
import org.postern.auth.Principal;
import org.postern.auth.SaslMechanisms;
import org.postern.imap.CommandRefused.Code;
import org.postern.session.Connection;
import org.postern.session.EndReason;
import org.postern.store.MailboxException;
import org.postern.store.Store;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One IMAP session, from greeting to logout, on its own virtual thread.
///
/// Three kinds of error are told apart, here only: [BadCommand] is answered BAD, [CommandRefused] and the
/// store's refusals NO, anything else is a fault of ours: logged, and answered NO [SERVERBUG]. An
/// IOException ends the session.
final class ImapSession {
    private static final Logger LOG = LoggerFactory.getLogger(ImapSession.class);
    private static final long SKIPPED = 1024 * 1024;

    private final Connection connection;
    private final ImapSettings settings;
    private final Enabled enabled = new Enabled();
    private final ResponseWriter writer;
    private final WireReader wire;
    private final CommandReader reader;
    private final LoginCommands logins;
    private final MailboxCommands mailboxes;
    private final MailboxLists lists;
    private final MessageCommands messages;

    private State state = new State.NotAuthenticated(0);

    ImapSession(
            Connection connection,
            Authenticator authenticator,
            SaslMechanisms mechanisms,
            Store store,
            ImapSettings settings,
            ExecutorService scans) {
        this.connection = connection;
        this.settings = settings;
        this.writer = new ResponseWriter(connection, enabled);
        this.wire = new WireReader(new Input(), limits(settings.literalBeforeLogin(), settings.literalBeforeLogin()));
        this.reader = new CommandReader(wire, connection::mayAuthenticate);
        this.logins = new LoginCommands(connection, settings, authenticator, mechanisms, reader, writer);
        var names = new MailboxNames(enabled);
        this.lists = new MailboxLists(store.mailboxes(), settings.messageOctets(), enabled, names, writer);
        this.mailboxes = new MailboxCommands(
                store.mailboxes(),
                store.accounts(),
                settings.messageOctets(),
                connection::wake,
                enabled,
                names,
                lists,
                writer);
        this.messages = new MessageCommands(connection, store, settings, reader, enabled, names, lists, writer, scans);
    }

    private WireReader.Limits limits(int literal, long message) {
        return new WireReader.Limits(
                settings.lineOctets(),
                literal,
                settings.literals().largestNonSynchronizing(),
                message,
                Math.max(SKIPPED, message * 2));
    }

    private final class Input implements WireReader.Source {
        @Override
        public int read() throws IOException {
            return connection.read();
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            return connection.read(into, offset, length);
        }

        @Override
        public void requestLiteral() throws IOException {
            writer.continuation("Ready for literal");
        }
    }

    void run() throws IOException {
        try {
            greet();
            while (!(state instanceof State.Logout)) {
                if (connection.awaitInput()) {
                    oneCommand();
                } else if (mustEnd()) {
                    return;
                }
            }
        } finally {
            if (state instanceof State.Selected selected) {
                selected.mailbox().close();
            }
        }
    }

    private void greet() throws IOException {
        Optional<LoginResult.Accepted> known = settings.preauth() ? logins.byCertificate() : Optional.empty();
        if (known.isEmpty()) {
            writer.ok("*", "[CAPABILITY " + logins.capabilities(false) + "] Postern is ready");
            return;
        }
        Principal principal = known.get().principal();
        String told =
                loggedIn(connection.authenticated(principal, "EXTERNAL") ? Optional.of(principal) : Optional.empty());
        if (!told.isEmpty()) {
            writer.preauth(told); // RFC 3501 §7.1.4
        }
    }

    /// After a wake-up: told to end, or the selected mailbox is no more. Changes wait for the next command
    /// (RFC 3501 §7.4.1: no EXPUNGE while no command is in progress).
    private boolean mustEnd() throws IOException {
        Optional<EndReason> requested = connection.endRequested();
        if (requested.isPresent()) {
            connection.ending(requested.get());
            connection.write(ImapProtocol.farewellOf(requested.get()));
            return true;
        }
        if (state instanceof State.Selected selected) {
            selected.mailbox().collect();
            if (selected.mailbox().gone()) {
                writer.bye("The selected mailbox no longer exists");
                connection.ending(EndReason.REVOKED);
                return true;
            }
        }
        return false;
    }

    private void oneCommand() throws IOException {
        String tag = "*";
        try {
            tag = reader.readTag();
            Command command = reader.readCommand();
            connection.countCommand(reader.name());
            String completion = execute(command, tag);
            connection.obeyed();
            if (state instanceof State.Selected selected) {
                selected.mailbox().announce(writer, !isBySequenceNumber(command));
            }
            if (!completion.isEmpty()) {
                writer.ok(tag, completion);
            }
        } catch (BadCommand bad) {
            answerBad(tag, bad);
        } catch (CommandRefused refused) {
            reader.skipCommand();
            answerRefused(tag, refused);
        } catch (MailboxException refused) {
            reader.skipCommand();
            answerRefused(tag, CommandRefused.of(refused));
        } catch (RuntimeException fault) {
            if (writer.isInsideResponse()) {
                throw fault; // half a response is on the wire: only the end of the session is understood now
            }
            LOG.error("session {}: a command failed", connection.id(), fault);
            reader.skipCommand();
            writer.no(tag, CommandRefused.refused(Code.SERVERBUG, "Internal error, session " + connection.id()));
        }
    }

    private void answerBad(String tag, BadCommand bad) throws IOException {
        if (bad.fatal() || !reader.recognized()) {
            // ST-24: whoever does not speak IMAP, as a browser that was sent here, gets no second line
            end(bad.text());
            return;
        }
        reader.skipCommand();
        writer.bad(tag, bad.text());
        if (connection.tooManyErrors()) {
            end("Too many errors");
        }
    }

    private void end(String text) throws IOException {
        writer.bye(text);
        connection.ending(EndReason.PROTOCOL_ABUSE);
        leave();
    }

    private void answerRefused(String tag, CommandRefused refused) throws IOException {
        writer.no(tag, refused);
        if (state instanceof State.NotAuthenticated waiting
                && (refused.code().equals(Code.AUTHENTICATIONFAILED.toString())
                        || refused.code().equals(Code.EXPIRED.toString()))) {
            state = new State.NotAuthenticated(waiting.failures() + 1);
            if (waiting.failures() + 1 >= settings.failedLogins()) {
                end("Too many failed logins");
            }
        }
    }

    /// RFC 3501 §7.4.1: no EXPUNGE during these, so that their sequence numbers hold; with UIDs they do not
    /// matter.
    private static boolean isBySequenceNumber(Command command) {
        return switch (command) {
            case Command.Fetch fetch -> !fetch.byUid();
            case Command.Store store -> !store.byUid();
            case Command.Search search -> !search.byUid();
            default -> false;
        };
    }

    /// The server's table of contents. Returns the text of the tagged OK; empty where it was sent already.
    private String execute(Command command, String tag) throws IOException {
        return switch (command) {
            case Command.Capability _ -> {
                writer.capability(logins.capabilities(!(state instanceof State.NotAuthenticated)));
                yield "Done";
            }
            case Command.Noop _ -> "Done";
            case Command.Id id -> {
                id.client().ifPresent(connection::clientIdentified);
                writer.id();
                yield "Done";
            }
            case Command.Logout _ -> logout();
            case Command.StartTls _ -> {
                notAuthenticated();
                logins.startTls(tag);
                state = new State.NotAuthenticated(0); // ST-6
                yield "";
            }
            case Command.Authenticate authenticate -> {
                notAuthenticated();
                yield loggedIn(logins.authenticate(authenticate));
            }
            case Command.Login login -> {
                notAuthenticated();
                yield loggedIn(logins.login(login));
            }
            case Command.Select select -> select(select.mailbox(), false);
            case Command.Examine examine -> select(examine.mailbox(), true);
            case Command.Create create -> mailboxes.create(principal(), create);
            case Command.Delete delete -> mailboxes.delete(principal(), delete);
            case Command.Rename rename -> mailboxes.rename(principal(), rename);
            case Command.Subscribe subscribe -> mailboxes.subscribe(principal(), subscribe);
            case Command.Unsubscribe unsubscribe -> mailboxes.unsubscribe(principal(), unsubscribe);
            case Command.ListMailboxes list -> lists.list(principal(), list);
            case Command.ListSubscribed list -> lists.listSubscribed(principal(), list);
            case Command.Status status -> mailboxes.status(principal(), status);
            case Command.Append append -> messages.append(principal(), append);
            case Command.Namespace _ -> {
                principal();
                yield mailboxes.namespace();
            }
            case Command.GetQuota quota -> mailboxes.quota(principal(), quota);
            case Command.GetQuotaRoot root -> mailboxes.quotaRoot(principal(), root);
            case Command.Enable enable -> {
                principal();
                yield mailboxes.enable(enable);
            }
            case Command.Idle _ -> idle();
            case Command.Check _ -> messages.check(selected());
            case Command.Close _ -> close(true);
            case Command.Unselect _ -> close(false);
            case Command.Expunge _ -> messages.expunge(selected());
            case Command.UidExpunge expunge -> messages.expunge(selected(), expunge);
            case Command.Search search -> messages.search(selected(), search, tag);
            case Command.Fetch fetch -> messages.fetch(selected(), fetch);
            case Command.Store store -> messages.store(selected(), store);
            case Command.Copy copy -> messages.copy(selected(), copy);
            case Command.Move move -> messages.move(selected(), move);
        };
    }

    // ---- states; asking for one is the check

    private void notAuthenticated() {
        if (!(state instanceof State.NotAuthenticated)) {
            throw BadCommand.wrongState("Already logged in");
        }
    }

    private Principal principal() {
        return switch (state) {
            case State.Authenticated authenticated -> authenticated.principal();
            case State.Selected selected -> selected.principal();
            case State.NotAuthenticated _, State.Logout _ -> throw BadCommand.wrongState("Log in first");
        };
    }

    private SelectedMailbox selected() {
        principal();
        if (state instanceof State.Selected selected) {
            return selected.mailbox();
        }
        throw BadCommand.wrongState("Select a mailbox first");
    }

    // ---- commands that change the state

    private String loggedIn(Optional<Principal> accepted) throws IOException {
        if (accepted.isEmpty()) {
            writer.bye("[LIMIT] Too many connections of this account");
            leave();
            return "";
        }
        state = new State.Authenticated(accepted.get());
        wire.limits(limits((int) Math.min(settings.messageOctets(), 1024 * 1024), settings.messageOctets()));
        return "[CAPABILITY " + logins.capabilities(true) + "] Logged in";
    }

    private String select(String mailbox, boolean readOnly) throws IOException {
        Principal principal = principal();
        if (state instanceof State.Selected && enabled.isRevision2()) {
            writer.ok("*", "[CLOSED] The mailbox selected before is closed"); // RFC 9051 §7.1
        }
        leaveMailbox(); // RFC 3501 §6.3.1: also if the new one cannot be selected
        SelectedMailbox opened = mailboxes.select(principal, mailbox, readOnly);
        state = new State.Selected(principal, opened);
        return readOnly ? "[READ-ONLY] Examined" : "[READ-WRITE] Selected";
    }

    private void leaveMailbox() {
        if (state instanceof State.Selected selected) {
            state = new State.Authenticated(selected.principal());
            selected.mailbox().close();
        }
    }

    private String close(boolean expunge) {
        SelectedMailbox mailbox = selected();
        if (expunge && !mailbox.readOnly()) {
            mailbox.mailbox().expunge(mailbox.all()); // RFC 3501 §6.4.2: without EXPUNGE responses
        }
        leaveMailbox();
        return expunge ? "Closed" : "Unselected";
    }

    private String logout() throws IOException {
        writer.bye("Goodbye");
        leave();
        return "Logged out";
    }

    private void leave() {
        leaveMailbox();
        state = new State.Logout();
    }

    /// RFC 2177: tells what happens until the client says DONE.
    private String idle() throws IOException {
        principal();
        writer.continuation("Idling");
        do {
            if (state instanceof State.Selected selected) {
                selected.mailbox().announce(writer, true);
            }
            if (mustEnd()) {
                leave();
                return "";
            }
        } while (!connection.awaitInput());
        reader.readDone();
        return "Done";
    }
}
