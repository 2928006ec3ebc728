package org.postern.submission;

import java.util.List;
import java.util.stream.Stream;

/// Whom a message names as its source (RFC 5322 §3.6.2): addresses as `local@domain`.
///
/// @param from its authors, at least one
/// @param sender at most one
record Originators(List<String> from, List<String> sender) {
    List<String> all() {
        return Stream.concat(from.stream(), sender.stream()).distinct().toList();
    }
}
