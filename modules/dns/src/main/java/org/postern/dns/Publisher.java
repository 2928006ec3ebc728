package org.postern.dns;

import java.util.List;
import org.postern.resolver.DomainName;

/// Where record sets are published: Postern's own name server, or somebody's by update messages.
public interface Publisher {
    /// The zone whose records it changes.
    DomainName zone();

    /// Makes these what the zone holds of Postern's records: adds and changes, and takes away those that it published
    /// before and that are not wanted any more. Records of others stay. Returns when the primary server has them.
    ///
    /// @throws PublicationException in the operator's words; the next call completes what was done in part. With
    ///     [PublicationException#refused] where all but these are published
    void publish(List<RecordSet> wanted) throws PublicationException;
}
