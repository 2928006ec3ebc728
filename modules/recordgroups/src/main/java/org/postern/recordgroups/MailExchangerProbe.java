package org.postern.recordgroups;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.postern.resolver.DomainName;

/// Asks a server whether it takes mail for a domain: as somebody would who has a bounce for its postmaster, which each
/// domain has to take (RFC 5321 §4.5.1). Nothing is sent. Blocking, for half a minute at most.
final class MailExchangerProbe {
    private static final Duration CONNECT = Duration.ofSeconds(5);
    private static final Duration READ = Duration.ofSeconds(10);
    private static final Duration WHOLE = Duration.ofSeconds(30);
    private static final int LONGEST_LINE = 2_000; // octets
    private static final int MOST_LINES = 100;

    private final DomainName introduction;
    private final SSLContext trust;
    private final int port;

    /// @param introduction who asks
    MailExchangerProbe(DomainName introduction, SSLContext trust, int port) {
        this.introduction = introduction;
        this.trust = trust;
        this.port = port;
    }

    /// What became of it.
    ///
    /// @param refusal why it does not take the domain's mail, in words; empty where it does
    /// @param withoutTls why it is not to be had with TLS and a certificate for its name; empty where it is
    /// @param reached whether anybody answered
    record Answer(Optional<String> refusal, Optional<String> withoutTls, boolean reached) {}

    /// The first of a host's addresses that says yes or no.
    Answer ask(DomainName host, List<InetAddress> addresses, DomainName domain) {
        long end = System.nanoTime() + WHOLE.toNanos();
        String trouble = "";
        boolean reached = false;
        for (InetAddress address : addresses) {
            try {
                return new Answer(Optional.empty(), ask(host, address, domain, end), true);
            } catch (Refusal told) {
                return new Answer(Optional.of(host + " " + told.getMessage()), Optional.of("it takes no mail"), true);
            } catch (Trouble told) {
                trouble = host + " " + told.getMessage();
                reached = true;
            } catch (IOException e) {
                trouble = host + " does not answer at " + address.getHostAddress() + ", port " + port + ": "
                        + e.getMessage();
            }
        }
        return new Answer(Optional.of(trouble), Optional.of(trouble), reached);
    }

    /// An answer that is a no.
    private static final class Refusal extends IOException {
        private static final long serialVersionUID = 1;

        Refusal(String message) {
            super(message);
        }
    }

    /// An answer that may be another one later, or at another address (RFC 5321 §4.2.1).
    private static final class Trouble extends IOException {
        private static final long serialVersionUID = 1;

        Trouble(String message) {
            super(message);
        }
    }

    /// @return why not with TLS
    private Optional<String> ask(DomainName host, InetAddress address, DomainName domain, long end) throws IOException {
        String withoutTls;
        try (Socket socket = connect(address, end)) {
            Dialogue dialogue = new Dialogue(socket);
            Optional<String> no = dialogue.offersTls(host);
            if (no.isPresent()) {
                dialogue.recipient(domain);
                return no;
            }
            try (SSLSocket secured = secured(socket, host)) {
                Dialogue inside = new Dialogue(secured);
                inside.hello();
                inside.recipient(domain);
                return Optional.empty();
            } catch (NoTls told) {
                withoutTls = String.valueOf(told.getMessage());
            }
        }
        try (Socket socket = connect(address, end)) { // who delivers without a look at certificates is no worse off
            Dialogue dialogue = new Dialogue(socket);
            dialogue.greeting();
            dialogue.hello();
            dialogue.recipient(domain);
        }
        return Optional.of(withoutTls);
    }

    /// The handshake failed.
    private static final class NoTls extends IOException {
        private static final long serialVersionUID = 1;

        NoTls(DomainName host, IOException failure) {
            super(text(host, failure), failure);
        }

        private static String text(DomainName host, IOException failure) {
            for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
                if (cause instanceof CertificateException) {
                    return host + " has no certificate that senders take: " + cause.getMessage();
                }
            }
            return "TLS fails at " + host + ": " + failure.getMessage();
        }
    }

    private Socket connect(InetAddress address, long end) throws IOException {
        long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
        if (left <= 0) {
            throw new IOException("it took too long");
        }
        Socket socket = new Socket();
        try {
            socket.setSoTimeout((int) READ.toMillis());
            socket.connect(new InetSocketAddress(address, port), (int) Math.min(left, CONNECT.toMillis()));
            CompletableFuture.delayedExecutor(left, TimeUnit.MILLISECONDS).execute(() -> close(socket));
            return socket;
        } catch (IOException e) {
            close(socket);
            throw e;
        }
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException _) {
            // it is gone
        }
    }

    private SSLSocket secured(Socket socket, DomainName host) throws NoTls {
        try {
            SSLSocket secured = (SSLSocket) trust.getSocketFactory().createSocket(socket, host.text(), port, true);
            SSLParameters parameters = secured.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            secured.setSSLParameters(parameters);
            secured.startHandshake();
            return secured;
        } catch (IOException e) {
            throw new NoTls(host, e);
        }
    }

    /// Commands and replies, one after the other.
    private final class Dialogue {
        private final BufferedReader replies;
        private final OutputStream commands;

        Dialogue(Socket socket) throws IOException {
            replies = new BufferedReader(
                    new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1), LONGEST_LINE);
            commands = socket.getOutputStream();
        }

        void greeting() throws IOException {
            expect("greets with", reply(), "2");
        }

        /// Goes as far as a TLS handshake.
        ///
        /// @return why not
        Optional<String> offersTls(DomainName host) throws IOException {
            greeting();
            if (!hello()) {
                return Optional.of(host + " offers no STARTTLS");
            }
            send("STARTTLS");
            String reply = reply();
            return reply.charAt(0) == '2'
                    ? Optional.empty()
                    : Optional.of(host + " answers STARTTLS with " + last(reply)); // RFC 3207 §4: 454
        }

        /// @return whether STARTTLS is offered
        boolean hello() throws IOException {
            send("EHLO " + introduction);
            String reply = reply();
            if (reply.charAt(0) == '5') { // RFC 5321 §3.2
                command("HELO " + introduction, '2');
                return false;
            }
            expect("answers EHLO with", reply, "2");
            return reply.toUpperCase(Locale.ROOT).lines().anyMatch(line -> line.matches("250[ -]STARTTLS *"));
        }

        void recipient(DomainName domain) throws IOException {
            command("MAIL FROM:<>", '2');
            send("RCPT TO:<postmaster@" + domain + ">");
            String reply = reply();
            // 4: greylisting, or busy; mail would be tried again
            expect("does not take mail for " + domain + ":", reply, "24");
            send("RSET");
            reply();
            send("QUIT");
        }

        private void command(String command, char expected) throws IOException {
            send(command);
            expect("answers " + command.split(" ", 2)[0] + " with", reply(), String.valueOf(expected));
        }

        private void expect(String what, String reply, String expected) throws IOException {
            if (expected.indexOf(reply.charAt(0)) < 0) {
                String text = what + " " + last(reply);
                throw reply.charAt(0) == '4' ? new Trouble(text) : new Refusal(text);
            }
        }

        private static String last(String reply) {
            return reply.lines().reduce((_, next) -> next).orElse("");
        }

        private void send(String command) throws IOException {
            commands.write((command + "\r\n").getBytes(StandardCharsets.US_ASCII));
            commands.flush();
        }

        /// All lines; the last has a space behind the code (RFC 5321 §4.2.1).
        private String reply() throws IOException {
            StringBuilder reply = new StringBuilder();
            for (int lines = 0; lines < MOST_LINES; lines++) {
                String line = line();
                if (!line.matches("[2-5]\\d\\d([ -].*)?")) {
                    throw new IOException("what it says is no SMTP");
                }
                reply.append(line).append('\n');
                if (line.length() == 3 || line.charAt(3) == ' ') {
                    return reply.toString();
                }
            }
            throw new IOException("its reply does not end");
        }

        private String line() throws IOException {
            StringBuilder line = new StringBuilder();
            for (int octet = replies.read(); octet != '\n'; octet = replies.read()) {
                if (octet < 0) {
                    throw new IOException("it ends the connection");
                }
                if (line.length() == LONGEST_LINE) {
                    throw new IOException("what it says is no SMTP");
                }
                line.append((char) octet);
            }
            return line.toString().stripTrailing();
        }
    }
}
