package org.postern.pop3;

import java.util.Optional;
import java.util.OptionalInt;

/// The commands that a client can give, grouped by the state that they need (RFC 1939 §4 to §6).
sealed interface Command {
    /// Any state, and before TLS too.
    sealed interface Any extends Command {}

    /// RFC 2449 §5.
    record Capa() implements Any {}

    record Quit() implements Any {}

    /// Any state, once there is TLS.
    sealed interface InsideTls extends Command {}

    /// RFC 6856 §3. Without a language range it asks which languages there are.
    record Lang(Optional<String> range) implements InsideTls {}

    /// RFC 1939 §4: the AUTHORIZATION state.
    sealed interface Authorization extends Command {}

    /// RFC 2595 §4.
    record Stls() implements Authorization {}

    /// RFC 6856 §2.
    record Utf8() implements Authorization {}

    record User(String name) implements Authorization {
        @Override
        public String toString() {
            return "User[…]";
        }
    }

    record Pass(byte[] password) implements Authorization {
        @Override
        public String toString() {
            return "Pass[…]";
        }
    }

    /// RFC 5034 §4; the initial response is still Base64, an empty array for `=`.
    record Auth(String mechanism, Optional<byte[]> initialResponse) implements Authorization {
        @Override
        public String toString() {
            return "Auth[" + mechanism + "]";
        }
    }

    /// RFC 1939 §5: the TRANSACTION state. Messages have the numbers that the client knows, as it wrote them.
    sealed interface Transaction extends Command {}

    record Stat() implements Transaction {}

    /// LIST, of one message or of all.
    record ScanListing(OptionalInt message) implements Transaction {}

    record Retr(int message) implements Transaction {}

    record Dele(int message) implements Transaction {}

    record Noop() implements Transaction {}

    record Rset() implements Transaction {}

    record Top(int message, int lines) implements Transaction {}

    record Uidl(OptionalInt message) implements Transaction {}
}
