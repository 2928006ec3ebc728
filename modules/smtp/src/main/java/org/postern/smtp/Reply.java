package org.postern.smtp;

import java.nio.charset.StandardCharsets;
import java.util.List;

/// A reply (RFC 5321 §4.2) with its enhanced status code (RFC 2034, RFC 3463), which stands in each line.
///
/// @param status such as `2.1.0`; empty where RFC 2034 §4 allows none: greeting, EHLO, 3xx
public record Reply(int code, String status, List<String> lines) {
    public static Reply of(int code, String status, String text) {
        return new Reply(code, status, List.of(text));
    }

    /// True for 4xx and 5xx.
    public boolean isRefusal() {
        return code >= 400;
    }

    byte[] octets() {
        StringBuilder text = new StringBuilder();
        for (int index = 0; index < lines.size(); index++) {
            text.append(code).append(index == lines.size() - 1 ? ' ' : '-');
            if (!status.isEmpty()) {
                text.append(status).append(' ');
            }
            text.append(lines.get(index)).append("\r\n");
        }
        return text.toString().getBytes(StandardCharsets.ISO_8859_1);
    }
}
