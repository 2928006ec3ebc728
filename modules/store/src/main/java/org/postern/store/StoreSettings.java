package org.postern.store;

import java.nio.file.Path;
import java.util.Optional;

/// What the operator decides about the store.
///
/// @param directory the data directory; the store keeps to `database`, `blobs` and `spool` below it
/// @param defaultDomain the domain whose accounts may log in by their bare local part
/// @param detailSeparator between local part and detail (RFC 5233); the first one counts
/// @param firstMailboxes true to make Drafts, Sent, Junk, Trash and Archive with each new account
public record StoreSettings(
        Path directory,
        Optional<String> defaultDomain,
        char detailSeparator,
        boolean firstMailboxes,
        long viewOctets,
        SegmentSettings segments) {
    public static StoreSettings in(Path directory) {
        return new StoreSettings(
                directory, Optional.empty(), '+', true, Runtime.getRuntime().maxMemory() / 4, SegmentSettings.DEFAULT);
    }

    public StoreSettings withDefaultDomain(String domain) {
        return new StoreSettings(directory, Optional.of(domain), detailSeparator, firstMailboxes, viewOctets, segments);
    }

    public StoreSettings withSegments(SegmentSettings settings) {
        return new StoreSettings(directory, defaultDomain, detailSeparator, firstMailboxes, viewOctets, settings);
    }
}
