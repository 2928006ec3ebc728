package org.postern.audit;

import java.time.Instant;
import java.util.List;
import org.postern.mua.Policy;
import org.postern.resolver.DomainName;

/// What an [Audit] found.
///
/// @param services in the order of RFC 6186 and 8314, implicit TLS first
public record AuditReport(
        DomainName domain,
        Policy policy,
        Instant time,
        List<ServiceReport> services,
        List<EndpointReport> endpoints,
        List<Finding> findings) {
    public AuditReport {
        services = List.copyOf(services);
        endpoints = List.copyOf(endpoints);
        findings = List.copyOf(findings);
    }

    /// No finding is an error, and a client with the audit's policy may use every endpoint.
    public boolean passed() {
        return findings.stream().noneMatch(finding -> finding.severity() == AuditRule.Severity.ERROR)
                && endpoints.stream().allMatch(endpoint -> endpoint.passes(policy));
    }
}
