package org.postern.smtp;

import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Reads command lines (RFC 5321 §4.1): one method for each production. A line that is no command is an [SmtpRefused].
final class SmtpCommandReader {
    /// What clients call themselves: a domain or an address literal, and what real clients send in their place.
    private static final Pattern CLIENT_NAME = Pattern.compile("[A-Za-z0-9._:-]{1,255}|\\[[A-Za-z0-9.:-]{1,250}]");

    private static final Pattern DOMAIN = Pattern.compile("(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
            + "(\\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*");
    private static final Pattern ADDRESS_LITERAL = Pattern.compile("\\[[A-Za-z0-9.:-]{1,250}]");
    private static final Pattern DOT_STRING =
            Pattern.compile("[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*");
    private static final Pattern QUOTED_STRING = Pattern.compile("\"(\\\\[ -~]|[ !#-\\[\\]-~])*\"");
    private static final int LOCAL_PART_OCTETS = 64; // RFC 5321 §4.5.3.1.1

    /// esmtp-param = esmtp-keyword ["=" esmtp-value] ; RFC 5321 §4.1.2
    private static final Pattern PARAMETER = Pattern.compile("([A-Za-z0-9][A-Za-z0-9-]*)(=([!-<>-~]+))?");

    private static final Pattern SPACES = Pattern.compile(" +");

    private final BooleanSupplier mayReadSecrets;
    private boolean recognized;

    /// @param mayReadSecrets asked before a SASL response is looked at (ST-13)
    SmtpCommandReader(BooleanSupplier mayReadSecrets) {
        this.mayReadSecrets = mayReadSecrets;
    }

    /// True once a command was known by name: its sender speaks SMTP.
    boolean recognized() {
        return recognized;
    }

    /// @param line without its CRLF
    SmtpCommand read(String line) {
        int space = line.indexOf(' ');
        String verb = (space < 0 ? line : line.substring(0, space)).toUpperCase(Locale.ROOT);
        String argument = space < 0 ? "" : line.substring(space + 1);
        SmtpCommand command = switch (verb) {
            case "EHLO" -> new SmtpCommand.Ehlo(clientName(argument));
            case "HELO" -> new SmtpCommand.Helo(clientName(argument));
            case "STARTTLS" -> withoutArgument(argument, new SmtpCommand.StartTls());
            case "AUTH" -> auth(argument);
            case "MAIL" -> mail(argument);
            case "RCPT" -> recipient(argument);
            case "DATA" -> withoutArgument(argument, new SmtpCommand.Data());
            case "RSET" -> withoutArgument(argument, new SmtpCommand.Rset());
            case "NOOP" -> new SmtpCommand.Noop(); // RFC 5321 §4.1.1.9: an argument is ignored
            case "QUIT" -> withoutArgument(argument, new SmtpCommand.Quit());
            case "VRFY" -> new SmtpCommand.Vrfy();
            case "HELP" -> new SmtpCommand.Help();
            case "EXPN", "TURN", "SEND", "SOML", "SAML", "ETRN", "BDAT", "LHLO" -> {
                recognized = true;
                throw new SmtpRefused(502, "5.5.1", "Command not implemented");
            }
            default -> throw new SmtpRefused(500, "5.5.2", "Unknown command");
        };
        recognized = true;
        return command;
    }

    private static SmtpRefused syntax(String text) {
        return new SmtpRefused(501, "5.5.4", text);
    }

    private SmtpCommand withoutArgument(String argument, SmtpCommand command) {
        recognized = true;
        if (!argument.isBlank()) {
            throw syntax("This command takes no argument"); // ST-19 for STARTTLS
        }
        return command;
    }

    /// ehlo = "EHLO" SP (Domain / address-literal) CRLF
    private String clientName(String argument) {
        recognized = true;
        String name = argument.strip();
        if (!CLIENT_NAME.matcher(name).matches()) {
            throw syntax("A domain or an address literal is expected"); // it stands in Received
        }
        return name;
    }

    /// auth-command = "AUTH" SP sasl-mech [SP initial-response] *(CRLF [base64]) [CRLF cancel] ; RFC 4954 §8
    private SmtpCommand auth(String argument) {
        recognized = true;
        if (!mayReadSecrets.getAsBoolean()) {
            throw new SmtpRefused(538, "5.7.11", "Use TLS first"); // ST-11, RFC 4954 §6
        }
        int space = argument.indexOf(' ');
        String mechanism = space < 0 ? argument : argument.substring(0, space);
        if (mechanism.isEmpty()) {
            throw syntax("AUTH takes a mechanism");
        }
        if (space < 0) {
            return new SmtpCommand.Auth(mechanism, Optional.empty());
        }
        String response = argument.substring(space + 1);
        return new SmtpCommand.Auth(
                mechanism, Optional.of(response.equals("=") ? new byte[0] : decodeBase64(response)));
    }

    /// RFC 4954 §4: what cannot be decoded is refused with 501.
    static byte[] decodeBase64(String text) {
        try {
            if (text.length() % 4 == 0) {
                return Base64.getDecoder().decode(text);
            }
        } catch (IllegalArgumentException malformed) {
            // refused below
        }
        throw new SmtpRefused(501, "5.5.2", "Malformed Base64");
    }

    /// mail = "MAIL FROM:" Reverse-path [SP Mail-parameters] CRLF
    private SmtpCommand mail(String argument) {
        recognized = true;
        PathAndParameters parsed = path(argument, "FROM:");
        OptionalLong size = OptionalLong.empty();
        for (String parameter : parsed.parameters()) {
            Matcher matcher = PARAMETER.matcher(parameter);
            if (!matcher.matches()) {
                throw syntax("Malformed parameter");
            }
            String value = matcher.group(3) == null ? "" : matcher.group(3);
            switch (matcher.group(1).toUpperCase(Locale.ROOT)) {
                case "SIZE" -> size = OptionalLong.of(size(value));
                case "BODY" -> { // RFC 6152: both are taken as they come
                    if (!value.equalsIgnoreCase("7BIT") && !value.equalsIgnoreCase("8BITMIME")) {
                        throw syntax("BODY is 7BIT or 8BITMIME");
                    }
                }
                case "AUTH" -> { // RFC 4954 §5: nobody is trusted to name another sender
                    if (value.isEmpty()) {
                        throw syntax("AUTH takes a value");
                    }
                }
                default -> throw new SmtpRefused(555, "5.5.4", "Unknown MAIL parameter");
            }
        }
        return new SmtpCommand.Mail(parsed.path(), size);
    }

    /// size-value = 1*20DIGIT ; RFC 1870 §4
    private static long size(String value) {
        if (!value.matches("[0-9]{1,20}")) {
            throw syntax("SIZE takes a number");
        }
        return value.length() > 18 ? Long.MAX_VALUE : Long.parseLong(value);
    }

    /// rcpt = "RCPT TO:" ("<Postmaster@" Domain ">" / "<Postmaster>" / Forward-path) [SP Rcpt-parameters] CRLF
    private SmtpCommand recipient(String argument) {
        recognized = true;
        PathAndParameters parsed = path(argument, "TO:");
        if (!parsed.parameters().isEmpty()) {
            throw new SmtpRefused(555, "5.5.4", "Unknown RCPT parameter");
        }
        if (parsed.path().isEmpty()) {
            throw new SmtpRefused(501, "5.1.3", "RCPT needs an address");
        }
        return new SmtpCommand.Rcpt(parsed.path());
    }

    private record PathAndParameters(String path, List<String> parameters) {}

    /// Path = "<" [A-d-l ":"] Mailbox ">"
    private static PathAndParameters path(String argument, String keyword) {
        if (!argument.regionMatches(true, 0, keyword, 0, keyword.length())) {
            throw syntax(keyword + "<address> is expected");
        }
        String rest = argument.substring(keyword.length()).stripLeading(); // many clients put a space there
        if (!rest.startsWith("<")) {
            throw syntax("The address stands in < >");
        }
        int end = endOfPath(rest);
        if (end < 0) {
            throw syntax("The address stands in < >");
        }
        String path = rest.substring(1, end);
        String after = rest.substring(end + 1);
        List<String> parameters = new ArrayList<>();
        if (!after.isBlank()) {
            if (!after.startsWith(" ")) {
                throw syntax("A space separates parameters");
            }
            parameters.addAll(List.of(SPACES.split(after.strip(), -1)));
        }
        return new PathAndParameters(mailbox(path), parameters);
    }

    /// The `>` that ends the path; one in a quoted local part does not.
    private static int endOfPath(String text) {
        boolean quoted = false;
        for (int index = 1; index < text.length(); index++) {
            switch (text.charAt(index)) {
                case '\\' -> index += quoted ? 1 : 0;
                case '"' -> quoted = !quoted;
                case '>' -> {
                    if (!quoted) {
                        return index;
                    }
                }
                default -> {}
            }
        }
        return -1;
    }

    /// Mailbox = Local-part "@" (Domain / address-literal) ; empty for `<>`, and `postmaster` may stand alone
    private static String mailbox(String path) {
        if (path.isEmpty() || path.equalsIgnoreCase("postmaster")) {
            return path;
        }
        String text = path;
        if (text.startsWith("@")) { // RFC 5321 §4.1.1.3, Appendix C: a source route is accepted and ignored
            int colon = text.indexOf(':');
            if (colon < 0) {
                throw new SmtpRefused(501, "5.1.3", "Malformed source route");
            }
            text = text.substring(colon + 1);
        }
        int at = text.lastIndexOf('@');
        if (at <= 0) {
            throw new SmtpRefused(501, "5.1.3", "An address is local-part@domain");
        }
        String local = text.substring(0, at);
        String domain = text.substring(at + 1);
        if (local.length() > LOCAL_PART_OCTETS
                || !(DOT_STRING.matcher(local).matches()
                        || QUOTED_STRING.matcher(local).matches())) {
            throw new SmtpRefused(501, "5.1.3", "Malformed local part");
        }
        if (!DOMAIN.matcher(domain).matches()
                && !ADDRESS_LITERAL.matcher(domain).matches()) {
            throw new SmtpRefused(501, "5.1.3", "Malformed domain");
        }
        return text;
    }
}
