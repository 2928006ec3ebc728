package org.postern.nameserver;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/// A zone out of a seed, dense enough that aliases, wildcards, cuts and names in between meet; and what it ought to
/// answer, looked up the plain way: by going through all of its names. Shares no code with the server.
final class RandomZone {
    static final String ORIGIN = "example.org.";
    private static final List<String> LABELS = List.of("a", "b", "c", "*", "_tcp", "A-b");
    static final List<String> TYPES = List.of("A", "TXT", "MX", "CNAME", "NS", "DS", "TLSA", "AAAA", "SOA", "DNSKEY");

    final Map<String, Map<String, Set<String>>> names = new TreeMap<>();
    private final Random random;

    RandomZone(long seed) {
        random = new Random(seed);
        add(ORIGIN, "NS", "ns.provider.test.");
        add(ORIGIN, "SOA", "");
        add(ORIGIN, "DNSKEY", "");
        for (int count = 3 + random.nextInt(35); count > 0; count--) {
            // An asterisk stands first or nowhere: where a wildcard is an empty non-terminal (RFC 4592 §2.2.3), neither
            // dnsjava's validator nor Knot takes the proof that RFC 5155 §7.2.5 asks for
            String name = name(3);
            if (name.lastIndexOf('*') > 0) {
                continue;
            }
            String type = List.of("A", "A", "TXT", "MX", "CNAME", "NS", "TLSA").get(random.nextInt(7));
            Map<String, Set<String>> there = names.getOrDefault(name, Map.of());
            boolean fits = there.isEmpty() || (!type.equals("CNAME") && !there.containsKey("CNAME"));
            boolean cut = type.equals("NS") || there.containsKey("NS");
            if (!fits || (cut && (name.equals(ORIGIN) || name.startsWith("*.") || !there.isEmpty()))) {
                continue;
            }
            add(name, type, data(type));
            if (type.equals("NS") && random.nextBoolean()) {
                add(name, "DS", "12345 13 2 00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF");
            }
            if (type.equals("NS") && random.nextBoolean()) {
                String host = "ns." + name;
                names.get(name).get("NS").add(host);
                add(host, "A", "192.0.2.53");
            }
        }
    }

    private void add(String name, String type, String data) {
        names.computeIfAbsent(name, _ -> new TreeMap<>())
                .computeIfAbsent(type, _ -> new TreeSet<>())
                .add(data);
    }

    /// A name of up to so many labels in the zone.
    String name(int most) {
        StringBuilder name = new StringBuilder();
        for (int count = random.nextInt(most + 1); count > 0; count--) {
            name.append(LABELS.get(random.nextInt(LABELS.size()))).append('.');
        }
        return name + ORIGIN;
    }

    private String data(String type) {
        return switch (type) {
            case "A" -> "192.0.2." + random.nextInt(4);
            case "TXT" -> "\"" + random.nextInt(4) + "\"";
            case "MX" -> "10 " + name(2);
            case "CNAME" -> random.nextInt(5) == 0 ? "elsewhere.test." : name(3);
            case "NS" -> "ns.provider.test.";
            case "TLSA" -> "3 1 1 " + "AB".repeat(32);
            default -> throw new IllegalArgumentException(type);
        };
    }

    /// In zone file form, for [ZoneSettings#records].
    String text() {
        StringBuilder text = new StringBuilder();
        names.forEach((name, types) -> types.forEach((type, set) -> set.forEach(data -> {
            if (!data.isEmpty() && !(name.equals(ORIGIN) && type.equals("NS"))) {
                text.append(name)
                        .append(" 300 ")
                        .append(type)
                        .append(' ')
                        .append(data)
                        .append('\n');
            }
        })));
        return text.toString();
    }

    /// @param owners of what stands in the answer section, with types; in the order in which aliases lead
    /// @param cut where it is a referral
    record Expected(String code, List<String> owners, String cut) {}

    Expected expected(String name, String type) {
        List<String> owners = new ArrayList<>();
        Set<String> seen = new LinkedHashSet<>();
        String current = name;
        while (true) {
            if (!inZone(current) || !seen.add(key(current))) {
                return new Expected("NOERROR", owners, "");
            }
            String cut = cut(current);
            if (!cut.isEmpty() && !(type.equals("DS") && key(cut).equals(key(current)))) {
                return new Expected("NOERROR", owners, cut);
            }
            Map<String, Set<String>> there = find(current);
            if (there == null && !exists(current)) {
                there = find("*." + encloser(current));
                if (there == null && !exists("*." + encloser(current))) {
                    return new Expected("NXDOMAIN", owners, "");
                }
            }
            if (there == null) {
                return new Expected("NOERROR", owners, "");
            }
            if (there.containsKey(type)) {
                owners.add(key(current) + " " + type);
                return new Expected("NOERROR", owners, "");
            }
            if (!there.containsKey("CNAME")) {
                return new Expected("NOERROR", owners, "");
            }
            owners.add(key(current) + " CNAME");
            current = there.get("CNAME").iterator().next();
        }
    }

    static String key(String name) {
        return name.toLowerCase(java.util.Locale.ROOT);
    }

    private static boolean inZone(String name) {
        return key(name).equals(ORIGIN) || key(name).endsWith("." + ORIGIN);
    }

    private Map<String, Set<String>> find(String name) {
        Map<String, Set<String>> found = new TreeMap<>();
        names.forEach((each, types) -> {
            if (key(each).equals(key(name))) {
                types.forEach((type, data) -> found.merge(type, data, (one, other) -> {
                    Set<String> both = new TreeSet<>(one);
                    both.addAll(other);
                    return both;
                }));
            }
        });
        return found.isEmpty() ? null : found;
    }

    private boolean exists(String name) {
        return names.keySet().stream()
                .filter(each -> cut(each).isEmpty() || key(cut(each)).equals(key(each)))
                .anyMatch(each -> key(each).equals(key(name)) || key(each).endsWith("." + key(name)));
    }

    private String encloser(String name) {
        String above = name;
        while (!exists(above)) {
            above = above.substring(above.indexOf('.') + 1);
        }
        return above;
    }

    /// The highest cut at the name or above.
    private String cut(String name) {
        String cut = "";
        for (String above = name; inZone(above) && !key(above).equals(ORIGIN); ) {
            Map<String, Set<String>> there = find(above);
            if (there != null && there.containsKey("NS")) {
                cut = above;
            }
            above = above.substring(above.indexOf('.') + 1);
        }
        return cut;
    }

    List<String[]> questions(int count) {
        List<String[]> questions = new ArrayList<>();
        List<String> known = List.copyOf(names.keySet());
        for (int number = 0; number < count; number++) {
            String name = random.nextInt(3) == 0 ? known.get(random.nextInt(known.size())) : name(5);
            questions.add(new String[] {name, TYPES.get(random.nextInt(TYPES.size()))});
        }
        return questions;
    }
}
