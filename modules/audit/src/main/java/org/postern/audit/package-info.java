/// Judges a mail domain from outside, as a strict client would see it.
///
/// In reading order: [Audit], by [AuditSettings], finds what the domain publishes, visits every address of every
/// endpoint and makes an [AuditReport] of it: [ServiceReport]s (what SRV records say), [EndpointReport]s with a
/// [VisitReport] for each address (what was looked up and presented, and the decision of a client under both
/// policies), and [Finding]s, each by one [AuditRule] (`Findings`).
///
/// Invariants: no credentials are sent, for `mua`'s prober cannot; an address that is not public is not connected to
/// unless that was allowed; a finding names the rule, its RFC and what to do.
@org.jspecify.annotations.NullMarked
package org.postern.audit;
