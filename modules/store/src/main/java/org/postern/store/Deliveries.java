package org.postern.store;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

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

    /// Delivers to every recipient that can take it, durably and in one commit.
    /// The spool is consumed.
    /// @return for each recipient, in their order, why it did not get the message, or empty where it did
    List<Optional<DeliveryException>> deliverToEach(
            MessageSpool spool, String reversePath, List<RecipientVerdict.Accepted> recipients) throws IOException;
}
