package org.postern.mua;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

/// What a client must not be: it takes every certificate and every version, does without TLS where there is none,
/// knows nothing of DNSSEC, and sends its password in any case. Whatever scenario it fares well in proves nothing.
final class NaiveClient {
    private final String password;
    private final Set<Integer> ports = new HashSet<>();
    private boolean sent;

    NaiveClient(String password) {
        this.password = password;
    }

    /// Whether the password, or something just as private, left.
    boolean leaks(Service service, int port) {
        try {
            visit(service, port, service.implicitTls());
        } catch (IOException | GeneralSecurityException e) {
            if (!sent) {
                try {
                    visit(service, port, false); // better in clear than not at all
                } catch (IOException | GeneralSecurityException f) {
                    return sent;
                }
            }
        }
        return sent;
    }

    /// From which ports it came.
    Set<Integer> ports() {
        return ports;
    }

    private void visit(Service service, int port, boolean implicit) throws IOException, GeneralSecurityException {
        try (Socket socket = new Socket(InetAddress.ofLiteral("127.0.0.1"), port)) {
            ports.add(socket.getLocalPort());
            socket.setSoTimeout(30_000);
            Socket current = implicit ? tls(socket) : socket;
            BufferedReader in = reader(current);
            if (implicit) {
                say(current, login(service)); // it does not wait for a greeting: some servers have none
            }
            String greeting = String.valueOf(in.readLine());
            if (greeting.toUpperCase(Locale.ROOT).contains("PREAUTH")) {
                say(current, "d APPEND Drafts {" + password.length() + "+}\r\n" + password);
            }
            int referral = greeting.indexOf("REFERRAL imap://");
            if (referral >= 0) {
                String place = greeting.substring(greeting.indexOf("//") + 2, greeting.indexOf("/]"));
                visit(service, Integer.parseInt(place.substring(place.indexOf(':') + 1)), false);
            }
            if (!implicit) {
                say(
                        current,
                        switch (service.protocol()) {
                            case IMAP -> "n STARTTLS";
                            case POP3 -> "STLS";
                            case SUBMISSION -> "STARTTLS";
                        });
                String answer = String.valueOf(in.readLine());
                if (answer.contains("OK") || answer.startsWith("220")) {
                    try {
                        current = tls(socket);
                    } catch (IOException e) {
                        // it was asked for, it did not come, so what
                        current = socket;
                    }
                }
                say(current, login(service));
            }
        }
    }

    private String login(Service service) {
        return switch (service.protocol()) {
            case IMAP -> "n LOGIN alice " + password;
            case POP3 -> "USER alice\r\nPASS " + password;
            case SUBMISSION -> "AUTH PLAIN " + password;
        };
    }

    private void say(Socket socket, String text) throws IOException {
        socket.getOutputStream().write((text + "\r\n").getBytes(ISO_8859_1));
        socket.getOutputStream().flush();
        sent |= text.contains(password);
    }

    private static BufferedReader reader(Socket socket) throws IOException {
        return new BufferedReader(new InputStreamReader(socket.getInputStream(), ISO_8859_1));
    }

    private static Socket tls(Socket socket) throws IOException, GeneralSecurityException {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {new Trusting()}, new SecureRandom());
        SSLSocket tls =
                (SSLSocket) context.getSocketFactory().createSocket(socket, "localhost", socket.getPort(), false);
        tls.setEnabledProtocols(tls.getSupportedProtocols());
        tls.setEnabledCipherSuites(tls.getSupportedCipherSuites());
        tls.startHandshake();
        return tls;
    }

    private static final class Trusting extends X509ExtendedTrustManager {
        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, javax.net.ssl.SSLEngine engine) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, javax.net.ssl.SSLEngine engine) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
