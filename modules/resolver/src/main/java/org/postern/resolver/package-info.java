/// Lookups with DNSSEC validation: an answer is secure, insecure, bogus or indeterminate, and says why.
///
/// In reading order: [Resolver] (the face: blocking, for virtual threads), [ResolverSettings] with [Upstream] and
/// [TrustAnchorFile]; [Lookup] (the answer) of [DnsRecord], [Hop] and [DomainName]; `Validation` (one question,
/// validated by dnsjava from the root down, each time anew), `Transport` (one lookup's questions over UDP and TCP
/// under one deadline, and the evidence), `MessageCache`, `Wire` (between dnsjava's types and ours).
///
/// Invariants: what upstream claims about security (the AD bit) is believed only over a path that is configured as
/// trusted; the cache holds messages, never verdicts, so a signature that expires in the cache is seen; an alias
/// is followed one hop at a time and each hop is judged for itself; one deadline covers a whole lookup; nothing of
/// dnsjava leaves this module; nothing interrupts a thread.
@org.jspecify.annotations.NullMarked
package org.postern.resolver;
