package org.postern.imap;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.postern.store.FlagUpdate;
import org.postern.store.InternalDate;

/// The commands that a client can give, grouped as RFC 3501 §6 groups them by the state that they need.
/// Mailbox names are still as the client wrote them (modified UTF-7): see [MailboxNames].
sealed interface Command {
    /// RFC 3501 §6.1: any state.
    sealed interface Any extends Command {}

    record Capability() implements Any {}

    record Noop() implements Any {}

    record Logout() implements Any {}

    /// RFC 2971.
    ///
    /// @param client name and version, as it says; empty where it does not
    record Id(Optional<String> client) implements Any {}

    /// RFC 3501 §6.2: before login.
    sealed interface NotAuthenticated extends Command {}

    record StartTls() implements NotAuthenticated {}

    /// AUTHENTICATE; the initial response is decoded, an empty array for `=` (RFC 4959).
    record Authenticate(String mechanism, Optional<byte[]> initialResponse) implements NotAuthenticated {
        @Override
        public String toString() {
            return "Authenticate[" + mechanism + "]";
        }
    }

    record Login(String userName, byte[] password) implements NotAuthenticated {
        @Override
        public String toString() {
            return "Login[…]";
        }
    }

    /// RFC 3501 §6.3: after login, with or without a selected mailbox.
    sealed interface Authenticated extends Command {}

    record Select(String mailbox) implements Authenticated {}

    record Examine(String mailbox) implements Authenticated {}

    /// CREATE.
    /// @param uses special uses without their backslash (RFC 6154 §3); empty for none
    record Create(String mailbox, List<String> uses) implements Authenticated {}

    record Delete(String mailbox) implements Authenticated {}

    record Rename(String from, String to) implements Authenticated {}

    record Subscribe(String mailbox) implements Authenticated {}

    record Unsubscribe(String mailbox) implements Authenticated {}

    /// LIST with what RFC 5258, 5819 and 6154 add to it.
    ///
    /// @param patterns one in RFC 3501's form
    /// @param extended true where the client wrote options or several patterns: it knows the attributes
    ///   of RFC 5258
    /// @param status what LIST-STATUS asks for, empty for nothing
    record ListMailboxes(
            String reference,
            List<String> patterns,
            boolean extended,
            Set<Selection> selection,
            boolean returnSubscribed,
            List<Status.Item> status)
            implements Authenticated {
        /// Which mailboxes are meant (RFC 5258 §3.1, RFC 6154 §3).
        enum Selection {
            SUBSCRIBED,
            /// There are no others: changes nothing.
            REMOTE,
            RECURSIVEMATCH,
            SPECIAL_USE
        }
    }

    /// LSUB.
    record ListSubscribed(String reference, String pattern) implements Authenticated {}

    record Status(String mailbox, List<Item> items) implements Authenticated {
        enum Item {
            MESSAGES,
            RECENT,
            UIDNEXT,
            UIDVALIDITY,
            UNSEEN,
            DELETED,
            SIZE,
            APPENDLIMIT,
            DELETED_STORAGE
        }
    }

    /// `first` and what follows it (RFC 3502) are still on the wire: whoever executes the command takes
    /// them from there.
    record Append(String mailbox, AppendedMessage first) implements Authenticated {}

    /// One of them.
    /// @param form how the client announces its octets
    record AppendedMessage(FlagList flags, @Nullable InternalDate date, Form form, WireReader.Literal literal) {
        enum Form {
            /// No NUL (RFC 3501 §4.3).
            LITERAL,
            /// Any octet (RFC 3516 §4.4).
            LITERAL8,
            /// The same, in the parentheses of `UTF8 (…)` (RFC 6855 §4).
            UTF8
        }
    }

    /// RFC 2342.
    record Namespace() implements Authenticated {}

    /// RFC 9208 §4.1.
    record GetQuota(String root) implements Authenticated {}

    record GetQuotaRoot(String mailbox) implements Authenticated {}

    /// RFC 5161.
    record Enable(List<String> capabilities) implements Authenticated {}

    /// RFC 2177.
    record Idle() implements Authenticated {}

    /// RFC 3501 §6.4: with a selected mailbox. `byUid` is the command's UID form (§6.4.8).
    sealed interface Selected extends Command {}

    record Check() implements Selected {}

    record Close() implements Selected {}

    /// RFC 3691.
    record Unselect() implements Selected {}

    record Expunge() implements Selected {}

    /// RFC 4315 §2.1.
    record UidExpunge(SequenceSet messages) implements Selected {}

    /// SEARCH.
    /// @param results what ESEARCH is to return (RFC 4731 §3.1); empty for the answer of RFC 3501
    /// @param charset as the client names it, in upper case
    record Search(Optional<Set<Result>> results, Optional<String> charset, SearchKey key, boolean byUid)
            implements Selected {
        enum Result {
            MIN,
            MAX,
            ALL,
            COUNT,
            /// RFC 5182: kept as `$`.
            SAVE
        }
    }

    record Fetch(SequenceSet messages, List<FetchItem> items, boolean byUid) implements Selected {}

    record Store(SequenceSet messages, FlagUpdate.Mode mode, FlagList flags, boolean silent, boolean byUid)
            implements Selected {}

    record Copy(SequenceSet messages, String target, boolean byUid) implements Selected {}

    /// RFC 6851.
    record Move(SequenceSet messages, String target, boolean byUid) implements Selected {}

    /// Flags as a client names them; `system` are bits of [org.postern.store.Flags].
    record FlagList(long system, Set<String> keywords) {}
}
