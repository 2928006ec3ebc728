package org.postern.identity;

/// What PKIX says of a server: the path first, and the name only where the path is valid (RFC 7817 §3, R7817-1).
public sealed interface PkixResult {
    record Authenticated(PathResult.Valid path, NameMatch.Matched name) implements PkixResult {
        @Override
        public Rule rule() {
            return name.rule();
        }
    }

    /// The path is valid; the certificate is somebody else's.
    record WrongName(PathResult.Valid path, NameMatch.Unmatched name) implements PkixResult {
        @Override
        public Rule rule() {
            return name.rule();
        }
    }

    /// No name was compared.
    record InvalidPath(PathResult.Invalid path) implements PkixResult {
        @Override
        public Rule rule() {
            return path.rule();
        }
    }

    Rule rule();

    default boolean authenticated() {
        return this instanceof Authenticated;
    }
}
