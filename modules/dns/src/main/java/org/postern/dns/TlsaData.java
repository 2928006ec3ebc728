package org.postern.dns;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.postern.resolver.DomainName;

/// What the TLSA records of hosts say now: of the keys that are served, and of those that are announced.
public interface TlsaData {
    /// The records of a host, the same for each of its ports.
    ///
    /// @param data as in [RecordSet#data]; none where there should be none
    /// @param timeToLive of these, and of aliases that lead to them; empty for that of all records
    record Records(List<String> data, Optional<Duration> timeToLive) {
        static final Records NONE = new Records(List.of(), Optional.empty());

        public Records {
            data = List.copyOf(data);
        }
    }

    /// What they are now.
    ///
    /// @param forms in which the operator wants keys to be published
    Records of(DomainName host, List<TlsaParameters> forms);

    /// Whether these may be published by themselves: not before somebody waits for the caches that will have them.
    /// A person may be shown them before.
    boolean released(DomainName host);
}
