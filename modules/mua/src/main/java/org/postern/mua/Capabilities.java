package org.postern.mua;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// What a server says that it can do, on one side of TLS. What it said before TLS holds before TLS only (RFC 9051
/// §6.2.1, RFC 3207 §4.2).
///
/// @param entries one for each capability, in upper case: `AUTH=PLAIN` of IMAP, `SASL PLAIN LOGIN` of POP3, `SIZE
///     1000` of SMTP
public record Capabilities(Protocol protocol, List<String> entries) {
    public Capabilities {
        entries = entries.stream()
                .map(entry -> entry.strip().toUpperCase(Locale.ROOT))
                .toList();
    }

    /// Whether one has this as its first word.
    public boolean has(String word) {
        return entries.stream().anyMatch(entry -> entry.equals(word) || entry.startsWith(word + " "));
    }

    /// Whether TLS can be had by a command.
    public boolean offersStartTls() {
        return switch (protocol) {
            case IMAP, SUBMISSION -> has("STARTTLS");
            case POP3 -> has("STLS");
        };
    }

    /// The SASL mechanisms, strongest or not, as the server orders them.
    public List<String> mechanisms() {
        List<String> mechanisms = new ArrayList<>();
        for (String entry : entries) {
            switch (protocol) {
                case IMAP -> {
                    if (entry.startsWith("AUTH=")) {
                        mechanisms.add(entry.substring(5));
                    }
                }
                case POP3 -> words(entry, "SASL ", mechanisms);
                case SUBMISSION -> words(entry, "AUTH ", mechanisms);
            }
        }
        return mechanisms;
    }

    private static void words(String entry, String start, List<String> words) {
        if (entry.startsWith(start)) {
            words.addAll(List.of(entry.substring(start.length()).strip().split(" +")));
        }
    }

    /// Whether a name and a password may be given by a command of the protocol's own (LOGIN, USER).
    public boolean offersPasswordCommand() {
        return switch (protocol) {
            case IMAP -> !has("LOGINDISABLED"); // RFC 9051 §6.2.3
            case POP3 -> has("USER");
            case SUBMISSION -> false;
        };
    }
}
