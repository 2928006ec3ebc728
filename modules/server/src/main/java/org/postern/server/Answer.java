package org.postern.server;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.time.Instant;
import java.time.LocalDate;
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
    /// @param certificatesEnd when the first of its certificates ends; null where none is served
    /// @param store `healthy`, or `refusing-changes` until a restart
    /// @param listeners where it listens, those included that close later
    /// @param closing those that are configured no more, and take connections until caches forget their records
    record Status(
            String version,
            long process,
            Instant started,
            String dataDirectory,
            String store,
            int sessions,
            Optional<Instant> certificatesEnd,
            List<Listener> listeners,
            List<Closing> closing)
            implements Answer {}

    /// A port or a Unix socket that is listened on.
    ///
    /// @param service as in RFC 6335: `imaps`
    /// @param security `implicit-tls` or `starttls`
    /// @param address of a Unix socket its path, and then the port is 0
    record Listener(String service, String address, int port, String security) {}

    record Domains(List<Domain> domains) implements Answer {}

    /// A mail domain.
    ///
    /// @param domain in A-labels
    /// @param unicode the same in U-labels
    /// @param octetsLimit for each account that has no limits of its own
    /// @param postmaster whether somebody gets mail for postmaster there
    record Domain(
            String domain,
            String unicode,
            long accounts,
            long aliases,
            OptionalLong octetsLimit,
            OptionalLong messagesLimit,
            boolean postmaster)
            implements Answer {}

    record Accounts(List<Account> accounts) implements Answer {}

    /// An account and what it holds.
    ///
    /// @param ownLimits false where the limits are its domain's
    /// @param scram mechanisms that the account has verifiers for
    /// @param passwordDue from then on the password must be changed first; null for never
    record Account(
            String address,
            boolean enabled,
            long octets,
            OptionalLong octetsLimit,
            long messages,
            OptionalLong messagesLimit,
            boolean ownLimits,
            boolean sentCopy,
            List<String> scram,
            Optional<Instant> passwordDue)
            implements Answer {}

    /// An account with what belongs to it.
    ///
    /// @param aliases that lead to it directly
    record AccountDetails(Account account, List<String> aliases, List<AppPassword> appPasswords, List<Session> sessions)
            implements Answer {}

    /// How accounts were reached.
    ///
    /// @param since the first day that is looked at
    /// @param accounts how many were reached in such a way
    /// @param uses empty for a summary
    record TlsUses(LocalDate since, long accounts, List<TlsCount> counts, List<TlsUse> uses) implements Answer {}

    /// How many accounts were reached with one property.
    ///
    /// @param property `service`, `security`, `version`, `suite`, `sni`, `mechanism` or `client`
    record TlsCount(String property, String value, long accounts, long sessions, LocalDate last) {}

    /// One way in which an account was reached.
    ///
    /// @param security `implicit-tls` or `starttls`
    /// @param sni whether the client said whom it wants
    /// @param client what the program calls itself (IMAP ID); null where it does not
    record TlsUse(
            String address,
            String service,
            String security,
            String version,
            String suite,
            boolean sni,
            String mechanism,
            Optional<String> client,
            LocalDate first,
            LocalDate last,
            long sessions) {}

    /// What an account, or each account of a domain, may hold.
    ///
    /// @param kind `account` or `domain`
    /// @param ownLimits false where an account's limits are its domain's
    /// @param octets held now; null for a domain
    record Quota(
            String name,
            String kind,
            boolean ownLimits,
            OptionalLong octets,
            OptionalLong octetsLimit,
            OptionalLong messages,
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

    record ClientKeys(String address, List<ClientKey> clientKeys) implements Answer {}

    /// A registered key.
    ///
    /// @param keySha256 of the public key
    record ClientKey(String name, String keySha256, Instant registered) {}

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

    /// What `store verify` looked at and found.
    ///
    /// @param complete false where it was ended early
    /// @param clean true where nothing is wrong: notes are no fault
    /// @param findings of one kind the first 1,000
    /// @param counts how many of each kind
    record StoreVerified(
            boolean clean,
            boolean complete,
            long accounts,
            long mailboxes,
            long messages,
            long bodies,
            long octets,
            Map<String, Long> counts,
            List<Found> findings)
            implements Answer {}

    /// One finding.
    ///
    /// @param severity `note`, `mendable` or `damage`
    record Found(
            String kind,
            String severity,
            Optional<String> account,
            Optional<String> mailbox,
            OptionalLong uid,
            Optional<String> segment,
            OptionalLong position,
            Optional<String> file,
            String what,
            String remedy) {}

    /// What `store repair` did.
    ///
    /// @param databaseBefore a copy of the database as it was
    /// @param lost messages that cannot be read
    /// @param after what `store verify` finds now
    record StoreRepaired(String databaseBefore, List<Mended> mended, List<Lost> lost, StoreVerified after)
            implements Answer {}

    record Mended(String where, String what) {}

    /// A message that cannot be read.
    ///
    /// @param salvaged the file that has what can be read of it
    /// @param expunged true where it was taken out of its mailbox
    record Lost(
            Optional<String> account,
            Optional<String> mailbox,
            OptionalLong uid,
            long octets,
            Instant date,
            Optional<String> subject,
            Optional<String> messageId,
            String why,
            Optional<String> salvaged,
            boolean expunged) {}

    /// What a backup has become.
    ///
    /// @param copied of the octets those that earlier generations did not have
    record BackedUp(String directory, String generation, Instant time, long octets, long copied, int keyFiles)
            implements Answer {}

    record Generations(List<Generation> generations) implements Answer {}

    record Generation(String generation, Instant time, long octets) {}

    /// A data directory that was made.
    ///
    /// @param time of the backup that it was made of
    record Restored(String directory, Instant time, long octets) implements Answer {}

    record Ended(List<String> sessions) implements Answer {}

    /// What is served.
    ///
    /// @param problems what could not be used at the last look, one line each
    /// @param acme null where certificates do not come from there
    /// @param waiting what may not be served before caches know its key
    record Certificates(
            List<Certificate> certificates, List<String> problems, Optional<Acme> acme, List<Certificate> waiting)
            implements Answer {}

    /// How ACME goes.
    ///
    /// @param failures in a row
    /// @param nextAttempt after a failure
    /// @param nextKeySha256 of the keys that the next certificates will have, where keys are not used again
    record Acme(
            String directory,
            int failures,
            Optional<String> failure,
            Optional<Instant> nextAttempt,
            List<String> nextKeySha256) {}

    /// What is served, or would be.
    ///
    /// @param dnsNames its DNS-IDs
    /// @param services its SRV-IDs (RFC 4985), as `_imaps.example.org`
    /// @param keyType as `EC P-256` or `RSA 2048`
    /// @param sha256 fingerprint of the certificate, hexadecimal
    /// @param keySha256 of its public key (SubjectPublicKeyInfo), as in a TLSA record of type `1 1`
    /// @param chain certificates that are sent, its own included
    /// @param source `own-authority`, or the file that it was read from
    /// @param wrong what is wrong with it, one line each; of names, see `certificate show`
    record Certificate(
            List<String> dnsNames,
            List<String> services,
            List<String> addresses,
            String issuer,
            boolean selfSigned,
            Instant begins,
            Instant ends,
            String keyType,
            String sha256,
            String keySha256,
            int chain,
            String source,
            List<String> wrong) {}

    /// A certificate, and what was looked at.
    ///
    /// @param pem what is sent in handshakes
    record CertificateDetails(Certificate certificate, List<Finding> findings, List<ChainLink> chain, String pem)
            implements Answer {}

    /// What there is to say in one respect.
    ///
    /// @param check `term`, `chain`, `key`, `usage`, `dns-id` or `srv-id`
    /// @param subject the certificate's first name, or the name that is to be covered
    /// @param state `ok`, `wrong` or `not-available`
    record Finding(String check, String subject, String state, String text) {}

    record ChainLink(String subject, String issuer, Instant ends, String sha256) {}

    /// A request for an authority.
    ///
    /// @param keyFile where its key waits for the certificate
    record SigningRequest(
            List<String> dnsNames, List<String> services, String keyType, String keySha256, String keyFile, String pem)
            implements Answer {}

    /// A certificate that was taken over.
    ///
    /// @param file its name, for `certificate remove`
    /// @param waits whether it may not be served yet
    record InstalledCertificate(String file, Certificate certificate, List<Finding> findings, boolean waits)
            implements Answer {}

    /// What people compare over another channel.
    ///
    /// @param authority the own one; null where there is none
    record Fingerprints(String host, Instant time, List<Certificate> certificates, Optional<Authority> authority)
            implements Answer {}

    /// The certificate of an authority.
    record Authority(String subject, Instant begins, Instant ends, String sha256, String keySha256, String pem)
            implements Answer {}

    /// What a reload did, by the names of settings.
    ///
    /// @param applied what changed and applies from now on
    /// @param waiting what differs from the running server until a restart
    /// @param closing listeners that are configured no more, and take connections until caches forget their records
    record Reloaded(List<String> applied, List<String> waiting, List<Closing> closing) implements Answer {}

    /// A listener that goes.
    ///
    /// @param until at the latest
    record Closing(String service, String address, int port, Instant until) {}

    /// What a configuration would do.
    ///
    /// @param domains null where no server runs that could tell
    record Check(
            String file,
            List<Problem> problems,
            Optional<String> host,
            List<Listener> listeners,
            List<Certificate> certificates,
            Optional<List<CheckedName>> domains)
            implements Answer {
        boolean has(Severity severity) {
            return problems.stream().anyMatch(problem -> problem.severity() == severity);
        }
    }

    record CheckedName(String name, boolean certificate, boolean postmaster) {}

    record Problem(Severity severity, String text) {}

    enum Severity {
        /// The server would not start, or every client would fail.
        @JsonProperty("error")
        ERROR,
        /// Some clients may fail, or will.
        @JsonProperty("warning")
        WARNING
    }

    /// What an import has come to.
    ///
    /// @param complete false where it stopped early; run again, it goes on
    /// @param stopped why; null where it is complete
    /// @param alreadyThere messages that earlier runs have imported
    /// @param failed messages and mailboxes that could not be read or kept, each named on standard error
    /// @param mailboxesWithUids that keep UIDVALIDITY and UIDs
    /// @param newUids messages that could not keep their UID though their mailbox does
    record Imported(
            String address,
            boolean complete,
            Optional<String> stopped,
            boolean dryRun,
            int mailboxes,
            int mailboxesWithUids,
            long imported,
            long alreadyThere,
            long failed,
            long newUids,
            long droppedKeywords,
            long differentSizes)
            implements Answer {}

    /// What has come back from a backup.
    ///
    /// @param time of the backup
    /// @param accountMade true where the account was not there
    /// @param complete false where it stopped early; run again, it goes on
    /// @param stopped why; null where it is complete
    /// @param restored messages
    /// @param alreadyThere messages that are there, or that earlier runs have restored
    /// @param failed messages that could not be read or kept, each named on standard error
    record MailRestored(
            String address,
            Instant time,
            boolean accountMade,
            List<String> notes,
            boolean complete,
            Optional<String> stopped,
            boolean dryRun,
            List<RestoredMailbox> mailboxes,
            long restored,
            long alreadyThere,
            long failed)
            implements Answer {}

    /// One mailbox of it.
    ///
    /// @param newUids why its messages have new UIDs; null where UIDVALIDITY and UIDs are those of the backup
    /// @param leftAlone why nothing was done with it
    record RestoredMailbox(
            String mailbox,
            long restored,
            long octets,
            long alreadyThere,
            Optional<String> newUids,
            Optional<String> leftAlone) {}

    record Zones(List<Zone> zones) implements Answer {}

    /// A zone of Postern's own name server.
    ///
    /// @param signaturesEnd when the first of its signatures ends
    /// @param delegation the DS records that the zone above is to have, and no others
    /// @param delegated whether it is known to have them
    /// @param change to another algorithm or other kinds of keys; null where none is under way
    /// @param fault what is wrong with the file of others' records, whose last good content is served; or null
    record Zone(
            String zone,
            long serial,
            int records,
            Instant signaturesEnd,
            List<ZoneKey> keys,
            List<String> delegation,
            boolean delegated,
            Optional<ZoneChange> change,
            Optional<String> fault,
            List<Secondary> secondaries) {}

    /// How far a change of a zone's keys is.
    ///
    /// @param from as the configuration says it
    /// @param step 0 before it begins
    /// @param state in words
    /// @param until when it goes on at the earliest; null where that does not depend on time
    record ZoneChange(String from, String to, int step, int steps, String state, Optional<Instant> until) {}

    /// A key of a zone.
    ///
    /// @param role `CSK`, `KSK` or `ZSK`
    /// @param state in words
    /// @param ds its DS record; null for a ZSK
    record ZoneKey(int tag, String role, String algorithm, String state, Instant since, Optional<String> ds) {}

    /// Who is told of changes of a zone.
    ///
    /// @param confirmed the last serial that it was told and answered to; null where there is none
    record Secondary(String address, int port, OptionalLong confirmed) {}

    /// How keys follow each other.
    record Rollovers(List<Rollover> rollovers) implements Answer {}

    /// Those of one host; keys are SHA-256 of public keys.
    ///
    /// @param phase `not-published`, `steady`, `announcing`, `waiting`, `ready`, `verifying` or `updating`
    /// @param waiting keys that may not be served yet
    /// @param announced keys that are to come later
    /// @param published data of the TLSA records of each port
    /// @param everywhere whether every name server was seen to have them
    /// @param servedAt when those that wait may be served; null where that is not known, or none waits
    record Rollover(
            String host,
            String phase,
            List<String> serving,
            List<String> waiting,
            List<String> announced,
            List<String> published,
            boolean everywhere,
            Optional<Instant> servedAt,
            List<String> obstacles,
            List<String> compromised) {}

    /// What an emergency costs, or cost.
    ///
    /// @param keys that are given up
    /// @param outages by host: for how many seconds clients that hold its records refuse it
    /// @param done false where it was only asked
    record Emergency(List<String> keys, Map<String, Long> outages, boolean done) implements Answer {}

    /// What ought to be published.
    ///
    /// @param withheld what must not be published now
    /// @param waiting what is published when that answers to which it leads
    record DnsRecords(List<DnsRecordSet> records, List<DnsWithheld> withheld, List<DnsWaiting> waiting)
            implements Answer {}

    /// Records of one owner and type.
    ///
    /// @param zone the configured one that they belong to; null where there is none
    /// @param ttl in seconds
    /// @param data in the form of zone files
    record DnsRecordSet(Optional<String> zone, String owner, String type, long ttl, List<String> data) {}

    record DnsJournal(List<DnsJournalEntry> entries) implements Answer {}

    /// What was sent to a primary server, or what became of it.
    ///
    /// @param number of the message; 0 where it is about none
    /// @param outcome `sent`, `accepted`, `confirmed`, `refused`, `unknown`, `settled`, `gone`, `adopted` or
    ///     `strangers`
    /// @param changes `+` or `-`, and a record
    record DnsJournalEntry(String zone, Instant time, long number, String outcome, String text, List<String> changes) {}

    /// Records that are Postern's from now on.
    record DnsAdopted(List<String> records) implements Answer {}

    /// A set that its zone must not have.
    ///
    /// @param reason what is missing
    record DnsWithheld(DnsRecordSet records, String reason) {}

    /// A set of a record group, which leads to something that does not answer.
    ///
    /// @param group `mx`, `spf`, `dkim`, `dmarc`, `mta-sts`, `tlsrpt` or `autoconfig`
    /// @param state `waits` (not published), `stays` (published as it was) or `unanswered` (published as wanted)
    /// @param owner and `type` of the set
    /// @param wanted null where it is made of an answer, too
    /// @param standing what is published as long; null where nothing is
    /// @param reason what is in the way
    record DnsWaiting(
            String group,
            String state,
            String owner,
            String type,
            Optional<DnsRecordSet> wanted,
            Optional<DnsRecordSet> standing,
            String reason) {}

    /// What there is to say of a mail domain's records, and of what clients find behind them.
    ///
    /// @param passed true where nothing is wrong
    /// @param findings with a `check` of the records (`published`, `dnssec` …), of a group (`mx`, `spf` …),
    ///     of a certificate, or a rule of the audit
    record DnsChecked(String domain, boolean passed, Instant time, List<Finding> findings) implements Answer {}

    /// What is published otherwise than it ought to be.
    ///
    /// @param same true where every server has what is wanted
    /// @param failures servers that gave no answer
    record DnsDifferences(
            boolean same,
            List<DnsDifference> differences,
            List<String> failures,
            List<DnsWithheld> withheld,
            List<DnsWaiting> waiting)
            implements Answer {}

    /// A set that these servers do not have as it is wanted.
    ///
    /// @param state `missing`, `different` or `left`
    /// @param wanted null where nothing should be there
    /// @param found null where nothing is there
    record DnsDifference(
            String state,
            String owner,
            String type,
            Optional<DnsRecordSet> wanted,
            Optional<DnsRecordSet> found,
            List<String> servers) {}

    /// What a mail domain looks like from outside.
    ///
    /// @param policy `strict` or `standard`: the one that `passed` is of
    record Audit(
            String domain,
            String policy,
            boolean passed,
            Instant time,
            List<AuditedService> services,
            List<AuditedEndpoint> endpoints,
            List<AuditFinding> findings)
            implements Answer {}

    /// What SRV records say.
    ///
    /// @param state `offered`, `not-offered`, `not-said` or `failed`
    /// @param signed whether that was validated by DNSSEC
    /// @param records as `priority weight port target`
    record AuditedService(String service, String state, boolean signed, List<String> records) {}

    /// A server that SRV records name.
    ///
    /// @param confirmed whether a client can use it only after its user has said that the host is right
    /// @param tlsa `usable`, `unusable`, `absent`, `insecure`, `bogus`, `indeterminate` or `not-queried`
    record AuditedEndpoint(
            String service, String host, int port, boolean confirmed, String tlsa, List<AuditedAddress> addresses) {}

    /// One of its addresses; TLS fields are null where there was none.
    record AuditedAddress(
            String address,
            Optional<String> version,
            Optional<String> suite,
            Optional<String> group,
            Verdict strict,
            Verdict standard) {}

    /// What a client does.
    ///
    /// @param decision `continue` or `refuse`
    /// @param row of the outcome table, as `DT-13`
    record Verdict(String decision, String row, List<String> evidence) {}

    /// Something that is wrong.
    ///
    /// @param rule as `tlsa-mismatch`
    /// @param severity `error`, `warning` or `note`
    record AuditFinding(
            String rule, String severity, String subject, String text, String detail, String source, String remedy) {}

    /// What an export has come to.
    ///
    /// @param complete false where some account stopped early; run again, it goes on
    record Exported(String directory, boolean complete, List<ExportedAccount> accounts) implements Answer {}

    /// One account of it.
    ///
    /// @param stopped why it ended early; null where it is complete
    /// @param alreadyThere messages that an earlier run has written
    /// @param removed messages whose files were removed: the account has them no more
    /// @param failed messages and mailboxes that could not be read, each named on standard error
    record ExportedAccount(
            String address,
            String directory,
            Optional<String> stopped,
            int mailboxes,
            long exported,
            long alreadyThere,
            long removed,
            long failed) {}
}
