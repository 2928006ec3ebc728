package org.postern.audit;

import java.net.InetAddress;
import java.util.Optional;
import org.postern.mua.Decision;
import org.postern.mua.Policy;
import org.postern.mua.Probe;

/// What was seen at one address of an endpoint, and what a client does there that has no pin and no memory.
///
/// @param oldTls the version before TLS 1.2 that the server agrees to
public record VisitReport(
        InetAddress address, Probe probe, Decision strict, Decision standard, Optional<String> oldTls) {
    public Decision decision(Policy policy) {
        return switch (policy) {
            case STRICT -> strict;
            case STANDARD -> standard;
        };
    }
}
