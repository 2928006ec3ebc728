package org.postern.store;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.postern.auth.AccountId;

/// The one place where mail enters mailboxes from outside: aliases, subaddresses, Return-Path,
/// Delivered-To, quota; all recipients in one commit.
public interface Deliveries {
    /// Judges one recipient address before its message is read. Addresses are `local@domain`, the domain
    /// an A-label.
    RecipientVerdict resolve(String address);

    /// Delivers to every recipient, durably, all or nothing, each account once per final address.
    /// The spool is consumed.
    /// @param reversePath the MAIL FROM address, empty for `<>`
    /// @throws DeliveryException when a recipient cannot take it, or the store takes nothing now
    Map<String, AppendResult> deliver(
            MessageSpool spool, String reversePath, List<RecipientVerdict.Accepted> recipients) throws IOException;

    /// The same for a submitted message, with what goes with it in the same commit. Where there is no room for that,
    /// the message is delivered without.
    /// @return false if it was delivered without
    boolean deliver(
            MessageSpool spool, String reversePath, List<RecipientVerdict.Accepted> recipients, Companions companions)
            throws IOException;

    /// What goes with a submitted message.
    record Companions(Optional<Report> report, Optional<SentCopy> sentCopy) {
        public static final Companions NONE = new Companions(Optional.empty(), Optional.empty());

        boolean isEmpty() {
            return report.isEmpty() && sentCopy.isEmpty();
        }
    }

    /// A notification about the message, with `<>` as its sender. The spool is consumed.
    record Report(MessageSpool spool, List<RecipientVerdict.Accepted> recipients) {}

    /// The message in the account's `\Sent` mailbox, `\Seen`.
    /// @param fields of the header that recipients do not see, whole lines: they stand before the message
    record SentCopy(AccountId account, byte[] fields) {}

    /// Delivers to every recipient that can take it, durably and in one commit.
    /// The spool is consumed.
    /// @return for each recipient, in their order, why it did not get the message, or empty where it did
    List<Optional<DeliveryException>> deliverToEach(
            MessageSpool spool, String reversePath, List<RecipientVerdict.Accepted> recipients) throws IOException;
}
