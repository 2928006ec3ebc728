package org.postern.pop3;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;

/// Reads command lines (RFC 1939 §3, RFC 2449 §4): one method for each production. For one thread.
///
/// `take…` tries and may leave the input as it is; `expect…` must find what it is named for.
final class CommandReader {
    /// RFC 2449 §4: a command has at most 255 octets, its CRLF included.
    static final int LINE_OCTETS = 253;

    private static final byte[] NOTHING = {};
    private static final int DIGITS = 9; // a larger number is as good as the largest: no maildrop has that many
    private static final Pattern MECHANISM = Pattern.compile("[A-Za-z0-9_-]{1,20}"); // RFC 4422 §3.1
    /// RFC 4647 §2.1: language-range = (1*8ALPHA *("-" 1*8alphanum)) / "*"
    private static final Pattern LANGUAGE_RANGE = Pattern.compile("[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*|\\*");

    private final BooleanSupplier mayReadSecrets;
    private byte[] line = NOTHING;
    private int position;
    private boolean recognized;
    private String name = "";

    /// @param mayReadSecrets asked before a name or a password is looked at (ST-13)
    CommandReader(BooleanSupplier mayReadSecrets) {
        this.mayReadSecrets = mayReadSecrets;
    }

    /// True once a command was known by name: its sender speaks POP3.
    boolean recognized() {
        return recognized;
    }

    /// The name of the command that was read last: `RETR`.
    String name() {
        return name;
    }

    /// Reads one line, without its CRLF. The octets stay the caller's, who overwrites them: they may hold
    /// a password.
    ///
    /// command = keyword *(SP parameter) CRLF ; RFC 2449 §4 keyword = 3*4VCHAR
    Command read(byte[] octets) {
        line = octets;
        position = 0;
        try {
            Command command = expectCommand(takeWord().toUpperCase(Locale.ROOT));
            if (position < line.length) {
                throw BadCommand.syntax("Unexpected characters after the command");
            }
            return command;
        } finally {
            line = NOTHING;
        }
    }

    private Command expectCommand(String keyword) {
        name = keyword;
        boolean known = true;
        try {
            return switch (keyword) {
                case "CAPA" -> new Command.Capa();
                case "QUIT" -> new Command.Quit();
                case "LANG" -> new Command.Lang(takeLanguageRange());
                case "STLS" -> new Command.Stls();
                case "UTF8" -> new Command.Utf8();
                case "USER" -> expectUser();
                case "PASS" -> expectPass();
                case "AUTH" -> expectAuth();
                case "STAT" -> new Command.Stat();
                case "LIST" -> new Command.ScanListing(takeMessage());
                case "RETR" -> new Command.Retr(expectNumber());
                case "DELE" -> new Command.Dele(expectNumber());
                case "NOOP" -> new Command.Noop();
                case "RSET" -> new Command.Rset();
                case "TOP" -> new Command.Top(expectNumber(), expectNumber());
                case "UIDL" -> new Command.Uidl(takeMessage());
                default -> {
                    known = false;
                    throw BadCommand.syntax("Unknown command");
                }
            };
        } finally {
            recognized |= known;
        }
    }

    // ---- before login

    /// user = "USER" SP string ; RFC 1939 §7. Names may hold spaces.
    private Command.User expectUser() {
        requireTls();
        byte[] name = expectRest();
        try {
            // RFC 6856 §2.2: UTF-8, as UTF8's argument USER says
            return new Command.User(
                    UTF_8.newDecoder().decode(ByteBuffer.wrap(name)).toString());
        } catch (CharacterCodingException e) {
            throw BadCommand.syntax("A name is written in UTF-8");
        }
    }

    /// pass = "PASS" SP string ; RFC 1939 §7: spaces are part of the password
    private Command.Pass expectPass() {
        requireTls();
        return new Command.Pass(expectRest());
    }

    /// auth = "AUTH" SP sasl-mech [SP (base64 / "=")] ; RFC 5034 §5
    private Command.Auth expectAuth() {
        requireTls();
        expectSpace();
        String mechanism = takeWord();
        if (!MECHANISM.matcher(mechanism).matches()) {
            throw BadCommand.syntax("A SASL mechanism is expected");
        }
        if (position == line.length) {
            return new Command.Auth(mechanism, Optional.empty());
        }
        byte[] initial = expectRest();
        boolean empty = initial.length == 1 && initial[0] == '=';
        return new Command.Auth(mechanism, Optional.of(empty ? NOTHING : initial));
    }

    /// ST-12, ST-13: refused by its name, before anything is read of it.
    private void requireTls() {
        if (!mayReadSecrets.getAsBoolean()) {
            position = line.length;
            throw BadCommand.wrongState("Begin TLS first");
        }
    }

    // ---- parameters

    /// lang-command = "LANG" [SP lang-range] ; RFC 6856 §3
    private Optional<String> takeLanguageRange() {
        if (position == line.length) {
            return Optional.empty();
        }
        expectSpace();
        String range = takeWord();
        if (!LANGUAGE_RANGE.matcher(range).matches()) {
            throw BadCommand.syntax("A language range is expected");
        }
        return Optional.of(range);
    }

    /// [SP msg]
    private OptionalInt takeMessage() {
        return position == line.length ? OptionalInt.empty() : OptionalInt.of(expectNumber());
    }

    /// SP 1*DIGIT
    private int expectNumber() {
        expectSpace();
        String digits = takeWord();
        if (digits.isEmpty() || !digits.chars().allMatch(digit -> digit >= '0' && digit <= '9')) {
            throw BadCommand.syntax("A number is expected");
        }
        String significant = digits.replaceFirst("^0+(?=.)", "");
        return significant.length() > DIGITS ? Integer.MAX_VALUE : Integer.parseInt(significant);
    }

    private void expectSpace() {
        if (position == line.length || line[position] != ' ') {
            throw BadCommand.syntax("An argument is expected");
        }
        position++;
    }

    /// Up to the next space, or the end.
    private String takeWord() {
        int start = position;
        while (position < line.length && line[position] != ' ') {
            position++;
        }
        return new String(line, start, position - start, ISO_8859_1);
    }

    /// SP 1*OCTET: all that is left.
    private byte[] expectRest() {
        expectSpace();
        if (position == line.length) {
            throw BadCommand.syntax("An argument is expected");
        }
        int start = position;
        position = line.length;
        return Arrays.copyOfRange(line, start, line.length);
    }
}
