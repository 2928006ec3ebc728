package org.postern.store;

import java.time.Instant;
import java.util.List;
import org.postern.auth.AccountId;

/// How each account is reached: with which TLS, on which service, by which mechanism and program. What a deprecation
/// is decided by: who would be left outside? (R8314-21, R8314-31)
public interface TlsInventory {
    /// Notes a session. Costs no more than a look into a map: it is written behind, within a minute or so.
    ///
    /// @param until when it was last there
    void record(AccountId account, TlsWay way, Instant from, Instant until);

    /// All of the last 90 days, what is not yet written included: by address, the latest first.
    List<TlsUse> uses();
}
