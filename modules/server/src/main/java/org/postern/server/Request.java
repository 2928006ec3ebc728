package org.postern.server;

import java.time.Instant;
import java.util.Collection;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/// What an operator asks of a running server. On the control socket each is its name and its components:
/// `{"command": "domain add", "arguments": {"domain": "example.org"}}`; the name is made of those of the types
/// ([RequestNames]). A secret is never a component: it goes beside the request, so that a request may stand in a log.
sealed interface Request {
    /// True of what changes something: it stands in the audit log, whatever comes of it.
    default boolean changes() {
        return !(this instanceof Question);
    }

    /// Changes nothing.
    interface Question {}

    record Status() implements Request, Question {}

    /// Reads the configuration and the certificates again.
    record Reload() implements Request {}

    sealed interface Domain extends Request {
        record Add(String domain) implements Domain {}

        record Remove(String domain) implements Domain {}

        record List() implements Domain, Question {}

        record Show(String domain) implements Domain, Question {}
    }

    sealed interface Account extends Request {
        /// With the password as secret.
        record Add(String address) implements Account {}

        record Remove(String address) implements Account {}

        /// With the password as secret.
        record Password(String address) implements Account {}

        record Enable(String address) implements Account {}

        record Disable(String address) implements Account {}

        /// Whether what the account submits also goes to its `\Sent` mailbox.
        record SentCopy(String address, boolean on) implements Account {}

        /// From when on a password must be changed before it is good for anything; empty for never.
        ///
        /// @param name of an account, or a domain for all of its accounts
        record PasswordDue(String name, Optional<Instant> due) implements Account {}

        record List() implements Account, Question {}

        record Show(String address) implements Account, Question {}

        /// How accounts are reached. What is empty does not matter.
        ///
        /// @param name of an account, or a domain
        /// @param service of the listener, as `imap`
        /// @param version as `TLSv1.2`
        /// @param startTls only what began in the clear
        /// @param noServerName only by clients without SNI
        /// @param days only what was used in so many days, today included
        /// @param summary numbers alone
        record Tls(
                Optional<String> name,
                Optional<String> service,
                Optional<String> version,
                Optional<String> mechanism,
                boolean startTls,
                boolean noServerName,
                int days,
                boolean summary)
                implements Account, Question {}
    }

    sealed interface Quota extends Request {
        record Show(String name) implements Quota, Question {}

        /// What is empty is not limited.
        ///
        /// @param name an address, or a domain for the default of its accounts
        record Set(String name, OptionalLong octets, OptionalLong messages) implements Quota {}

        /// The domain's default applies to the account again.
        record Clear(String address) implements Quota {}
    }

    sealed interface AppPassword extends Request {
        /// Answered with the password, this once.
        ///
        /// @param expires its last day, as `2027-01-31`
        record Add(String address, String name, Set<String> protocols, Optional<String> expires)
                implements AppPassword {}

        record Remove(String address, String name) implements AppPassword {}

        record List(String address) implements AppPassword, Question {}
    }

    sealed interface ClientKey extends Request {
        /// Registers the key of a certificate.
        ///
        /// @param certificate in PEM
        record Add(String address, String name, String certificate) implements ClientKey {}

        record Remove(String address, String name) implements ClientKey {}

        record List(String address) implements ClientKey, Question {}
    }

    sealed interface Alias extends Request {
        record Add(String address, String target) implements Alias {}

        record Remove(String address, String target) implements Alias {}

        record List() implements Alias, Question {}
    }

    sealed interface Store extends Request {
        /// Looks through the store.
        ///
        /// @param quick without reading message bodies
        /// @param fullSpeed without leaving most of the disk to the clients
        record Verify(boolean quick, boolean fullSpeed) implements Store, Question {}
    }

    /// Makes a backup.
    ///
    /// @param directory of backups, absolute: the server's process writes there
    /// @param octetsPerSecond that are copied at most; empty for as fast as it goes
    record Backup(String directory, OptionalLong octetsPerSecond) implements Request {}

    sealed interface Session extends Request {
        record List() implements Session, Question {}

        /// Ends one, all of an account, or all from an IP address: exactly one of them is named.
        record End(Optional<String> id, Optional<String> account, Optional<String> remote) implements Session {}
    }

    sealed interface Certificate extends Request {
        record List() implements Certificate, Question {}

        /// Says everything about one.
        ///
        /// @param name a name that clients ask for, or the beginning of a SHA-256 fingerprint
        record Show(String name) implements Certificate, Question {}

        /// Makes a key, and a request for an authority.
        ///
        /// @param hosts instead of the server's own
        /// @param domains instead of all mail domains
        /// @param services whether SRV-IDs are asked for
        record Csr(
                Optional<Collection<String>> hosts,
                Optional<Collection<String>> domains,
                boolean services,
                String keyType)
                implements Certificate {}

        /// Takes a certificate over, with its key as secret where the request was not made here.
        ///
        /// @param chain in PEM
        record Install(String chain) implements Certificate {}

        /// Takes an installed one away.
        ///
        /// @param file its name in the directory of installed ones
        record Remove(String file) implements Certificate {}

        /// Has whoever issues certificates here issue now.
        record Issue() implements Certificate {}

        /// What people compare over another channel.
        record Fingerprints() implements Certificate, Question {}

        /// The own authority's certificate.
        record Ca() implements Certificate, Question {}
    }

    /// A zone of Postern's own name server.
    sealed interface Zone extends Request {
        /// Its keys, and what the zone above is to have.
        ///
        /// @param zone empty for all
        record Keys(Optional<String> zone) implements Zone, Question {}

        /// A new key follows the present one.
        ///
        /// @param key `csk`, `ksk` or `zsk`
        record RollKey(String zone, String key) implements Zone {}

        /// The zone above has the DS record that was waited for.
        record ConfirmDelegation(String zone) implements Zone {}
    }

    sealed interface Dns extends Request {
        /// The records that ought to be published.
        ///
        /// @param domain those that a client of this mail domain needs; empty for all
        /// @param zone those in it
        record Show(Optional<String> domain, Optional<String> zone) implements Dns, Question {}

        /// What is published otherwise than it ought to be.
        record Diff(Optional<String> domain, Optional<String> zone) implements Dns, Question {}

        /// Judges what is published, and every endpoint behind it.
        record Check(String domain) implements Dns, Question {}
        /// What was sent to primary servers, and what became of it.
        ///
        /// @param zone empty for all
        record Journal(Optional<String> zone) implements Dns, Question {}

        /// From now on the records there are Postern's, which updates the zone: it may change them and take them away.
        record Adopt(String owner, String type) implements Dns {}
    }

    /// How TLSA records follow keys.
    sealed interface Rollover extends Request {
        record List() implements Rollover, Question {}

        /// Lets pass what waits at a host.
        record Force(String host, String reason) implements Rollover {}

        /// What an emergency would do: [Compromised] with nothing done.
        record Outage(java.util.List<String> keys, boolean nextToo) implements Rollover, Question {}

        /// Keys are in the wrong hands.
        ///
        /// @param keys SHA-256 of public keys, or their beginning
        /// @param nextToo whether the keys that were announced are, too
        record Compromised(java.util.List<String> keys, boolean nextToo, String reason) implements Rollover {}
    }

    /// Answered with a conversation: once the server has agreed, octets go both ways.
    interface Streamed {}

    sealed interface Mail extends Request {
        /// The octets come over the socket (`ImportReceiver` in `interchange`): the server's user may read few files.
        record Import(String address) implements Mail, Streamed {}

        /// The octets go over the socket, and the command line writes them.
        record Export(String address) implements Mail, Streamed {}

        /// The command line has the backup, and sends the account and its octets (`ImportReceiver` again). All but the
        /// address is for the audit log.
        ///
        /// @param mailbox one, and those below it
        /// @param backup its time
        record Restore(
                String address,
                Optional<String> mailbox,
                Optional<String> as,
                boolean merge,
                boolean ignoreQuota,
                boolean dryRun,
                String backup)
                implements Mail, Streamed {}

        record ForgetImports(String address) implements Mail {}
    }
}
