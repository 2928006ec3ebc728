package org.postern.imap;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.postern.imap.Command.AppendedMessage.Form;
import org.postern.imap.Command.ListMailboxes.Selection;
import org.postern.imap.CommandRefused.Code;
import org.postern.store.FlagUpdate;
import org.postern.store.Flags;
import org.postern.store.InternalDate;

/// Reads commands (RFC 3501 §9): one method per production, in the order of RFC 3501 §6.
/// A command that cannot be read is thrown; [#skipCommand] then finds the next one.
final class CommandReader {
    /// Patterns of one LIST.
    private static final int PATTERNS = 100;
    private static final int IDENTIFICATION_PAIRS = 30; // RFC 2971 §3.3

    private static final Set<String> WITH_ARGUMENTS = Set.of(
            "ID",
            "AUTHENTICATE",
            "LOGIN",
            "ENABLE",
            "SELECT",
            "EXAMINE",
            "CREATE",
            "DELETE",
            "RENAME",
            "SUBSCRIBE",
            "UNSUBSCRIBE",
            "LIST",
            "LSUB",
            "STATUS",
            "APPEND",
            "FETCH",
            "STORE",
            "COPY",
            "MOVE",
            "SEARCH",
            "GETQUOTA",
            "GETQUOTAROOT",
            "UID");

    private final WireReader wire;
    private final BooleanSupplier mayReadSecrets;
    private boolean recognized;
    private String name = "";

    /// @param mayReadSecrets asked before a password is read or asked for (ST-13)
    CommandReader(WireReader wire, BooleanSupplier mayReadSecrets) {
        this.wire = wire;
        this.mayReadSecrets = mayReadSecrets;
    }

    /// True once a command was known by name: its sender speaks IMAP.
    boolean recognized() {
        return recognized;
    }

    /// The name of the command that was read last: `FETCH`, `UID FETCH`.
    String name() {
        return name;
    }

    String readTag() throws IOException {
        wire.startLine();
        String tag = wire.expectTag();
        wire.expectSpace();
        return tag;
    }

    void skipCommand() throws IOException {
        wire.skipCommand();
    }

    /// command = tag SP (command-any / command-auth / command-nonauth / command-select) CRLF
    Command readCommand() throws IOException {
        Command command = expectCommand(wire.expectKeyword());
        if (!(command instanceof Command.Append)) { // its line ends after the message
            wire.expectLineEnd();
        }
        return command;
    }

    private Command expectCommand(String name) throws IOException {
        this.name = name;
        Command withoutArguments = withoutArguments(name);
        if (withoutArguments != null) {
            recognized = true;
            return withoutArguments;
        }
        if (!WITH_ARGUMENTS.contains(name)) {
            throw BadCommand.syntax("Unknown command");
        }
        recognized = true;
        wire.expectSpace();
        return switch (name) {
            case "ID" -> expectIdentification();
            case "AUTHENTICATE" -> expectAuthenticate();
            case "LOGIN" -> expectLogin();
            case "ENABLE" -> expectEnable();
            case "SELECT" -> new Command.Select(wire.expectMailbox());
            case "EXAMINE" -> new Command.Examine(wire.expectMailbox());
            case "CREATE" -> expectCreate();
            case "DELETE" -> new Command.Delete(wire.expectMailbox());
            case "RENAME" -> expectRename();
            case "SUBSCRIBE" -> new Command.Subscribe(wire.expectMailbox());
            case "UNSUBSCRIBE" -> new Command.Unsubscribe(wire.expectMailbox());
            case "LIST" -> expectList();
            case "LSUB" -> expectListSubscribed();
            case "STATUS" -> expectStatus();
            case "APPEND" -> expectAppend();
            case "GETQUOTA" -> new Command.GetQuota(WireReader.latin(wire.expectAstring()));
            case "GETQUOTAROOT" -> new Command.GetQuotaRoot(wire.expectMailbox());
            case "FETCH" -> expectFetch(false);
            case "STORE" -> expectStore(false);
            case "COPY" -> expectCopy(false);
            case "MOVE" -> expectMove(false);
            case "SEARCH" -> expectSearch(false);
            case "UID" -> expectUidCommand(wire.expectKeyword());
            default -> throw new IllegalStateException(name); // not in WITH_ARGUMENTS
        };
    }

    private static @Nullable Command withoutArguments(String name) {
        return switch (name) {
            case "CAPABILITY" -> new Command.Capability();
            case "NOOP" -> new Command.Noop();
            case "LOGOUT" -> new Command.Logout();
            case "STARTTLS" -> new Command.StartTls();
            case "NAMESPACE" -> new Command.Namespace();
            case "IDLE" -> new Command.Idle();
            case "CHECK" -> new Command.Check();
            case "CLOSE" -> new Command.Close();
            case "UNSELECT" -> new Command.Unselect();
            case "EXPUNGE" -> new Command.Expunge();
            default -> null;
        };
    }

    /// uid = "UID" SP (copy / fetch / search / store / move / uid-expunge) ; RFC 4315 §4, RFC 6851 §5
    private Command expectUidCommand(String name) throws IOException {
        this.name = "UID " + name;
        wire.expectSpace();
        return switch (name) {
            case "SEARCH" -> expectSearch(true);
            case "FETCH" -> expectFetch(true);
            case "STORE" -> expectStore(true);
            case "COPY" -> expectCopy(true);
            case "MOVE" -> expectMove(true);
            case "EXPUNGE" -> new Command.UidExpunge(wire.expectSequenceSet());
            default -> throw BadCommand.syntax("Unknown UID command");
        };
    }

    // ---- RFC 3501 §6.1, §6.2

    /// id             = "ID" SP id-params-list ; RFC 2971 §4 id-params-list = "(" *(string SP nstring) ")" / nil
    private Command expectIdentification() throws IOException {
        if (!wire.take('(')) {
            wire.expectNilOrString();
            return new Command.Id(Optional.empty());
        }
        String name = "";
        String version = "";
        int pairs = 0;
        while (!wire.take(')')) {
            if (++pairs > IDENTIFICATION_PAIRS) {
                throw BadCommand.syntax("Too many ID fields");
            }
            if (pairs > 1) {
                wire.expectSpace();
            }
            String field = WireReader.lossy(wire.expectString()).toLowerCase(Locale.ROOT);
            wire.expectSpace();
            String value = wire.expectNilOrString().map(WireReader::lossy).orElse("");
            switch (field) { // RFC 2971 §3.3
                case "name" -> name = value;
                case "version" -> version = value;
                default -> {} // of no interest here
            }
        }
        return new Command.Id(name.isEmpty() ? Optional.empty() : Optional.of((name + " " + version).strip()));
    }

    /// authenticate = "AUTHENTICATE" SP auth-type [SP (base64 / "=")] ; RFC 4959 §7
    private Command expectAuthenticate() throws IOException {
        String mechanism = wire.expectKeyword();
        checkSecretsAllowed();
        return new Command.Authenticate(
                mechanism, wire.take(' ') ? Optional.of(expectInitialResponse()) : Optional.empty());
    }

    private byte[] expectInitialResponse() throws IOException {
        String text = expectRestOfLine();
        return text.equals("=") ? new byte[0] : decodeBase64(text);
    }

    /// login = "LOGIN" SP userid SP password
    private Command expectLogin() throws IOException {
        checkSecretsAllowed();
        String userName = WireReader.utf8(wire.expectAstring());
        wire.expectSpace();
        return new Command.Login(userName, wire.expectAstring());
    }

    private void checkSecretsAllowed() {
        if (!mayReadSecrets.getAsBoolean()) {
            throw CommandRefused.refused(Code.PRIVACYREQUIRED, "Use TLS first");
        }
    }

    /// The client's answer to a SASL challenge; empty if it cancels with `*` (RFC 3501 §6.2.2).
    Optional<byte[]> readSaslResponse() throws IOException {
        wire.startLine();
        String line = expectRestOfLine();
        wire.expectLineEnd();
        return line.equals("*") ? Optional.empty() : Optional.of(decodeBase64(line));
    }

    private static byte[] decodeBase64(String text) {
        try {
            if (text.length() % 4 != 0) {
                throw BadCommand.syntax("Malformed Base64");
            }
            return Base64.getDecoder().decode(text);
        } catch (IllegalArgumentException malformed) {
            throw BadCommand.syntax("Malformed Base64");
        }
    }

    private String expectRestOfLine() throws IOException {
        StringBuilder line = new StringBuilder();
        while (wire.peek() != '\r' && wire.peek() != '\n') {
            line.append((char) wire.next());
        }
        return line.toString();
    }

    // ---- RFC 3501 §6.3

    /// enable = "ENABLE" 1*(SP capability) ; RFC 5161 §4
    private Command expectEnable() throws IOException {
        List<String> capabilities = new ArrayList<>();
        do {
            capabilities.add(wire.expectKeyword());
        } while (wire.take(' '));
        return new Command.Enable(List.copyOf(capabilities));
    }

    /// create       = "CREATE" SP mailbox [SP "(" create-param *(SP create-param) ")"] ; RFC 4466 §2.2
    /// create-param = "USE" SP "(" [use-attr *(SP use-attr)] ")" ; RFC 6154 §6
    private Command expectCreate() throws IOException {
        String mailbox = wire.expectMailbox();
        List<String> uses = new ArrayList<>();
        if (wire.take(' ')) {
            wire.expect('(');
            if (!wire.expectKeyword().equals("USE")) {
                throw BadCommand.syntax("Unknown CREATE parameter");
            }
            wire.expectSpace();
            wire.expect('(');
            if (!wire.take(')')) {
                do {
                    wire.expect('\\');
                    uses.add(wire.expectAtom());
                } while (wire.take(' '));
                wire.expect(')');
            }
            wire.expect(')');
        }
        return new Command.Create(mailbox, List.copyOf(uses));
    }

    /// rename = "RENAME" SP mailbox SP mailbox
    private Command expectRename() throws IOException {
        String from = wire.expectMailbox();
        wire.expectSpace();
        return new Command.Rename(from, wire.expectMailbox());
    }

    /// list = "LIST" [SP list-select-opts] SP mailbox SP mbox-or-pat [SP list-return-opts] ; RFC 5258 §6
    private Command expectList() throws IOException {
        Set<Selection> selection = EnumSet.noneOf(Selection.class);
        boolean extended = wire.take('(');
        if (extended) {
            expectSelectionOptions(selection);
            wire.expectSpace();
        }
        String reference = wire.expectMailbox();
        wire.expectSpace();
        List<String> patterns = new ArrayList<>();
        if (wire.take('(')) { // patterns = "(" list-mailbox *(SP list-mailbox) ")"
            extended = true;
            do {
                patterns.add(wire.expectListMailbox());
                if (patterns.size() > PATTERNS) {
                    throw BadCommand.syntax("Too many patterns");
                }
            } while (wire.take(' '));
            wire.expect(')');
        } else {
            patterns.add(wire.expectListMailbox());
        }
        ReturnOptions options = new ReturnOptions(selection.contains(Selection.SUBSCRIBED), List.of());
        if (wire.take(' ')) {
            extended = true;
            options = expectReturnOptions(options);
        }
        return new Command.ListMailboxes(
                reference, List.copyOf(patterns), extended, selection, options.subscribed(), options.status());
    }

    /// list-select-opts = "(" [list-select-opt *(SP list-select-opt)] ")" ; the first parenthesis is taken
    private void expectSelectionOptions(Set<Selection> selection) throws IOException {
        if (wire.take(')')) {
            return;
        }
        do {
            selection.add(
                    switch (wire.expectKeyword()) {
                        case "SUBSCRIBED" -> Selection.SUBSCRIBED;
                        case "REMOTE" -> Selection.REMOTE;
                        case "RECURSIVEMATCH" -> Selection.RECURSIVEMATCH;
                        case "SPECIAL-USE" -> Selection.SPECIAL_USE;
                        default -> throw BadCommand.syntax("Unknown LIST selection option");
                    });
        } while (wire.take(' '));
        wire.expect(')');
        // RFC 5258 §3.1: RECURSIVEMATCH needs another option that selects
        if (selection.contains(Selection.RECURSIVEMATCH)
                && !selection.contains(Selection.SUBSCRIBED)
                && !selection.contains(Selection.SPECIAL_USE)) {
            throw BadCommand.syntax("RECURSIVEMATCH selects nothing by itself");
        }
    }

    private record ReturnOptions(boolean subscribed, List<Command.Status.Item> status) {}

    /// list-return-opts = "RETURN" SP "(" [return-option *(SP return-option)] ")" ; RFC 5258 §6, RFC 5819 §4
    private ReturnOptions expectReturnOptions(ReturnOptions implied) throws IOException {
        if (!wire.expectKeyword().equals("RETURN")) {
            throw BadCommand.syntax("RETURN expected");
        }
        wire.expectSpace();
        wire.expect('(');
        if (wire.take(')')) {
            return implied;
        }
        boolean subscribed = implied.subscribed();
        List<Command.Status.Item> status = List.of();
        do {
            switch (wire.expectKeyword()) {
                case "SUBSCRIBED" -> subscribed = true;
                case "CHILDREN", "SPECIAL-USE" -> {} // both are always returned
                case "STATUS" -> {
                    wire.expectSpace();
                    status = expectStatusItems();
                }
                default -> throw BadCommand.syntax("Unknown LIST return option");
            }
        } while (wire.take(' '));
        wire.expect(')');
        return new ReturnOptions(subscribed, status);
    }

    /// lsub = "LSUB" SP mailbox SP list-mailbox
    private Command expectListSubscribed() throws IOException {
        String reference = wire.expectMailbox();
        wire.expectSpace();
        return new Command.ListSubscribed(reference, wire.expectListMailbox());
    }

    /// status = "STATUS" SP mailbox SP "(" status-att *(SP status-att) ")"
    private Command expectStatus() throws IOException {
        String mailbox = wire.expectMailbox();
        wire.expectSpace();
        return new Command.Status(mailbox, expectStatusItems());
    }

    private List<Command.Status.Item> expectStatusItems() throws IOException {
        wire.expect('(');
        List<Command.Status.Item> items = new ArrayList<>();
        do {
            String name = wire.expectKeyword();
            items.add(
                    switch (name) {
                        case "MESSAGES" -> Command.Status.Item.MESSAGES;
                        case "RECENT" -> Command.Status.Item.RECENT;
                        case "UIDNEXT" -> Command.Status.Item.UIDNEXT;
                        case "UIDVALIDITY" -> Command.Status.Item.UIDVALIDITY;
                        case "UNSEEN" -> Command.Status.Item.UNSEEN;
                        case "DELETED" -> Command.Status.Item.DELETED; // RFC 9051 §6.3.11
                        case "SIZE" -> Command.Status.Item.SIZE; // RFC 8438 §2
                        case "APPENDLIMIT" -> Command.Status.Item.APPENDLIMIT; // RFC 7889 §3.2
                        case "DELETED-STORAGE" -> Command.Status.Item.DELETED_STORAGE; // RFC 9208 §4.1.4
                        default -> throw BadCommand.syntax("Unknown STATUS item");
                    });
        } while (wire.take(' '));
        wire.expect(')');
        return List.copyOf(items);
    }

    /// append = "APPEND" SP mailbox 1*append-message ; RFC 3502 §6.3.11
    private Command expectAppend() throws IOException {
        String mailbox = wire.expectMailbox();
        wire.expectSpace();
        return new Command.Append(mailbox, expectAppendMessage());
    }

    /// The next message of a MULTIAPPEND, after the last one was taken; empty at the end of the command.
    Optional<Command.AppendedMessage> readAppendMessage(Command.AppendedMessage last) throws IOException {
        if (last.form() == Form.UTF8) {
            wire.expect(')');
        }
        if (wire.take(' ')) {
            return Optional.of(expectAppendMessage());
        }
        wire.expectLineEnd();
        return Optional.empty();
    }

    /// append-message = [flag-list SP] [date-time SP] (literal / literal8 / utf8-literal) ; RFC 3516 §7
    /// utf8-literal   = "UTF8" SP "(" literal8 ")" ; RFC 6855 §4
    private Command.AppendedMessage expectAppendMessage() throws IOException {
        Command.FlagList flags = new Command.FlagList(0, Set.of());
        if (wire.peek() == '(') {
            flags = expectFlagList();
            wire.expectSpace();
        }
        InternalDate date = null;
        if (wire.peek() == '"') {
            date = DateReader.expectDateTime(wire);
            wire.expectSpace();
        }
        if (wire.take('~')) {
            return new Command.AppendedMessage(flags, date, Form.LITERAL8, wire.expectLiteral());
        }
        if (wire.peek() == '{') {
            return new Command.AppendedMessage(flags, date, Form.LITERAL, wire.expectLiteral());
        }
        if (!wire.expectKeyword().equals("UTF8")) {
            throw BadCommand.syntax("A literal is expected");
        }
        wire.expectSpace();
        wire.expect('(');
        wire.expect('~');
        return new Command.AppendedMessage(flags, date, Form.UTF8, wire.expectLiteral());
    }

    /// idle = "IDLE" CRLF "DONE" ; RFC 2177 §4
    void readDone() throws IOException {
        wire.startLine();
        if (!expectRestOfLine().toUpperCase(Locale.ROOT).equals("DONE")) {
            throw BadCommand.syntax("DONE expected");
        }
        wire.expectLineEnd();
    }

    // ---- RFC 3501 §6.4

    /// search = "SEARCH" [SP "CHARSET" SP astring] 1*(SP search-key)
    private Command expectSearch(boolean byUid) throws IOException {
        return new SearchReader(wire).expectSearch(byUid);
    }

    /// fetch = "FETCH" SP sequence-set SP (macro / fetch-att / "(" fetch-att *(SP fetch-att) ")")
    private Command expectFetch(boolean byUid) throws IOException {
        SequenceSet messages = wire.expectSequenceSet();
        wire.expectSpace();
        return new Command.Fetch(messages, new FetchReader(wire).expectItems(), byUid);
    }

    /// store           = "STORE" SP sequence-set SP store-att-flags
    /// store-att-flags = (["+" / "-"] "FLAGS" [".SILENT"]) SP (flag-list / (flag *(SP flag)))
    private Command expectStore(boolean byUid) throws IOException {
        SequenceSet messages = wire.expectSequenceSet();
        wire.expectSpace();
        FlagUpdate.Mode mode = FlagUpdate.Mode.REPLACE;
        if (wire.take('+')) {
            mode = FlagUpdate.Mode.ADD;
        } else if (wire.take('-')) {
            mode = FlagUpdate.Mode.REMOVE;
        }
        String name = wire.expectKeyword();
        boolean silent = name.equals("FLAGS.SILENT");
        if (!silent && !name.equals("FLAGS")) {
            throw BadCommand.syntax("FLAGS expected");
        }
        wire.expectSpace();
        Command.FlagList flags = wire.peek() == '(' ? expectFlagList() : expectFlags();
        return new Command.Store(messages, mode, flags, silent, byUid);
    }

    /// copy = "COPY" SP sequence-set SP mailbox
    private Command expectCopy(boolean byUid) throws IOException {
        SequenceSet messages = wire.expectSequenceSet();
        wire.expectSpace();
        return new Command.Copy(messages, wire.expectMailbox(), byUid);
    }

    /// move = "MOVE" SP sequence-set SP mailbox ; RFC 6851 §5
    private Command expectMove(boolean byUid) throws IOException {
        SequenceSet messages = wire.expectSequenceSet();
        wire.expectSpace();
        return new Command.Move(messages, wire.expectMailbox(), byUid);
    }

    /// flag-list = "(" [flag *(SP flag)] ")"
    private Command.FlagList expectFlagList() throws IOException {
        wire.expect('(');
        if (wire.take(')')) {
            return new Command.FlagList(0, Set.of());
        }
        Command.FlagList flags = expectFlags();
        wire.expect(')');
        return flags;
    }

    /// flag = "\Answered" / "\Flagged" / "\Deleted" / "\Seen" / "\Draft" / flag-keyword / flag-extension
    private Command.FlagList expectFlags() throws IOException {
        long system = 0;
        Set<String> keywords = new LinkedHashSet<>();
        do {
            if (wire.take('\\')) {
                system |= systemFlag(wire.expectKeyword());
            } else {
                keywords.add(wire.expectAtom());
            }
        } while (wire.take(' '));
        return new Command.FlagList(system, Set.copyOf(keywords));
    }

    private static long systemFlag(String name) {
        return switch (name) {
            case "ANSWERED" -> Flags.ANSWERED;
            case "FLAGGED" -> Flags.FLAGGED;
            case "DELETED" -> Flags.DELETED;
            case "SEEN" -> Flags.SEEN;
            case "DRAFT" -> Flags.DRAFT;
            // RFC 3501 §2.3.2: \Recent cannot be altered by the client; others are for future standards.
            default -> throw BadCommand.syntax("Unknown system flag");
        };
    }
}
