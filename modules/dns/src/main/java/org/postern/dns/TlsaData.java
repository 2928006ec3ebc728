package org.postern.dns;

import java.util.List;
import org.postern.resolver.DomainName;

/// What the TLSA records of hosts say now: of the keys that are served, and of those that are announced.
public interface TlsaData {
    /// The data of the records, as in [RecordSet#data]; none where there should be none. The same for every port of the
    /// host.
    ///
    /// @param forms in which the operator wants keys to be published
    List<String> of(DomainName host, List<TlsaParameters> forms);

    /// Whether these may be published by themselves: not before somebody waits for the caches that will have them.
    /// A person may be shown them before.
    boolean released(DomainName host);
}
