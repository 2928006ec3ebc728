package org.postern.dns;

import java.util.List;
import java.util.Optional;
import org.postern.resolver.DomainName;

/// Asks the servers of a zone themselves, past every cache.
public interface AuthoritativeServers {
    /// What one server said.
    ///
    /// @param server its name and address
    /// @param found the record set; empty where there is none
    /// @param failure why there is no answer, in words; empty where there is one
    record ServerAnswer(String server, Optional<RecordSet> found, Optional<String> failure) {}

    /// One answer for every address of every name server of the zone that `owner` is in. Of TLSA records it is
    /// what a reader finds: where an alias is, those at its end, as that zone's servers have them (RFC 7671 §7),
    /// for the longest time to live on the way. Never throws for what the network does; empty where the servers
    /// cannot be found.
    List<ServerAnswer> ask(DomainName owner, RecordType type);
}
