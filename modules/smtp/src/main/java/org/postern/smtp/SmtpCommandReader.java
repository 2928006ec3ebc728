package org.postern.smtp;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;

/// Reads command lines (RFC 5321 §4.1): one method per production. What cannot be read is thrown as
/// [SmtpRefusal]. For one thread.
///
/// `take…` tries and may leave the input as it is; `expect…` must find what it is named for.
final class SmtpCommandReader {
    private static final int LOCAL_PART_OCTETS = 64; // RFC 5321 §4.5.3.1.1
    private static final int PATH_OCTETS = 256; // RFC 5321 §4.5.3.1.3
    private static final int CHUNK_DIGITS = 15;

    /// RFC 3463 §3.2: whose address it is that cannot be read.
    private static final String BAD_SENDER = "5.1.7";

    private static final String BAD_RECIPIENT = "5.1.3";

    private static final Pattern DOMAIN = domain("A-Za-z0-9");
    /// Leniency `underscore-in-client-name`: Windows machines are named so, and name themselves in EHLO.
    private static final Pattern CLIENT_NAME = domain("A-Za-z0-9_");

    private static final Pattern IPV4 = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");
    private static final Pattern IPV6 = Pattern.compile("[0-9A-Fa-f:.]{2,45}");
    private static final Pattern MECHANISM = Pattern.compile("[A-Za-z0-9_-]{1,20}"); // RFC 4422 §3.1
    private static final Pattern PARAMETER_NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9-]*");
    /// RFC 6531 §3.3 adds what is beyond ASCII.
    private static final Pattern PARAMETER_VALUE = Pattern.compile("[\\x21-\\x3c\\x3e-\\x7e\\x{80}-\\x{10ffff}]+");
    private static final Pattern UNICODE_LABEL = Pattern.compile("[\\p{L}\\p{N}\\p{M}\\x{200c}\\x{200d}-]{1,63}");
    /// Stands for octets that are no UTF-8; no address holds it.
    static final int REPLACEMENT = 0xfffd;

    private final SmtpDialect dialect;
    private final BooleanSupplier mayReadSecrets;
    private String text = "";
    private int position;
    private boolean recognized;
    private String name = "";

    /// @param mayReadSecrets asked before a password is looked at (ST-13)
    SmtpCommandReader(SmtpDialect dialect, BooleanSupplier mayReadSecrets) {
        this.dialect = dialect;
        this.mayReadSecrets = mayReadSecrets;
    }

    private static Pattern domain(String letterOrDigit) {
        String label = "[" + letterOrDigit + "]([" + letterOrDigit + "-]{0,61}[" + letterOrDigit + "])?";
        return Pattern.compile("(?=.{1,255}$)" + label + "(\\." + label + ")*"); // RFC 5321 §4.5.3.1.2
    }

    /// Domain = sub-domain *("." sub-domain)
    static boolean isDomain(String text) {
        return DOMAIN.matcher(text).matches();
    }

    /// True once a command was known by name: its sender speaks SMTP.
    boolean recognized() {
        return recognized;
    }

    /// The name of the command that was read last: `MAIL`.
    String name() {
        return name;
    }

    /// Reads one line, without its CRLF. The octets stay the caller's, who overwrites them: they may hold a
    /// password.
    SmtpCommand read(byte[] line) {
        int end = line.length;
        while (end > 0 && (line[end - 1] == ' ' || line[end - 1] == '\t')) {
            end--; // RFC 5321 §4.1.1: white space before the CRLF is tolerated
        }
        int verbEnd = 0;
        while (verbEnd < end && line[verbEnd] != ' ') {
            verbEnd++;
        }
        String verb = new String(line, 0, verbEnd, ISO_8859_1).toUpperCase(Locale.ROOT);
        name = verb;
        if (dialect == SmtpDialect.LMTP) {
            verb = translated(verb);
        }
        if (verb.equals("AUTH")) {
            recognized = true;
            return expectAuth(line, verbEnd, end);
        }
        text = new String(line, verbEnd, end - verbEnd, UTF_8);
        position = 0;
        SmtpCommand command = expectArguments(verb);
        if (position < text.length()) {
            throw SmtpRefusal.malformed("Unexpected characters after the command");
        }
        return command;
    }

    /// RFC 2033 §4.1: LHLO means what EHLO means elsewhere, and there is neither EHLO nor HELO.
    private String translated(String verb) {
        return switch (verb) {
            case "LHLO" -> "EHLO";
            case "EHLO", "HELO", "AUTH" -> {
                recognized = true;
                throw SmtpRefusal.unrecognized();
            }
            default -> verb;
        };
    }

    private SmtpCommand expectArguments(String verb) {
        boolean known = true;
        try {
            return switch (verb) {
                case "EHLO" -> new SmtpCommand.Ehlo(expectClient());
                case "HELO" -> new SmtpCommand.Helo(expectClient());
                case "STARTTLS" -> new SmtpCommand.StartTls(); // RFC 3207 §4: no parameters
                case "MAIL" -> expectMail();
                case "RCPT" -> expectRcpt();
                case "DATA" -> new SmtpCommand.Data();
                case "BDAT" -> expectBdat();
                case "RSET" -> new SmtpCommand.Rset();
                case "VRFY" -> expectVrfy();
                case "HELP" -> {
                    takeRest();
                    yield new SmtpCommand.Help();
                }
                case "NOOP" -> {
                    takeRest();
                    yield new SmtpCommand.Noop();
                }
                case "QUIT" -> new SmtpCommand.Quit();
                case "EXPN", "TURN", "SEND", "SOML", "SAML", "ETRN" -> throw SmtpRefusal.notImplemented();
                default -> {
                    known = false;
                    throw SmtpRefusal.unrecognized();
                }
            };
        } finally {
            recognized |= known;
        }
    }

    // ---- commands

    /// ehlo = "EHLO" SP ( Domain / address-literal ) ; RFC 2033 §4.1: LHLO is the same
    /// helo = "HELO" SP Domain
    ///
    /// Leniency `helo-literal`: HELO may give an address literal too, as many devices do.
    private String expectClient() {
        expectSpace();
        String name = takeRest();
        boolean literal = name.startsWith("[") && name.endsWith("]") && isAddressLiteral(name);
        if (!literal && !CLIENT_NAME.matcher(name).matches()) {
            throw SmtpRefusal.malformed("A domain name or an address literal is expected");
        }
        return name;
    }

    /// auth = "AUTH" SP sasl-mech [SP initial-response] ; RFC 4954 §4
    /// initial-response = base64 / "="
    private SmtpCommand.Auth expectAuth(byte[] line, int from, int end) {
        if (!mayReadSecrets.getAsBoolean()) {
            // ST-11, ST-13, RFC 4954 §4: refused by its name, before anything is read of it
            throw SmtpRefusal.refused(538, "5.7.11", "Encryption required: begin TLS first");
        }
        int nameEnd = from + 1;
        while (nameEnd < end && line[nameEnd] != ' ') {
            nameEnd++;
        }
        String mechanism = from < end ? new String(line, from + 1, nameEnd - from - 1, ISO_8859_1) : "";
        if (!MECHANISM.matcher(mechanism).matches()) {
            throw SmtpRefusal.malformed("A SASL mechanism is expected");
        }
        if (nameEnd >= end) {
            return new SmtpCommand.Auth(mechanism, Optional.empty());
        }
        byte[] initial = Arrays.copyOfRange(line, nameEnd + 1, end);
        boolean empty = initial.length == 1 && initial[0] == '=';
        return new SmtpCommand.Auth(mechanism, Optional.of(empty ? new byte[0] : initial));
    }

    /// mail = "MAIL FROM:" Reverse-path [SP Mail-parameters]
    private SmtpCommand.Mail expectMail() {
        expectSpace();
        expectKeyword("FROM:");
        Optional<MailAddress> reversePath = expectReversePath();
        OptionalLong size = OptionalLong.empty();
        boolean smtpUtf8 = false;
        boolean binary = false;
        Optional<MailParameters.Returned> returned = Optional.empty();
        Optional<String> envelopeId = Optional.empty();
        Set<String> seen = new HashSet<>();
        while (position < text.length()) {
            Parameter parameter = expectParameter(seen);
            switch (parameter.name()) {
                case "SIZE" -> size = OptionalLong.of(ParameterValues.size(parameter.required()));
                case "BODY" -> binary = ParameterValues.isBinary(parameter.required());
                case "AUTH" -> ParameterValues.requireIdentity(parameter.required());
                case "SMTPUTF8" -> {
                    parameter.requireNoValue(); // RFC 6531 §3.4
                    smtpUtf8 = true;
                }
                case "RET" -> returned = Optional.of(ParameterValues.returned(ofReports(parameter)));
                case "ENVID" -> envelopeId = Optional.of(ParameterValues.envelopeId(ofReports(parameter)));
                default -> throw unknown(parameter);
            }
        }
        return new SmtpCommand.Mail(reversePath, size, new MailParameters(smtpUtf8, binary, returned, envelopeId));
    }

    /// The value of a parameter of RFC 3461. Not in LMTP: whoever hands mail over there reports of it, for this server
    /// cannot send to others.
    private String ofReports(Parameter parameter) {
        if (dialect == SmtpDialect.LMTP) {
            throw unknown(parameter);
        }
        return parameter.required();
    }

    /// rcpt = "RCPT TO:" ( "<Postmaster@" Domain ">" / "<Postmaster>" / Forward-path ) [SP Rcpt-parameters]
    private SmtpCommand.Rcpt expectRcpt() {
        expectSpace();
        expectKeyword("TO:");
        takeSpace();
        ForwardPath path = takeKeyword("<Postmaster>")
                ? new ForwardPath.Postmaster()
                : new ForwardPath.To(expectPath(BAD_RECIPIENT));
        RecipientParameters parameters = RecipientParameters.NONE;
        Set<String> seen = new HashSet<>();
        while (position < text.length()) {
            Parameter parameter = expectParameter(seen);
            parameters = switch (parameter.name()) {
                case "NOTIFY" ->
                    new RecipientParameters(
                            Optional.of(ParameterValues.notify(ofReports(parameter))), parameters.original());
                case "ORCPT" ->
                    new RecipientParameters(
                            parameters.conditions(),
                            Optional.of(ParameterValues.originalRecipient(ofReports(parameter))));
                default -> throw unknown(parameter);
            };
        }
        return new SmtpCommand.Rcpt(path, parameters);
    }

    /// bdat-cmd   = "BDAT" SP chunk-size [ SP end-marker ] CR LF ; RFC 3030 §2 chunk-size = 1*DIGIT end-marker =
    /// "LAST"
    private SmtpCommand.Bdat expectBdat() {
        expectSpace();
        int start = position;
        while (peek() >= '0' && peek() <= '9') {
            position++;
        }
        int digits = position - start;
        if (digits == 0 || digits > CHUNK_DIGITS) {
            throw SmtpRefusal.malformed("A number of octets is expected");
        }
        long size = Long.parseLong(text, start, position, 10);
        boolean last = take(' ');
        if (last) {
            expectKeyword("LAST");
        }
        return new SmtpCommand.Bdat(size, last);
    }

    /// vrfy = "VRFY" SP String [ SP "SMTPUTF8" ] ; RFC 6531 §3.7.4.2
    private SmtpCommand.Vrfy expectVrfy() {
        expectSpace();
        String name = takeRest();
        boolean printable = name.codePoints().noneMatch(point -> Character.isISOControl(point) || point == REPLACEMENT);
        boolean international = name.toUpperCase(Locale.ROOT).endsWith(" SMTPUTF8");
        if (name.isBlank() || !printable || !(international || MailAddress.isAscii(name))) {
            throw SmtpRefusal.malformed("A name is expected");
        }
        return new SmtpCommand.Vrfy();
    }

    // ---- paths (RFC 5321 §4.1.2)

    /// Reverse-path = Path / "<>"
    ///
    /// Leniency `space-after-colon`: one space before a path, as old clients and hand-written ones send it.
    private Optional<MailAddress> expectReversePath() {
        takeSpace();
        return takeKeyword("<>") ? Optional.empty() : Optional.of(expectPath(BAD_SENDER));
    }

    /// Path = "<" [ A-d-l ":" ] Mailbox ">"
    private MailAddress expectPath(String status) {
        int start = position;
        if (!take('<')) {
            throw badPath(status);
        }
        takeSourceRoute(status);
        MailAddress address = expectMailbox(status);
        if (!take('>') || octets(text.substring(start, position)) > PATH_OCTETS) {
            throw badPath(status);
        }
        return address;
    }

    /// A-d-l = At-domain *( "," At-domain ) ; RFC 5321 §4.1.1.3: accepted, and ignored
    private void takeSourceRoute(String status) {
        if (peek() != '@') {
            return;
        }
        do {
            if (!take('@')) {
                throw badPath(status);
            }
            expectDomain(status);
        } while (take(','));
        if (!take(':')) {
            throw badPath(status);
        }
    }

    /// Mailbox = Local-part "@" ( Domain / address-literal )
    private MailAddress expectMailbox(String status) {
        String localPart = peek() == '"' ? expectQuotedString(status) : expectDotString(status);
        if (!take('@') || octets(localPart) > LOCAL_PART_OCTETS) {
            throw badPath(status);
        }
        return new MailAddress(localPart, peek() == '[' ? expectAddressLiteral(status) : expectDomain(status));
    }

    private static int octets(String part) {
        return part.getBytes(UTF_8).length;
    }

    /// Dot-string = Atom *("." Atom)
    private String expectDotString(String status) {
        int start = position;
        do {
            int atom = position;
            while (isAtext(peek())) {
                position++;
            }
            if (position == atom) {
                throw badPath(status);
            }
        } while (take('.'));
        return text.substring(start, position);
    }

    /// Quoted-string = DQUOTE *( qtextSMTP / quoted-pairSMTP ) DQUOTE
    private String expectQuotedString(String status) {
        StringBuilder content = new StringBuilder();
        position++;
        while (!take('"')) {
            take('\\');
            int character = peek();
            if (character < ' ' || (character > '~' && !isBeyondAscii(character))) {
                throw badPath(status);
            }
            content.append((char) character);
            position++;
        }
        if (content.isEmpty()) {
            throw badPath(status);
        }
        return content.toString();
    }

    /// A domain in lower case. sub-domain =/ U-label (RFC 6531 §3.3): which of them is one, the role finds out.
    private String expectDomain(String status) {
        int start = position;
        while (isLetterOrDigit(peek()) || peek() == '-' || peek() == '.' || isBeyondAscii(peek())) {
            position++;
        }
        String domain = text.substring(start, position).toLowerCase(Locale.ROOT);
        if (!isDomain(domain) && !isUnicodeDomain(domain)) {
            throw badPath(status);
        }
        return domain;
    }

    private static boolean isUnicodeDomain(String domain) {
        return octets(domain) <= 255
                && Arrays.stream(domain.split("\\.", -1))
                        .allMatch(label -> UNICODE_LABEL.matcher(label).matches());
    }

    /// address-literal = "[" ( IPv4-address-literal / IPv6-address-literal / General-address-literal ) "]"
    private String expectAddressLiteral(String status) {
        int end = text.indexOf(']', position);
        String literal = end < 0 ? "" : text.substring(position, end + 1);
        if (!isAddressLiteral(literal)) {
            throw badPath(status);
        }
        position = end + 1;
        return literal;
    }

    /// No tag but IPv6 was ever registered: a General-address-literal means nothing to anybody.
    private static boolean isAddressLiteral(String text) {
        if (text.length() < 2) {
            return false;
        }
        String content = text.substring(1, text.length() - 1);
        try {
            if (content.regionMatches(true, 0, "IPv6:", 0, 5)) {
                return IPV6.matcher(content.substring(5)).matches()
                        && Inet6Address.ofLiteral(content.substring(5)) != null;
            }
            return IPV4.matcher(content).matches() && Inet4Address.ofLiteral(content) != null;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private static SmtpRefusal badPath(String status) {
        return SmtpRefusal.refused(501, status, "An address in angle brackets is expected, as <user@example.org>");
    }

    // ---- parameters (RFC 5321 §4.1.2)

    private record Parameter(String name, Optional<String> value) {
        String required() {
            return value.orElse("");
        }

        void requireNoValue() {
            if (value.isPresent()) {
                throw SmtpRefusal.malformed(name + " takes no value");
            }
        }
    }

    /// esmtp-param   = esmtp-keyword ["=" esmtp-value] esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
    /// esmtp-value   = 1*(%d33-60 / %d62-126)
    private Parameter expectParameter(Set<String> seen) {
        expectSpace();
        int end = text.indexOf(' ', position);
        String word = text.substring(position, end < 0 ? text.length() : end);
        position += word.length();
        int equals = word.indexOf('=');
        String name = (equals < 0 ? word : word.substring(0, equals)).toUpperCase(Locale.ROOT);
        Optional<String> value = equals < 0 ? Optional.empty() : Optional.of(word.substring(equals + 1));
        if (!PARAMETER_NAME.matcher(name).matches()
                || !value.map(given -> PARAMETER_VALUE.matcher(given).matches()).orElse(true)) {
            throw SmtpRefusal.malformed("Malformed parameter");
        }
        if (!seen.add(name)) {
            throw SmtpRefusal.malformed("Parameter " + shown(name) + " given twice");
        }
        return new Parameter(name, value);
    }

    /// RFC 5321 §4.1.1.11
    private static SmtpRefusal unknown(Parameter parameter) {
        return SmtpRefusal.refused(555, "5.5.4", "Parameter " + shown(parameter.name()) + " is not known here");
    }

    private static String shown(String name) {
        return name.length() <= 40 ? name : name.substring(0, 40) + "...";
    }

    // ---- words

    private static final int END = -1;

    private int peek() {
        return position < text.length() ? text.charAt(position) : END;
    }

    private boolean take(char expected) {
        if (peek() != expected) {
            return false;
        }
        position++;
        return true;
    }

    private void takeSpace() {
        take(' ');
    }

    private boolean takeKeyword(String keyword) {
        if (!text.regionMatches(true, position, keyword, 0, keyword.length())) {
            return false;
        }
        position += keyword.length();
        return true;
    }

    private String takeRest() {
        String rest = text.substring(position);
        position = text.length();
        return rest;
    }

    private void expectSpace() {
        if (!take(' ')) {
            throw SmtpRefusal.malformed("An argument is expected after a space");
        }
    }

    private void expectKeyword(String keyword) {
        if (!takeKeyword(keyword)) {
            throw SmtpRefusal.malformed(keyword + " is expected");
        }
    }

    /// UTF8-non-ascii; no controls, separators, or what came in place of malformed octets.
    private static boolean isBeyondAscii(int character) {
        return character >= 0xa0
                && character != REPLACEMENT
                && !Character.isSpaceChar(character)
                && !Character.isISOControl(character);
    }

    private static boolean isLetterOrDigit(int character) {
        return (character >= 'a' && character <= 'z')
                || (character >= 'A' && character <= 'Z')
                || (character >= '0' && character <= '9');
    }

    /// RFC 5322 §3.2.3, RFC 6531 §3.3
    private static boolean isAtext(int character) {
        return isLetterOrDigit(character)
                || isBeyondAscii(character)
                || (character > ' ' && "!#$%&'*+-/=?^_`{|}~".indexOf(character) >= 0);
    }
}
