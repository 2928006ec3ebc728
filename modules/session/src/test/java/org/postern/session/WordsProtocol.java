package org.postern.session;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import org.postern.auth.AccountId;
import org.postern.auth.Principal;

/// Says hello, answers words, each on its line.
final class WordsProtocol implements Protocol {
    final CountDownLatch released = new CountDownLatch(1);
    final CountDownLatch busy = new CountDownLatch(1);
    final CountDownLatch sawTheEnd = new CountDownLatch(1);

    @Override
    public String name() {
        return "words";
    }

    @Override
    public List<String> applicationProtocols() {
        return List.of("words");
    }

    @Override
    public byte[] farewell(EndReason reason) {
        return ("bye " + reason + "\r\n").getBytes(StandardCharsets.US_ASCII);
    }

    @Override
    public void serve(Connection connection) throws IOException {
        var lines = new LineReader(connection, 100);
        connection.writeAscii("hello\r\n");
        while (true) {
            if (!connection.awaitInput()) {
                if (connection.endRequested().isPresent()) {
                    connection.ending(connection.endRequested().get());
                    connection.write(farewell(connection.endRequested().get()));
                    return;
                }
                connection.writeAscii("woken\r\n");
                continue;
            }
            LineReader.Outcome outcome = lines.read();
            connection.countCommand("WORD");
            switch (outcome == LineReader.Outcome.LINE ? lines.text() : outcome.name()) {
                case "quit" -> {
                    connection.writeAscii("goodbye\r\n");
                    connection.ending(EndReason.ORDERLY);
                    return;
                }
                case "starttls" -> connection.startTls("begin\r\n".getBytes(StandardCharsets.US_ASCII));
                case "login" ->
                    connection.writeAscii((connection.mayAuthenticate()
                                            && connection.authenticated(
                                                    new Principal(new AccountId(7), "a@example.test", 1), "PLAIN")
                                    ? "welcome"
                                    : "no")
                            + "\r\n");
                case "fail" -> throw new IllegalStateException("a fault on purpose");
                case "flood" -> {
                    byte[] block = new byte[1024 * 1024];
                    for (int count = 0; count < 200; count++) {
                        connection.write(block);
                    }
                }
                case "work" -> {
                    busy.countDown();
                    while (!connection.ended() && released.getCount() > 0) {
                        Thread.onSpinWait();
                    }
                    if (connection.ended()) {
                        sawTheEnd.countDown();
                    }
                }
                case "bindings" ->
                    connection.writeAscii("bindings "
                            + new TreeSet<>(
                                    connection.loginSource().channelBindings().keySet()) + "\r\n");
                case "wake" -> {
                    connection.wake();
                    connection.writeAscii("waking\r\n");
                }
                case String other -> connection.writeAscii("echo " + other + "\r\n");
            }
        }
    }
}
