package org.postern.mua;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;

/// A connection to a server that was found good: inside of TLS, after greeting and capabilities, before login. Only
/// a [Decision.Continue] comes with one, so that a password cannot go anywhere else. For one thread at a time.
public final class MailConnection implements AutoCloseable {
    private static final int MOST_LINES = 1_000;

    private final Probe probe;
    private final Dialogue dialogue;
    private final Wire wire;
    private final Duration patience;

    MailConnection(Prober.Visit visit, Duration patience) {
        this.probe = visit.probe();
        this.dialogue = visit.dialogue();
        this.wire = visit.wire().orElseThrow();
        this.patience = patience;
        wire.patience(patience);
    }

    /// Those from inside of TLS; what was said before does not count any more (RFC 9051 §6.2.1).
    public Capabilities capabilities() {
        return probe.inside().orElseThrow();
    }

    public TlsSession tls() {
        return probe.tls().orElseThrow();
    }

    /// How long the server may take from now on for what is read next.
    public void patience(Duration other) {
        wire.patience(other);
    }

    /// What the server says, from inside of TLS. It ends where the server closes TLS; where the line is cut, so
    /// that something may be missing, a read fails, as it does when the patience is over.
    public InputStream input() {
        return new InputStream() {
            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                return wire.read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
            }

            @Override
            public int read(byte[] buffer, int offset, int length) throws IOException {
                return wire.read(buffer, offset, length);
            }
        };
    }

    /// Goes out at once, inside of TLS.
    public OutputStream output() {
        return new OutputStream() {
            @Override
            public void write(int octet) throws IOException {
                wire.write(new byte[] {(byte) octet});
            }

            @Override
            public void write(byte[] buffer, int offset, int length) throws IOException {
                wire.write(Arrays.copyOfRange(buffer, offset, offset + length));
            }
        };
    }

    /// By the whole address, and if the server rejects that, once more by the part before the `@` (RFC 6186 §4).
    public LoginResult loginByAddress(Credentials credentials) throws IOException {
        LoginResult result = login(credentials);
        int at = credentials.user().lastIndexOf('@');
        return result instanceof LoginResult.Rejected && at > 0
                ? login(credentials.withUser(credentials.user().substring(0, at)))
                : result;
    }

    /// By SASL PLAIN, or by the protocol's own command where the server has no PLAIN.
    ///
    /// @throws IOException if the connection is lost
    public LoginResult login(Credentials credentials) throws IOException {
        wire.patience(patience);
        Capabilities inside = capabilities();
        boolean plain = inside.mechanisms().contains("PLAIN");
        if (!plain && !inside.offersPasswordCommand()) {
            return new LoginResult.NotOffered(inside);
        }
        String answer = switch (probe.service().protocol()) {
            case IMAP -> plain ? imapPlain(credentials) : imapLogin(credentials);
            case POP3 -> plain ? plain("AUTH PLAIN", "+ ", credentials) : popUser(credentials);
            case SUBMISSION -> plain("AUTH PLAIN", "334", credentials);
        };
        boolean accepted = switch (probe.service().protocol()) {
            case IMAP -> answer.startsWith("OK");
            case POP3 -> answer.startsWith("+OK");
            case SUBMISSION -> answer.startsWith("235");
        };
        return accepted ? new LoginResult.Accepted(credentials.user()) : new LoginResult.Rejected(answer);
    }

    /// RFC 4616 §2
    private static String message(Credentials credentials) {
        return Base64.getEncoder()
                .encodeToString(
                        ("\0" + credentials.user() + "\0" + new String(credentials.password())).getBytes(UTF_8));
    }

    /// The command without initial response: what is not asked for is not sent.
    private String plain(String command, String challenge, Credentials credentials) throws IOException {
        wire.writeLine(command);
        String asked = wire.readLine();
        if (!asked.startsWith(challenge.strip())) {
            return asked;
        }
        wire.writeLine(message(credentials));
        return wire.readLine();
    }

    private String popUser(Credentials credentials) throws IOException {
        wire.writeLine("USER " + octets(credentials.user()));
        String answer = wire.readLine();
        if (!answer.startsWith("+OK")) {
            return answer;
        }
        wire.writeLine("PASS " + octets(new String(credentials.password())));
        return wire.readLine();
    }

    /// [Wire#writeLine] sends a character as an octet.
    private static String octets(String text) {
        return new String(text.getBytes(UTF_8), ISO_8859_1);
    }

    private String imapPlain(Credentials credentials) throws IOException {
        wire.writeLine("login AUTHENTICATE PLAIN");
        Optional<String> refused = imapAnswer();
        if (refused.isPresent()) {
            return refused.get();
        }
        wire.writeLine(message(credentials));
        return imapAnswer().orElse("BAD the server asks for more");
    }

    /// By literals, so that every password can be sent (RFC 9051 §6.2.3).
    private String imapLogin(Credentials credentials) throws IOException {
        byte[] user = credentials.user().getBytes(UTF_8);
        byte[] password = new String(credentials.password()).getBytes(UTF_8);
        wire.writeLine("login LOGIN {" + user.length + "}");
        Optional<String> refused = imapAnswer();
        if (refused.isPresent()) {
            return refused.get();
        }
        wire.writeLine(octets(credentials.user()) + " {" + password.length + "}");
        refused = imapAnswer();
        if (refused.isPresent()) {
            return refused.get();
        }
        wire.writeLine(octets(new String(credentials.password())));
        return imapAnswer().orElse("BAD the server asks for more");
    }

    /// The tagged answer; empty where the server asks for more.
    private Optional<String> imapAnswer() throws IOException {
        for (int count = 0; count < MOST_LINES; count++) {
            String line = wire.readLine();
            if (line.startsWith("+")) {
                return Optional.empty();
            }
            if (line.startsWith("login ")) {
                return Optional.of(line.substring(6));
            }
        }
        throw new WireException(ClientRule.LINE_TOO_LONG, "more than " + MOST_LINES + " lines");
    }

    /// Says good-bye and closes, with close_notify.
    @Override
    public void close() {
        try (wire) {
            dialogue.leave(wire);
        } catch (IOException e) {
            return; // it has gone before we said good-bye
        }
    }
}
