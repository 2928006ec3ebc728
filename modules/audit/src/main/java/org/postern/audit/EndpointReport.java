package org.postern.audit;

import java.util.List;
import org.postern.mua.Policy;
import org.postern.mua.Server;
import org.postern.mua.Target;

/// A host and port that an SRV record names.
///
/// @param server how a client came to it; confirmed by the user where that alone makes it usable
/// @param visits one for each address; none where DNS forbids it, there is no address, or none may be connected to
public record EndpointReport(Server server, Target target, List<VisitReport> visits) {
    public EndpointReport {
        visits = List.copyOf(visits);
    }

    /// Whether a client would send its password at every address.
    public boolean passes(Policy policy) {
        return !visits.isEmpty()
                && visits.stream().allMatch(visit -> visit.decision(policy).mayContinue());
    }
}
