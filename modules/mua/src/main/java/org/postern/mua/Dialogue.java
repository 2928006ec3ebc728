package org.postern.mua;

import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;

/// The little of each protocol that a client may speak before it has judged the server: greeting, capabilities, the
/// command for TLS, good-bye (RFC 8314 §5.2). Whatever else a server says is read over: no folder, no message, no
/// alert and no referral of an unproven server counts (RFC 9051 §11.3; ST-18, ST-25).
sealed interface Dialogue {
    static Dialogue of(Protocol protocol) {
        return switch (protocol) {
            case IMAP -> new Imap();
            case POP3 -> new Pop3();
            case SUBMISSION -> new Smtp();
        };
    }

    /// Reads the greeting and gives it back.
    String greeting(Wire wire) throws IOException;

    Capabilities capabilities(Wire wire) throws IOException;

    /// Asks for TLS; afterwards the handshake is due.
    void startTls(Wire wire) throws IOException;

    /// Says good-bye and does not wait for an answer.
    void leave(Wire wire) throws IOException;

    int MOST_LINES = 200; // of one answer

    final class Imap implements Dialogue {
        private int tags;

        @Override
        public String greeting(Wire wire) throws IOException {
            String line = wire.readLine();
            if (starts(line, "* PREAUTH")) {
                throw new WireException(wire.secured() ? ClientRule.PREAUTH : ClientRule.PREAUTH_IN_CLEAR, line);
            }
            if (starts(line, "* BYE")) {
                throw new WireException(ClientRule.GREETING_REFUSES, line);
            }
            if (!starts(line, "* OK")) {
                throw new WireException(ClientRule.GREETING_NONSENSE, line);
            }
            return line;
        }

        private String nextTag() {
            return "a" + ++tags;
        }

        @Override
        public Capabilities capabilities(Wire wire) throws IOException {
            List<String> entries = new ArrayList<>();
            String tag = nextTag();
            wire.writeLine(tag + " CAPABILITY");
            for (int count = 0; count < MOST_LINES; count++) {
                String line = wire.readLine();
                if (starts(line, "* CAPABILITY ")) {
                    entries.addAll(List.of(line.substring(13).strip().split(" +")));
                } else if (starts(line, tag + " ")) {
                    if (!starts(line, tag + " OK") || entries.isEmpty()) {
                        throw new WireException(ClientRule.NO_CAPABILITIES, line);
                    }
                    return new Capabilities(Protocol.IMAP, entries);
                } else if (!line.startsWith("* ")) {
                    throw new WireException(ClientRule.NO_CAPABILITIES, line);
                }
            }
            throw new WireException(ClientRule.LINE_TOO_LONG, "more than " + MOST_LINES + " lines");
        }

        @Override
        public void startTls(Wire wire) throws IOException {
            String tag = nextTag();
            wire.writeLine(tag + " STARTTLS");
            for (int count = 0; count < MOST_LINES; count++) {
                String line = wire.readLine();
                if (starts(line, tag + " OK")) {
                    return;
                }
                if (starts(line, tag + " NO") || starts(line, tag + " BAD") || starts(line, "* BYE")) {
                    throw new WireException(ClientRule.STARTTLS_REFUSED, line);
                }
                if (!line.startsWith("* ")) {
                    throw new WireException(ClientRule.STARTTLS_NONSENSE, line);
                }
            }
            throw new WireException(ClientRule.LINE_TOO_LONG, "more than " + MOST_LINES + " lines");
        }

        @Override
        public void leave(Wire wire) throws IOException {
            wire.writeLine(nextTag() + " LOGOUT");
        }
    }

    final class Pop3 implements Dialogue {
        @Override
        public String greeting(Wire wire) throws IOException {
            String line = wire.readLine();
            if (starts(line, "-ERR")) {
                throw new WireException(ClientRule.GREETING_REFUSES, line);
            }
            if (!starts(line, "+OK")) {
                throw new WireException(ClientRule.GREETING_NONSENSE, line);
            }
            return line;
        }

        @Override
        public Capabilities capabilities(Wire wire) throws IOException {
            wire.writeLine("CAPA");
            String status = wire.readLine();
            if (!starts(status, "+OK")) {
                throw new WireException(ClientRule.NO_CAPABILITIES, status);
            }
            List<String> entries = new ArrayList<>();
            for (int count = 0; count < MOST_LINES; count++) {
                String line = wire.readLine();
                if (line.equals(".")) {
                    return new Capabilities(Protocol.POP3, entries);
                }
                entries.add(line);
            }
            throw new WireException(ClientRule.LINE_TOO_LONG, "more than " + MOST_LINES + " lines");
        }

        @Override
        public void startTls(Wire wire) throws IOException {
            wire.writeLine("STLS");
            String line = wire.readLine();
            if (!starts(line, "+OK")) {
                throw new WireException(
                        starts(line, "-ERR") ? ClientRule.STARTTLS_REFUSED : ClientRule.STARTTLS_NONSENSE, line);
            }
        }

        @Override
        public void leave(Wire wire) throws IOException {
            wire.writeLine("QUIT");
        }
    }

    final class Smtp implements Dialogue {
        private record Reply(String code, List<String> texts) {
            boolean refuses() {
                return code.startsWith("4") || code.startsWith("5");
            }

            @Override
            public String toString() {
                return code + " " + texts.getFirst();
            }
        }

        /// RFC 5321 §4.2: every line has the code, and the last one no hyphen after it.
        private static Reply reply(Wire wire) throws IOException {
            List<String> texts = new ArrayList<>();
            String code = "";
            for (int count = 0; count < MOST_LINES; count++) {
                String line = wire.readLine();
                boolean sound = line.matches("[2-5][0-9][0-9]([ -].*)?") && (code.isEmpty() || line.startsWith(code));
                if (!sound) {
                    throw new WireException(ClientRule.GREETING_NONSENSE, line);
                }
                code = line.substring(0, 3);
                texts.add(line.length() > 4 ? line.substring(4) : "");
                if (line.length() == 3 || line.charAt(3) == ' ') {
                    return new Reply(code, texts);
                }
            }
            throw new WireException(ClientRule.LINE_TOO_LONG, "more than " + MOST_LINES + " lines");
        }

        @Override
        public String greeting(Wire wire) throws IOException {
            Reply reply = reply(wire);
            if (!reply.code.equals("220")) {
                throw new WireException(
                        reply.refuses() ? ClientRule.GREETING_REFUSES : ClientRule.GREETING_NONSENSE, reply.toString());
            }
            return reply.toString();
        }

        @Override
        public Capabilities capabilities(Wire wire) throws IOException {
            wire.writeLine("EHLO " + literal(wire.socket().getLocalAddress()));
            Reply reply = reply(wire);
            if (!reply.code.equals("250")) {
                // never HELO: it has no extensions, so no TLS
                throw new WireException(ClientRule.NO_CAPABILITIES, reply.toString());
            }
            return new Capabilities(Protocol.SUBMISSION, reply.texts.subList(1, reply.texts.size()));
        }

        /// RFC 5321 §4.1.3: a client without a name gives its address.
        private static String literal(InetAddress address) {
            return address instanceof Inet6Address
                    ? "[IPv6:" + address.getHostAddress().replaceAll("%.*", "") + "]"
                    : "[" + address.getHostAddress() + "]";
        }

        @Override
        public void startTls(Wire wire) throws IOException {
            wire.writeLine("STARTTLS");
            Reply reply = reply(wire);
            if (!reply.code.equals("220")) {
                throw new WireException(
                        reply.refuses() ? ClientRule.STARTTLS_REFUSED : ClientRule.STARTTLS_NONSENSE, reply.toString());
            }
        }

        @Override
        public void leave(Wire wire) throws IOException {
            wire.writeLine("QUIT");
        }
    }

    private static boolean starts(String line, String with) {
        return line.regionMatches(true, 0, with, 0, with.length())
                && (line.length() == with.length() || with.endsWith(" ") || line.charAt(with.length()) == ' ');
    }
}
