package org.postern.store;

import java.util.Optional;
import java.util.OptionalLong;

/// Something that `store verify` found: what is wrong, where, and what helps.
public record Finding(Kind kind, Place where, String what) {
    public enum Severity {
        /// Nothing is wrong; the operator may want to know.
        NOTE,
        /// Something is wrong that `store repair` mends without loss.
        MENDABLE,
        /// Something was lost, or clients may be told something wrong.
        DAMAGE
    }

    private static final String RESTORE = "restore it from a backup";
    private static final String REPAIR = "postern store repair";

    /// Scripts read the names: none is changed or removed.
    public enum Kind {
        DATABASE_MISSING(Severity.DAMAGE, RESTORE),
        DATABASE_UNREADABLE(Severity.DAMAGE, RESTORE),
        DATABASE_ALTERED(Severity.DAMAGE, RESTORE),
        ROWS_UNREADABLE(Severity.DAMAGE, RESTORE),
        SEGMENT_MISSING(Severity.DAMAGE, RESTORE),
        SEGMENT_TRUNCATED(Severity.DAMAGE, RESTORE),
        MESSAGE_UNREADABLE(
                Severity.DAMAGE, "restore a backup; postern store repair --expunge-unreadable gives the message up"),
        CONTENT_MISSING(
                Severity.DAMAGE, "restore a backup; postern store repair --expunge-unreadable gives the message up"),
        JOURNAL_UNREADABLE(Severity.DAMAGE, "restore a backup"),
        UID_ORDER(Severity.DAMAGE, REPAIR),
        UID_REUSED(Severity.DAMAGE, "restore a backup"),
        UID_VALIDITY(Severity.DAMAGE, "restore a backup"),
        ENTRY_MISSING(Severity.MENDABLE, REPAIR),
        SNAPSHOT_DIFFERS(Severity.MENDABLE, REPAIR),
        SNAPSHOT_UNREADABLE(Severity.MENDABLE, REPAIR),
        UID_NEXT(Severity.MENDABLE, REPAIR),
        MODSEQ_ORDER(Severity.MENDABLE, REPAIR),
        SIZE(Severity.MENDABLE, REPAIR),
        QUOTA(Severity.MENDABLE, REPAIR),
        REFERENCE_COUNT(Severity.MENDABLE, REPAIR),
        ORPHAN_BLOB(Severity.MENDABLE, REPAIR),
        ORPHAN_MESSAGE(Severity.MENDABLE, REPAIR),
        ORPHAN_ROWS(Severity.MENDABLE, REPAIR),
        DERIVED_DATA(Severity.MENDABLE, REPAIR),
        KEYWORDS(Severity.MENDABLE, REPAIR),
        SPECIAL_USE(Severity.MENDABLE, REPAIR),
        MAILBOX_NAME(Severity.MENDABLE, REPAIR),
        INBOX_MISSING(Severity.MENDABLE, REPAIR),
        ALIAS_NOWHERE(Severity.MENDABLE, "postern alias remove, or add its target"),
        DERIVED_DATA_OLD(Severity.NOTE, REPAIR),
        UNREADABLE_AND_UNUSED(Severity.NOTE, "none: no mailbox holds it"),
        SUBSCRIPTION_NOWHERE(Severity.NOTE, "none: clients may keep such a name"),
        UNKNOWN_FILE(Severity.NOTE, "look what it is; Postern does not use it"),
        DEAD_SPACE(Severity.NOTE, "none: it is what was expunged");

        private final Severity severity;
        private final String remedy;

        Kind(Severity severity, String remedy) {
            this.severity = severity;
            this.remedy = remedy;
        }

        public Severity severity() {
            return severity;
        }

        public String remedy() {
            return remedy;
        }
    }

    /// Where it was found; what does not apply is empty.
    ///
    /// @param segment as its file is named: `1-17`
    /// @param position of the first octet in the segment's file
    /// @param file below the data directory
    public record Place(
            Optional<String> account,
            Optional<String> mailbox,
            OptionalLong uid,
            Optional<String> segment,
            OptionalLong position,
            Optional<String> file) {
        static final Place STORE = new Place(
                Optional.empty(),
                Optional.empty(),
                OptionalLong.empty(),
                Optional.empty(),
                OptionalLong.empty(),
                Optional.empty());

        static Place ofAccount(String address) {
            return new Place(Optional.of(address), STORE.mailbox, STORE.uid, STORE.segment, STORE.position, STORE.file);
        }

        static Place ofMailbox(String address, String mailbox) {
            return new Place(
                    Optional.of(address), Optional.of(mailbox), STORE.uid, STORE.segment, STORE.position, STORE.file);
        }

        static Place ofFile(String file) {
            return new Place(STORE.account, STORE.mailbox, STORE.uid, STORE.segment, STORE.position, Optional.of(file));
        }

        Place message(int messageUid) {
            return new Place(
                    account, mailbox, OptionalLong.of(Integer.toUnsignedLong(messageUid)), segment, position, file);
        }

        Place blob(BlobReference blob) {
            return new Place(
                    account,
                    mailbox,
                    uid,
                    Optional.of(blob.node() + "-" + blob.segment()),
                    OptionalLong.of(blob.position()),
                    file);
        }

        /// For people: `alice@example.org, mailbox INBOX, UID 17, segment 1-3 at 4096`.
        @Override
        public String toString() {
            var text = new StringBuilder();
            account.ifPresent(text::append);
            mailbox.ifPresent(name -> text.append(", mailbox ").append(name));
            uid.ifPresent(number -> text.append(", UID ").append(number));
            segment.ifPresent(name ->
                    text.append(text.isEmpty() ? "" : ", ").append("segment ").append(name));
            position.ifPresent(octet -> text.append(" at ").append(octet));
            file.ifPresent(name -> text.append(text.isEmpty() ? "" : ", ").append(name));
            return text.isEmpty() ? "store" : text.toString();
        }
    }

    public Severity severity() {
        return kind.severity();
    }
}
