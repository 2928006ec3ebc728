package org.postern.recordgroups;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/// An SMTP server on 127.0.0.1 that says what a test wants.
final class MailTaker implements Closeable {
    final List<String> commands = new CopyOnWriteArrayList<>();
    volatile String greeting = "220 mx.example.test ESMTP";
    volatile String startTls = "220 go on";
    /// To EHLO; empty for what there is to say.
    volatile String hello = "";
    /// Of recipients.
    volatile UnaryOperator<String> verdict = _ -> "250 2.1.5 fine";
    /// Offered where it is set.
    volatile @Nullable SSLContext tls;

    private final ServerSocket listener;

    MailTaker() throws IOException {
        listener = new ServerSocket(0, 50, InetAddress.ofLiteral("127.0.0.1"));
        Thread.ofPlatform().daemon().name("mail-taker").start(() -> {
            while (true) {
                try {
                    Socket socket = listener.accept();
                    Thread.ofPlatform().daemon().start(() -> serve(socket));
                } catch (IOException e) {
                    return; // closed
                }
            }
        });
    }

    int port() {
        return listener.getLocalPort();
    }

    private void serve(Socket socket) {
        try (socket) {
            say(socket, greeting);
            talk(socket, true);
        } catch (IOException e) {
            // the client went
        }
    }

    private void talk(Socket socket, boolean plain) throws IOException {
        BufferedReader lines = new BufferedReader(new InputStreamReader(socket.getInputStream(), ISO_8859_1), 1);
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            commands.add(line);
            SSLContext secured = tls;
            switch (line.split(" ", 2)[0]) {
                case "EHLO" -> {
                    String offer = plain && secured != null
                            ? "250-mx.example.test\r\n250-PIPELINING\r\n250 STARTTLS"
                            : "250 mx.example.test";
                    say(socket, hello.isEmpty() ? offer : hello);
                }
                case "STARTTLS" -> {
                    say(socket, startTls);
                    if (!startTls.equals("220 go on")) {
                        continue;
                    }
                    SSLSocket upper = (SSLSocket) Objects.requireNonNull(secured)
                            .getSocketFactory()
                            .createSocket(socket, null, socket.getPort(), true);
                    upper.setUseClientMode(false);
                    talk(upper, false);
                    return;
                }
                case "RCPT" -> say(socket, verdict.apply(line));
                case "QUIT" -> {
                    say(socket, "221 bye");
                    return;
                }
                default -> say(socket, "250 fine");
            }
        }
    }

    private static void say(Socket socket, String reply) throws IOException {
        OutputStream out = socket.getOutputStream();
        out.write((reply + "\r\n").getBytes(ISO_8859_1));
        out.flush();
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }
}
