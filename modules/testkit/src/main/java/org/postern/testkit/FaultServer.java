package org.postern.testkit;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/// A mail server on loopback that says and does just what a test tells it, however wrong, and remembers what it
/// heard. It accepts every password: whether one came is what a test wants to know.
public final class FaultServer implements AutoCloseable {
    /// What it speaks.
    public enum Dialect {
        IMAP,
        POP3,
        SMTP
    }

    /// What it does; each field null or false for what a good server does.
    ///
    /// @param implicitTls whether TLS comes first
    /// @param greeting the first line
    /// @param capabilities before TLS, separated by `;`; `-` where the question is refused
    /// @param inside capabilities inside of TLS
    /// @param answer to STARTTLS: a whole line, `$tag` for the tag
    /// @param injected what follows the answer to STARTTLS in the same segment
    /// @param afterStartTls `clear` (goes on in clear), `garbage`, `close`; TLS where it is null
    /// @param clearOnTlsPort whether a port of implicit TLS speaks in clear
    /// @param closeAtOnce whether it hangs up without a word
    /// @param noise untagged lines before each answer, before TLS and in it
    /// @param versions of TLS that it speaks
    /// @param suites of TLS that it takes
    /// @param applicationProtocol that it chooses, whatever is offered
    /// @param renegotiate whether it asks for another handshake after login (TLS 1.2)
    /// @param cutAfterLogin whether it sends half a message after login and cuts the line, without close_notify
    public record Behaviour(
            boolean implicitTls,
            @Nullable String greeting,
            @Nullable String capabilities,
            @Nullable String inside,
            @Nullable String answer,
            @Nullable String injected,
            @Nullable String afterStartTls,
            boolean clearOnTlsPort,
            boolean closeAtOnce,
            @Nullable String noise,
            @Nullable String versions,
            @Nullable String suites,
            @Nullable String applicationProtocol,
            boolean renegotiate,
            boolean cutAfterLogin) {
        public static Behaviour good(boolean implicitTls) {
            return new Behaviour(
                    implicitTls,
                    null,
                    null,
                    null,
                    null,
                    null,
                    null,
                    false,
                    false,
                    null,
                    null,
                    null,
                    null,
                    false,
                    false);
        }
    }

    private static final int ALERT = 21; // what a record of TLS begins with
    private static final int HANDSHAKE = 22;

    /// One line that came in.
    ///
    /// @param from the client's port
    public record Heard(boolean secured, String line, int from) {}

    private final Dialect dialect;
    private final ServerSocket listener;
    private final List<Heard> heard = new CopyOnWriteArrayList<>();
    private final List<String> serverNames = new CopyOnWriteArrayList<>();
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final AtomicInteger eras = new AtomicInteger(); // what a session of an earlier one says is not kept
    private volatile Behaviour behaviour;
    private volatile PrivateKey key;
    private volatile List<X509Certificate> chain;

    /// Listens on a port of its own.
    public FaultServer(Dialect dialect, Behaviour behaviour, PrivateKey key, List<X509Certificate> chain)
            throws IOException {
        this.dialect = dialect;
        this.behaviour = behaviour;
        this.key = key;
        this.chain = chain;
        listener = new ServerSocket();
        listener.bind(new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), 0));
        Thread.ofVirtual().name("fault-server").start(this::accept);
    }

    public int port() {
        return listener.getLocalPort();
    }

    /// From the next connection on.
    public void present(PrivateKey other, List<X509Certificate> others) {
        key = other;
        chain = others;
    }

    /// From the next connection on.
    public void behave(Behaviour other) {
        behaviour = other;
    }

    /// Every line that came since the last [#forget].
    public List<Heard> heard() {
        return List.copyOf(heard);
    }

    public List<String> serverNames() {
        return List.copyOf(serverNames);
    }

    /// Also of what the sessions that are open now will say.
    public void forget() {
        eras.incrementAndGet();
        heard.clear();
        serverNames.clear();
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket socket = listener.accept();
                open.add(socket);
                Thread.ofVirtual().name("fault-session").start(() -> serve(socket));
            } catch (IOException e) {
                return; // closed
            }
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            socket.setTcpNoDelay(true);
            new Session(socket).run();
        } catch (IOException | GeneralSecurityException e) {
            return; // the client went away, or would have none of it: what was heard tells
        } finally {
            open.remove(socket);
        }
    }

    /// One connection.
    private final class Session {
        private final Socket plain;
        private final Behaviour now = behaviour;
        private final int era = eras.get();
        private @Nullable SSLSocket tls; // null in clear
        private InputStream in;
        private OutputStream out;

        Session(Socket socket) throws IOException {
            plain = socket;
            in = new BufferedInputStream(socket.getInputStream());
            out = socket.getOutputStream();
        }

        void run() throws IOException, GeneralSecurityException {
            if (now.closeAtOnce) {
                return;
            }
            if (now.implicitTls && !now.clearOnTlsPort) {
                startTls();
            }
            say(or(
                    now.greeting,
                    switch (dialect) {
                        case IMAP -> "* OK ready";
                        case POP3 -> "+OK ready";
                        case SMTP -> "220 localhost ready";
                    }));
            for (String line = read(); line != null && command(line); line = read()) {}
        }

        private static String or(@Nullable String value, String usual) {
            return value == null ? usual : value;
        }

        private @Nullable String read() throws IOException {
            ByteArrayOutputStream line = new ByteArrayOutputStream();
            for (int octet = in.read(); octet >= 0; octet = in.read()) {
                if (tls == null && line.size() == 0 && (octet == HANDSHAKE || octet == ALERT)) {
                    in.readNBytes(2);
                    in.readNBytes(in.read() << 8 | in.read()); // TLS where this server expects none: nobody's words
                    say("what is this"); // so that nobody waits for a handshake
                    continue;
                }
                if (octet == '\n') {
                    String text = line.toString(ISO_8859_1).strip();
                    hear(text);
                    return text;
                }
                line.write(octet);
            }
            if (line.size() > 0) {
                hear(line.toString(ISO_8859_1));
            }
            return null;
        }

        private void hear(String line) {
            if (era == eras.get()) {
                heard.add(new Heard(tls != null, line, plain.getPort()));
            }
        }

        private void say(String text) throws IOException {
            out.write((text + "\r\n").getBytes(ISO_8859_1));
            out.flush();
        }

        private boolean command(String line) throws IOException, GeneralSecurityException {
            String[] words = line.split(" ", 3);
            String tag = dialect == Dialect.IMAP ? words[0] : "";
            String verb =
                    (dialect == Dialect.IMAP ? (words.length > 1 ? words[1] : "") : words[0]).toUpperCase(Locale.ROOT);
            if (now.noise != null) {
                say(now.noise);
            }
            switch (verb) {
                case "CAPABILITY", "CAPA", "EHLO" -> capabilities(tag);
                case "STARTTLS", "STLS" -> {
                    return upgrade(tag);
                }
                case "AUTHENTICATE", "AUTH" -> {
                    say(dialect == Dialect.SMTP ? "334 " : "+ ");
                    read();
                    return loggedIn(tag);
                }
                case "LOGIN" -> {
                    // literals, where the client uses them
                    for (String last = line; last != null && last.endsWith("}"); last = read()) {
                        say("+ go on");
                    }
                    return loggedIn(tag);
                }
                case "PASS" -> {
                    return loggedIn(tag);
                }
                case "LOGOUT", "QUIT" -> {
                    say(
                            switch (dialect) {
                                case IMAP -> "* BYE\r\n" + tag + " OK done";
                                case POP3 -> "+OK done";
                                case SMTP -> "221 done";
                            });
                    if (tls != null) {
                        tls.close();
                    }
                    return false;
                }
                default -> say(done(tag));
            }
            return true;
        }

        private String done(String tag) {
            return switch (dialect) {
                case IMAP -> tag + " OK done";
                case POP3 -> "+OK done";
                case SMTP -> "250 done";
            };
        }

        private boolean loggedIn(String tag) throws IOException {
            say(
                    switch (dialect) {
                        case IMAP -> tag + " OK logged in";
                        case POP3 -> "+OK logged in";
                        case SMTP -> "235 2.7.0 logged in";
                    });
            if (now.renegotiate && tls != null) {
                tls.startHandshake();
            }
            if (now.cutAfterLogin) {
                say("* 1 FETCH (BODY[] {1000}\r\nSubject: half of a message");
                plain.setSoLinger(true, 0);
                plain.close();
                return false;
            }
            return true;
        }

        private void capabilities(String tag) throws IOException {
            String usual = switch (dialect) {
                case IMAP -> tls == null ? "IMAP4rev1;STARTTLS;LOGINDISABLED" : "IMAP4rev1;AUTH=PLAIN";
                case POP3 -> tls == null ? "STLS" : "USER;SASL PLAIN";
                case SMTP -> tls == null ? "STARTTLS" : "AUTH PLAIN";
            };
            String all = or(tls == null ? now.capabilities : now.inside, usual);
            if (all.equals("-")) {
                say(
                        switch (dialect) {
                            case IMAP -> tag + " BAD what";
                            case POP3 -> "-ERR what";
                            case SMTP -> "502 what";
                        });
                return;
            }
            List<String> each = List.of(all.split(";", -1));
            switch (dialect) {
                case IMAP -> say("* CAPABILITY " + String.join(" ", each) + "\r\n" + tag + " OK done");
                case POP3 -> say("+OK\r\n" + String.join("\r\n", each) + "\r\n.");
                case SMTP -> say("250-localhost\r\n250-" + String.join("\r\n250-", each) + "\r\n250 HELP");
            }
        }

        private boolean upgrade(String tag) throws IOException, GeneralSecurityException {
            String answer = or(
                    now.answer,
                    switch (dialect) {
                        case IMAP -> tag + " OK begin";
                        case POP3 -> "+OK begin";
                        case SMTP -> "220 begin";
                    });
            say(answer.replace("$tag", tag) + (now.injected == null ? "" : "\r\n" + now.injected.replace("$tag", tag)));
            if (now.answer != null && now.afterStartTls == null) {
                return true;
            }
            switch (or(now.afterStartTls, "tls")) {
                case "clear" ->
                    say(
                            switch (dialect) {
                                case IMAP -> "* OK still here";
                                case POP3 -> "+OK still here";
                                case SMTP -> "250 still here";
                            });
                case "garbage" -> {
                    out.write("HTTP/1.1 400 no\r\n\r\n".getBytes(ISO_8859_1));
                    out.flush();
                }
                case "close" -> {
                    return false;
                }
                default -> startTls();
            }
            return true;
        }

        private void startTls() throws IOException, GeneralSecurityException {
            SSLContext context = SSLContext.getInstance("TLS");
            // no trust managers, rather than null: that would read all the anchors of the runtime, each time
            context.init(new KeyManager[] {new Presenter(key, chain)}, new TrustManager[0], null);
            tls = (SSLSocket) context.getSocketFactory().createSocket(plain, null, true);
            SSLParameters parameters = tls.getSSLParameters();
            if (now.versions != null) {
                parameters.setProtocols(now.versions.split(" ", -1));
            }
            if (now.suites != null) {
                parameters.setCipherSuites(now.suites.split(" ", -1));
            }
            tls.setSSLParameters(parameters);
            if (now.applicationProtocol != null) {
                tls.setHandshakeApplicationProtocolSelector((_, _) -> now.applicationProtocol);
            }
            tls.startHandshake();
            if (tls.getSession() instanceof ExtendedSSLSession session) {
                session.getRequestedServerNames()
                        .forEach(name -> serverNames.add(
                                name instanceof SNIHostName host ? host.getAsciiName() : name.toString()));
            }
            in = new BufferedInputStream(tls.getInputStream());
            out = tls.getOutputStream();
        }
    }

    /// Presents a chain as it is, incomplete or in the wrong order.
    private static final class Presenter extends X509ExtendedKeyManager {
        private final PrivateKey key;
        private final X509Certificate[] chain;

        Presenter(PrivateKey key, List<X509Certificate> chain) {
            this.key = key;
            this.chain = chain.toArray(X509Certificate[]::new);
        }

        private @Nullable String alias(String type) {
            return type.startsWith(key.getAlgorithm()) ? "it" : null;
        }

        @Override
        public @Nullable String chooseServerAlias(
                String type, Principal @Nullable [] issuers, @Nullable Socket socket) {
            return alias(type);
        }

        @Override
        public String @Nullable [] getServerAliases(String type, Principal @Nullable [] issuers) {
            return alias(type) == null ? null : new String[] {"it"};
        }

        @Override
        public X509Certificate[] getCertificateChain(String alias) {
            return chain;
        }

        @Override
        public PrivateKey getPrivateKey(String alias) {
            return key;
        }

        @Override
        public String @Nullable [] getClientAliases(String type, Principal @Nullable [] issuers) {
            return null;
        }

        @Override
        public @Nullable String chooseClientAlias(
                String[] types, Principal @Nullable [] issuers, @Nullable Socket socket) {
            return null;
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket socket : open) {
            socket.close();
        }
    }
}
