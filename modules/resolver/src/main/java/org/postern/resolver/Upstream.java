package org.postern.resolver;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// A recursive resolver that is asked. It need not validate and need not be trusted; it has to hand on DNSSEC
/// records.
public record Upstream(InetAddress address, int port) {
    private static final int PORT = 53;

    public Upstream {
        if (port < 1 || port > 65_535) {
            throw new IllegalArgumentException("not a port: " + port);
        }
    }

    /// Reads `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1`, `[2001:db8::1]:5353`.
    ///
    /// @throws IllegalArgumentException if it is none of these; a host name is none, since nobody could look it up
    public static Upstream parse(String text) {
        try {
            int colon = text.lastIndexOf(':');
            boolean withPort = colon >= 0 && (text.indexOf(':') == colon || text.charAt(Math.max(0, colon - 1)) == ']');
            String host = withPort ? text.substring(0, colon) : text;
            int port = withPort ? Integer.parseInt(text.substring(colon + 1)) : PORT;
            if (host.startsWith("[") && host.endsWith("]")) {
                host = host.substring(1, host.length() - 1);
            }
            return new Upstream(InetAddress.ofLiteral(host), port);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "not the address of a resolver: \"" + text + "\" (expected as 192.0.2.1, 192.0.2.1:5353 or"
                            + " [2001:db8::1]:53)",
                    e);
        }
    }

    /// The name servers of a resolv.conf; one on this host where it has none (resolv.conf(5)).
    public static List<Upstream> ofResolvConf(Path file) throws IOException {
        List<Upstream> upstreams = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            String[] words = line.strip().split("\\s+", -1);
            if (words.length >= 2 && words[0].equals("nameserver")) {
                upstreams.add(new Upstream(InetAddress.ofLiteral(words[1]), PORT));
            }
        }
        return upstreams.isEmpty() ? List.of(new Upstream(InetAddress.getLoopbackAddress(), PORT)) : upstreams;
    }

    @Override
    public String toString() {
        String host = address.getHostAddress();
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }
}
