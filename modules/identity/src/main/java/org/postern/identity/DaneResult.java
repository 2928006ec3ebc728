package org.postern.identity;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a TLSA RRset says of a server. The caller has made sure that the RRset is secure (RFC 7671 §2, RFC 7673
/// §3.4): an unsigned one must never come here.
public sealed interface DaneResult {
    /// One record, and what it did.
    ///
    /// @param certificate the place in the presented chain that the record matches, the server's own being 0; -1
    ///     where it matches none of them
    /// @param path why the path to a matching anchor is refused, where that decided
    record RecordVerdict(
            TlsaRecord tlsa,
            Rule rule,
            int certificate,
            @Nullable String path) {
        @Override
        public String toString() {
            return tlsa + ": " + rule + (path == null ? "" : ": " + path);
        }
    }

    /// A record authenticates the server.
    ///
    /// @param decisive the record that authenticates the server
    /// @param path the validated path, for usages 0 to 2
    /// @param name the name that matched, for usages 0 to 2
    record Authenticated(
            RecordVerdict decisive,
            PathResult.@Nullable Valid path,
            NameMatch.@Nullable Matched name,
            List<RecordVerdict> verdicts)
            implements DaneResult {
        public Authenticated {
            verdicts = List.copyOf(verdicts);
        }

        @Override
        public Rule rule() {
            return decisive.rule();
        }
    }

    /// Usable records are there, and none authenticates the server: it must not be used (RFC 6698 §4.1).
    record Refused(Rule rule, List<RecordVerdict> verdicts) implements DaneResult {
        public Refused {
            verdicts = List.copyOf(verdicts);
        }
    }

    /// No record can be used, or there is none: the server is judged as if there were no TLSA records (RFC 6698
    /// §4.1, RFC 7673 §4.1), or not used at all where authenticated TLS is mandatory (RFC 7671 §10.3). The policy
    /// is not here.
    record NothingUsable(Rule rule, List<RecordVerdict> verdicts) implements DaneResult {
        public NothingUsable {
            verdicts = List.copyOf(verdicts);
        }
    }

    Rule rule();

    List<RecordVerdict> verdicts();

    default boolean authenticated() {
        return this instanceof Authenticated;
    }
}
