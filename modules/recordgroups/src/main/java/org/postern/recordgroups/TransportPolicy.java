package org.postern.recordgroups;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.postern.resolver.DomainName;

/// An MTA-STS policy (RFC 8461 §3.2).
///
/// @param enforced whether mail is not delivered without TLS
/// @param exchangers patterns of the names of servers that take mail
/// @param id changes when the policy does (RFC 8461 §3.1)
record TransportPolicy(boolean enforced, List<String> exchangers, String id) {
    private static final int LONGEST_ID = 32;
    private static final long LONGEST_AGE = 31_557_600; // seconds, RFC 8461 §3.2
    private static final Set<String> MODES = Set.of("enforce", "testing", "none");

    TransportPolicy {
        exchangers = List.copyOf(exchangers);
    }

    /// @throws IllegalArgumentException if it is none
    static TransportPolicy parse(byte[] octets) {
        Map<String, String> first = new HashMap<>();
        List<String> exchangers = new ArrayList<>();
        for (String line : new String(octets, StandardCharsets.UTF_8).split("\r?\n", -1)) {
            String[] pair = line.split(":", 2);
            String value = pair.length == 2 ? pair[1].strip() : "";
            if (pair[0].equals("mx")) {
                if (value.isEmpty()) {
                    throw new IllegalArgumentException("a line \"mx: \" names nothing");
                }
                exchangers.add(value.toLowerCase(Locale.ROOT));
            } else {
                first.putIfAbsent(pair[0], value); // RFC 8461 §3.2: of others only the first counts
            }
        }
        String version = first.getOrDefault("version", "");
        String mode = first.getOrDefault("mode", "");
        String age = first.getOrDefault("max_age", "");
        if (!version.equals("STSv1")) {
            throw new IllegalArgumentException("it has no line \"version: STSv1\"");
        }
        if (!MODES.contains(mode)) {
            throw new IllegalArgumentException("it has no line \"mode: \" with enforce, testing or none");
        }
        if (!age.matches("\\d{1,10}") || Long.parseLong(age) > LONGEST_AGE) {
            throw new IllegalArgumentException("it has no line \"max_age: \" with seconds, a year at most");
        }
        if (exchangers.isEmpty() && !mode.equals("none")) {
            throw new IllegalArgumentException("it has no line \"mx: \"");
        }
        return new TransportPolicy(mode.equals("enforce"), exchangers, id(octets));
    }

    private static String id(byte[] octets) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(octets))
                    .substring(0, LONGEST_ID);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // each Java runtime has it
        }
    }

    /// RFC 8461 §4.1: a star stands for the leftmost label, and for one alone.
    boolean names(DomainName exchanger) {
        String host = exchanger.text();
        int dot = host.indexOf('.');
        return exchangers.stream()
                .anyMatch(pattern -> pattern.equals(host)
                        || (dot > 0
                                && pattern.startsWith("*.")
                                && pattern.substring(1).equals(host.substring(dot))));
    }
}
