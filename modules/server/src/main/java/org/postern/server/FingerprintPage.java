package org.postern.server;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// What people who cannot verify a certificate otherwise compare with what their mail program shows (SEED-34): to be
/// read out, hung out, or put on a page that somebody else vouches for.
final class FingerprintPage {
    private static final String HOW = "A mail program that does not trust the certificate of this server shows its"
            + " fingerprint. Compare it, digit by digit, with the one below. Where they differ, do not connect: somebody"
            + " may be between you and the server. Tell whoever runs it.";
    private static final int PAIRS_IN_A_LINE = 16;

    private FingerprintPage() {}

    private record Entry(String title, String ends, List<String> certificate, List<String> key) {}

    private static List<Entry> entries(Answer.Fingerprints answer) {
        List<Entry> entries = new ArrayList<>();
        for (Answer.Certificate each : answer.certificates()) {
            List<String> names = new ArrayList<>(each.dnsNames());
            names.addAll(each.addresses());
            entries.add(new Entry(
                    "Certificate (" + each.keyType() + ") for " + String.join(", ", names),
                    day(each.ends()),
                    pairs(each.sha256()),
                    pairs(each.keySha256())));
        }
        answer.authority()
                .ifPresent(authority -> entries.add(new Entry(
                        "Authority " + authority.subject(),
                        day(authority.ends()),
                        pairs(authority.sha256()),
                        pairs(authority.keySha256()))));
        return entries;
    }

    private static String day(Instant time) {
        return time.truncatedTo(ChronoUnit.DAYS).toString().substring(0, "2027-01-31".length());
    }

    /// As mail programs show them: `AB:CD:…`, in lines.
    private static List<String> pairs(String hexadecimal) {
        String upper = hexadecimal.toUpperCase(Locale.ROOT);
        List<String> lines = new ArrayList<>();
        for (int from = 0; from < upper.length(); from += 2 * PAIRS_IN_A_LINE) {
            String line = upper.substring(from, Math.min(upper.length(), from + 2 * PAIRS_IN_A_LINE));
            lines.add(line.replaceAll("..(?=.)", "$0:"));
        }
        return lines;
    }

    static String text(Answer.Fingerprints answer) {
        StringBuilder text =
                new StringBuilder("Mail server ").append(answer.host()).append('\n');
        text.append("Fingerprints as of ").append(Units.time(answer.time())).append("\n\n");
        text.append(HOW.replaceAll("(.{1,76})(?: |$)", "$1\n"));
        for (Entry entry : entries(answer)) {
            text.append('\n').append(entry.title()).append('\n');
            text.append("  until ").append(entry.ends()).append('\n');
            text.append("  SHA-256 of the certificate\n");
            entry.certificate().forEach(line -> text.append("    ").append(line).append('\n'));
            text.append("  SHA-256 of its public key (SPKI)\n");
            entry.key().forEach(line -> text.append("    ").append(line).append('\n'));
        }
        return text.toString();
    }

    static String html(Answer.Fingerprints answer) {
        StringBuilder page =
                new StringBuilder("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        page.append("<title>Fingerprints of ").append(escaped(answer.host())).append("</title>\n");
        page.append("<style>body{font-family:sans-serif;max-width:48em;margin:2em auto;padding:0 1em}")
                .append("pre{font-size:1.1em}section{break-inside:avoid}</style>\n</head>\n<body>\n");
        page.append("<h1>Mail server ").append(escaped(answer.host())).append("</h1>\n");
        page.append("<p>").append(HOW).append("</p>\n");
        for (Entry entry : entries(answer)) {
            page.append("<section>\n<h2>").append(escaped(entry.title())).append("</h2>\n");
            page.append("<p>Until ").append(entry.ends()).append("</p>\n");
            page.append("<h3>SHA-256 of the certificate</h3>\n<pre>")
                    .append(String.join("\n", entry.certificate()))
                    .append("</pre>\n");
            page.append("<h3>SHA-256 of its public key (SPKI)</h3>\n<pre>")
                    .append(String.join("\n", entry.key()))
                    .append("</pre>\n</section>\n");
        }
        page.append("<p>As of ").append(Units.time(answer.time())).append("</p>\n</body>\n</html>\n");
        return page.toString();
    }

    /// A certificate may name anything.
    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }
}
