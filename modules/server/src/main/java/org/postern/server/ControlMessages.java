package org.postern.server;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/// What goes over the control socket, one exchange for each connection. Each message is JSON on one line:
///
/// - the request: `{"command": "account add", "arguments": {"address": "alice@example.org"}, "secret": 12}`, and
///   behind its line feed so many octets of a secret (0 for none);
/// - any number of `{"progress": {"step": "copying messages", "done": 3, "total": 10, "unit": "ITEMS"}}`;
/// - at last `{"answer": {…}}`, an [Answer], or `{"refused": {"reason": "…", "exitCode": 1}}`; or, to a request that is
///   [Request.Streamed], `{"proceed": {}}`, and from then on what the two sides of the request have to say.
final class ControlMessages {
    static final int MOST_REQUEST = 64 * 1024; // octets
    static final int MOST_SECRET = 16 * 1024; // octets

    private ControlMessages() {}

    record Incoming(String command, JsonNode arguments, int secret) {}

    record Progressed(String step, long done, long total, Progress.Unit unit) {}

    /// @param exitCode that of the command line
    record Refused(String reason, int exitCode) {}

    static byte[] request(Request request, int secret) {
        return line(new Incoming(RequestNames.of(request), Json.MAPPER.valueToTree(request), secret));
    }

    /// @param kind `progress`, `answer` or `refused`
    static byte[] reply(String kind, Object content) {
        return line(Map.of(kind, content));
    }

    private static byte[] line(Object content) {
        byte[] json = Json.MAPPER.writeValueAsBytes(content);
        byte[] line = new byte[json.length + 1];
        System.arraycopy(json, 0, line, 0, json.length);
        line[json.length] = '\n';
        return line;
    }

    /// The octets before the next line feed.
    ///
    /// @throws IOException where the stream ends before one, or the line is too long
    static byte[] readLine(InputStream in, int most) throws IOException {
        var line = new ByteArrayOutputStream();
        while (true) {
            int octet = in.read();
            if (octet == '\n') {
                return line.toByteArray();
            }
            if (octet < 0) {
                throw new IOException("the connection ended within a message");
            }
            if (line.size() == most) {
                throw new IOException("a message of more than " + most + " octets");
            }
            line.write(octet);
        }
    }
}
