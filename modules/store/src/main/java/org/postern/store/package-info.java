/// Accounts, mailboxes, messages, the change feed, and the one place where mail is delivered. Mailboxes are entry
/// rows, journal rows and snapshots in H2, bodies append-only segments; what is acknowledged is on the disk.
///
/// In reading order: [Store], [Accounts], [Mailboxes], [OpenMailbox], [Deliveries] (what others see),
/// [PosternStore] (what it is made of), MailboxStore and Handle (commands), MailboxState, MailboxViews and
/// Mutation (a mailbox in memory), MailboxWriter, MailboxRows and EntryId (its rows), SnapshotCodec and Snapshots,
/// Committer (durability), Contents, Segments, SegmentRecord, BlobStream and FileSpool (bodies), AccountStore with
/// AliasStore, DomainRows, QuotaRows, AppPasswordRows, ClientKeyRows, ScramRows and AccountChanges, [TlsInventory] with
/// TlsInventoryStore and TlsUseRows, DeliveryStore, Removals
/// and Compaction (behind), Database with ChunkChecks, HeaderBlocks, DatabaseHeader and Patience (H2 and its
/// file), Disk and DiskSpace (what is below), Schema and
/// EntryRowsMigration (its upgrades), DatabaseFile (while it is closed). Mail from
/// elsewhere: [Imports], [Import], ImportStore, ImportTarget, Unveiling and ImportRows; what becomes of a mailbox
/// is a Placing, by ImportRules or, out of a backup, RestoreRules. `store verify` is StoreVerifier: RowVerifier
/// and MailboxVerifier (rows, as they are at one moment), ContentVerifier (bodies), DamagedMessages (whose a
/// damaged body is); what it tells is [Finding] and [VerifyReport]; StoreRepair and MailboxRepair put in order
/// what it finds. [BackupDirectory], Backup (DatabaseCopy is its consistent moment) and [Restore] copy the whole
/// store out and in; [BackupContents] looks into one, AccountRestore makes a [SavedAccount] of it again.
/// MailboxName, [ModifiedUtf7], Address, UidSet and Varint are their words; Watcher hands changes to sessions.
///
/// Invariants: UIDs and MODSEQs are given under the mailbox's lock and told after the commit is on the disk; entry
/// rows are never updated, contents never changed; no lock is held while a client is written to; a failed flush stops
/// all changes until a restart.
@org.jspecify.annotations.NullMarked
package org.postern.store;
