package org.postern.recordgroups;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// `name=value; name=value`, as DKIM (RFC 6376 §3.2), DMARC, MTA-STS and TLSRPT records have it. In the order in which
/// they stand.
public record TagList(Map<String, String> tags) {
    public TagList {
        tags = new LinkedHashMap<>(tags);
    }

    /// Reads one.
    ///
    /// @throws IllegalArgumentException if it is none
    public static TagList parse(String text) {
        Map<String, String> tags = new LinkedHashMap<>();
        for (String part : text.split(";", -1)) {
            if (part.isBlank()) {
                continue; // the last ; is allowed
            }
            String[] tag = part.split("=", 2);
            String name = tag[0].strip().toLowerCase(Locale.ROOT);
            if (tag.length < 2 || !name.matches("[a-z][a-z0-9_]*")) {
                throw new IllegalArgumentException("'" + part.strip() + "' is not of the form name=value");
            }
            if (tags.put(name, tag[1].strip()) != null) {
                throw new IllegalArgumentException(name + "= is there twice");
            }
        }
        return new TagList(tags);
    }

    Optional<String> value(String tag) {
        return Optional.ofNullable(tags.get(tag));
    }

    /// Which kind of record it is: that comes first.
    ///
    /// @throws IllegalArgumentException if it is of another kind
    TagList require(String version) {
        Map.Entry<String, String> first =
                tags.isEmpty() ? Map.entry("", "") : tags.entrySet().iterator().next();
        if (!first.getKey().equals("v") || !first.getValue().equals(version)) {
            throw new IllegalArgumentException("it begins with v=" + version);
        }
        return this;
    }

    /// Whether a text is such a record, as v= says.
    static boolean isOf(String version, String text) {
        return text.strip().split("[;\\s]", 2)[0].equalsIgnoreCase("v=" + version);
    }
}
