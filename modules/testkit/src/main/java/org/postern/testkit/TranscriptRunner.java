package org.postern.testkit;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;

/// Runs transcripts against a server that listens.
///
/// @param octetByOctet true to send every octet in a TLS record of its own: no reader may depend on how its input comes
public record TranscriptRunner(
        InetSocketAddress implicitTls,
        InetSocketAddress startTls,
        SSLContext trust,
        Map<String, String> variables,
        boolean octetByOctet) {

    private static final Pattern PLACEHOLDER = Pattern.compile("\\{\\{([^}=]*)(=(.*?))?}}");

    /// Runs one transcript from its first line to its last.
    ///
    /// @throws AssertionError naming file and line
    public void run(Transcript transcript) throws IOException {
        new Run(transcript).run();
    }

    private final class Run {
        private final Transcript transcript;
        private final Map<String, WireClient> clients = new HashMap<>();
        private final Map<String, List<String>> never = new HashMap<>();
        private final Map<String, String> known = new HashMap<>(variables);

        Run(Transcript transcript) {
            this.transcript = transcript;
        }

        void run() throws IOException {
            try {
                for (Transcript.Step step : transcript.steps()) {
                    try {
                        one(step);
                    } catch (IOException e) {
                        throw new AssertionError(at(step) + e, e);
                    }
                }
                if (!clients.isEmpty()) {
                    throw new AssertionError(
                            transcript.file() + ": ends without `end` or `close` of: '" + clients.keySet() + "'");
                }
            } finally {
                for (WireClient client : clients.values()) {
                    client.close();
                }
            }
        }

        private String at(Transcript.Step step) {
            return transcript.file() + ":" + step.line() + ": ";
        }

        private void one(Transcript.Step step) throws IOException {
            switch (step) {
                case Transcript.Open open ->
                    clients.put(
                            open.connection(),
                            open.startTls() ? WireClient.plain(startTls) : WireClient.implicitTls(implicitTls, trust));
                case Transcript.Send send -> send(client(send), send);
                case Transcript.Expect expect -> expect(expect);
                case Transcript.Never text ->
                    never.computeIfAbsent(text.connection(), name -> new ArrayList<>())
                            .add(text.text());
                case Transcript.BeginTls tls -> client(tls).startTls(trust);
                case Transcript.End end -> {
                    WireClient client = client(end);
                    String line = client.readLine();
                    if (line != null) {
                        throw new AssertionError(
                                at(end) + "the server should have ended the connection; it said: " + line);
                    }
                    client.close();
                    clients.remove(end.connection());
                }
                case Transcript.Close close -> {
                    client(close).close();
                    clients.remove(close.connection());
                }
            }
        }

        private WireClient client(Transcript.Step step) throws IOException {
            WireClient client = clients.get(step.connection());
            if (client == null && step.connection().isEmpty()) {
                client = WireClient.implicitTls(implicitTls, trust);
                clients.put("", client);
            }
            if (client == null) {
                throw new AssertionError(at(step) + "no connection named " + step.connection() + " is open");
            }
            return client;
        }

        private void send(WireClient client, Transcript.Send send) throws IOException {
            byte[] text = octets(substitute(send.text(), send));
            Transcript.Literal literal = send.literal();
            if (literal == null) {
                transmit(client, text, send.crlf());
                return;
            }
            var content = new ByteArrayOutputStream();
            for (String line : literal.lines()) {
                content.writeBytes(octets(substitute(line, send)));
                content.writeBytes(new byte[] {'\r', '\n'});
            }
            String announcement = "{" + content.size() + (literal.invited() ? "}" : "+}");
            var line = new ByteArrayOutputStream();
            line.writeBytes(text);
            line.writeBytes(announcement.getBytes(ISO_8859_1));
            transmit(client, line.toByteArray(), true);
            if (literal.invited()) {
                String answer = client.readLine();
                if (answer == null || !answer.startsWith("+")) {
                    throw new AssertionError(at(send) + "no invitation to send the literal, but: " + answer);
                }
            }
            transmit(client, content.toByteArray(), send.crlf());
        }

        private void transmit(WireClient client, byte[] octets, boolean crlf) throws IOException {
            var out = new ByteArrayOutputStream();
            out.writeBytes(octets);
            if (crlf) {
                out.writeBytes(new byte[] {'\r', '\n'});
            }
            try {
                if (octetByOctet) {
                    for (byte octet : out.toByteArray()) {
                        client.send(new byte[] {octet});
                    }
                } else {
                    client.send(out.toByteArray());
                }
            } catch (SocketException closed) {
                // The server may end the connection in the middle of a line: what it said must be what is expected
                // next.
                return;
            }
        }

        private void expect(Transcript.Expect expect) throws IOException {
            String line = client(expect).readLine();
            if (line == null) {
                throw new AssertionError(at(expect) + "the server ended the connection; expected: " + expect.pattern());
            }
            for (String forbidden : never.getOrDefault(expect.connection(), List.of())) {
                if (line.contains(forbidden)) {
                    throw new AssertionError(at(expect) + "must not appear: " + forbidden + "\nin: " + line);
                }
            }
            List<String> names = new ArrayList<>();
            Matcher matcher = pattern(expect, names).matcher(line);
            if (!matcher.matches()) {
                throw new AssertionError(
                        at(expect) + "\nexpected: " + substituteKnown(expect.pattern()) + "\nreceived: " + line);
            }
            for (int index = 0; index < names.size(); index++) {
                known.put(names.get(index), matcher.group("v" + index));
            }
        }

        private Pattern pattern(Transcript.Expect expect, List<String> names) {
            var regex = new StringBuilder();
            String text = expect.pattern();
            int from = 0;
            Matcher placeholder = PLACEHOLDER.matcher(text);
            while (placeholder.find()) {
                regex.append(quoted(text.substring(from, placeholder.start())));
                String name = placeholder.group(1);
                if (name.equals("*")) {
                    regex.append(".*");
                } else if (placeholder.group(2) == null) {
                    regex.append(Pattern.quote(value(name, expect)));
                } else {
                    regex.append("(?<v")
                            .append(names.size())
                            .append(">")
                            .append(placeholder.group(3))
                            .append(")");
                    names.add(name);
                }
                from = placeholder.end();
            }
            regex.append(quoted(text.substring(from)));
            return Pattern.compile(regex.toString(), Pattern.DOTALL);
        }

        private static String quoted(String text) {
            return Pattern.quote(new String(octets(text), ISO_8859_1));
        }

        private String substitute(String text, Transcript.Step step) {
            return PLACEHOLDER.matcher(text).replaceAll(match -> Matcher.quoteReplacement(value(match.group(1), step)));
        }

        private String substituteKnown(String text) {
            return PLACEHOLDER
                    .matcher(text)
                    .replaceAll(match -> Matcher.quoteReplacement(known.getOrDefault(match.group(1), match.group())));
        }

        private String value(String name, Transcript.Step step) {
            String value = known.get(name);
            if (value == null) {
                throw new AssertionError(at(step) + "nothing is known as {{" + name + "}}");
            }
            return value;
        }

        /// UTF-8, with `\xNN` for single octets.
        private static byte[] octets(String text) {
            var octets = new ByteArrayOutputStream();
            int from = 0;
            for (int at = text.indexOf("\\x"); at >= 0; at = text.indexOf("\\x", from)) {
                octets.writeBytes(text.substring(from, at).getBytes(UTF_8));
                octets.write(Integer.parseInt(text.substring(at + 2, at + 4), 16));
                from = at + 4;
            }
            octets.writeBytes(text.substring(from).getBytes(UTF_8));
            return octets.toByteArray();
        }
    }
}
