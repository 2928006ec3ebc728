package org.postern.smtp;

import java.io.IOException;
import java.util.Base64;
import java.util.List;
import org.postern.session.Connection;

/// Writes replies (RFC 5321 §4.2). Nothing is sent before the session waits: replies to pipelined commands
/// share packets (RFC 2920 §3.2). For the session's thread.
final class ReplyWriter {
    private final Connection connection;

    ReplyWriter(Connection connection) {
        this.connection = connection;
    }

    private void line(String text) throws IOException {
        connection.writeAscii(text + "\r\n");
    }

    void reply(SmtpReply reply) throws IOException {
        line(reply.toString());
    }

    void ok(String status, String text) throws IOException {
        reply(new SmtpReply(250, status, text));
    }

    // ---- without enhanced codes (RFC 2034 §4)

    void greeting(String hostName, SmtpDialect dialect) throws IOException {
        line("220 " + hostName + (dialect == SmtpDialect.LMTP ? " LMTP" : " ESMTP") + " Postern is ready");
    }

    /// ehlo-ok-rsp = "250-" Domain [SP ehlo-greet] CRLF *( "250-" ehlo-line CRLF ) "250" SP ehlo-line CRLF
    void hello(String hostName, List<String> extensions) throws IOException {
        line((extensions.isEmpty() ? "250 " : "250-") + hostName);
        for (int index = 0; index < extensions.size(); index++) {
            line((index == extensions.size() - 1 ? "250 " : "250-") + extensions.get(index));
        }
    }

    void startMailInput() throws IOException {
        line("354 End the message with a dot on a line of its own");
    }

    /// RFC 4954 §4
    void challenge(byte[] data) throws IOException {
        line("334 " + Base64.getEncoder().encodeToString(data));
    }
}
