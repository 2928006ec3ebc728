package org.postern.server;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedSet;

/// What a [Request] is answered with. The components are the fields that `--json` prints: scripts read them, so none is
/// renamed or removed, and each is always there (null for what is empty). Times are RFC 3339 in UTC.
sealed interface Answer {
    /// How the server is.
    ///
    /// @param store `healthy`, or `refusing-changes` until a restart
    record Status(long process, String store, int sessions, List<Listener> listeners) implements Answer {}

    /// A port or a Unix socket that is listened on.
    ///
    /// @param service as in RFC 6335: `imaps`
    /// @param security `implicit-tls` or `starttls`
    /// @param address of a Unix socket its path, and then the port is 0
    record Listener(String service, String address, int port, String security) {}

    record Domains(List<Domain> domains) implements Answer {}

    record Domain(String domain) implements Answer {}

    record Accounts(List<Account> accounts) implements Answer {}

    record Account(
            String address,
            boolean enabled,
            long octets,
            OptionalLong octetsLimit,
            long messages,
            OptionalLong messagesLimit)
            implements Answer {}

    record AppPasswords(String address, List<AppPassword> appPasswords) implements Answer {}

    /// What is known of a further password.
    ///
    /// @param expires from then on it is refused; null for never
    record AppPassword(String name, SortedSet<String> protocols, Optional<Instant> expires, boolean expired) {}

    /// An app password as it was made.
    ///
    /// @param password told this once
    record NewAppPassword(String address, AppPassword appPassword, String password) implements Answer {
        @Override
        public String toString() {
            return "NewAppPassword[" + address + "]";
        }
    }

    record Aliases(List<Alias> aliases) implements Answer {}

    record Alias(String address, String target) implements Answer {}

    record Sessions(List<Session> sessions) implements Answer {}

    /// A connection of a client.
    ///
    /// @param phase `before-tls`, `before-login` or `after-login`
    /// @param tls null before TLS
    /// @param account null before the login
    record Session(
            String id,
            String listener,
            String remote,
            Instant started,
            String phase,
            Optional<Tls> tls,
            Optional<String> account) {}

    record Tls(String version, String suite) {}

    /// What is there no longer, by kind: `{"removed": {"account": "alice@example.org"}}`.
    record Removed(Map<String, String> removed) implements Answer {
        static Removed of(String kind, String name) {
            return new Removed(Map.of(kind, name));
        }
    }

    record Ended(List<String> sessions) implements Answer {}
}
