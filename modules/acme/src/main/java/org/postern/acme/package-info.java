/// Certificates of public authorities by ACME (RFC 8555): ordered, proved, renewed ahead of time, and kept as files
/// that `tls` reads.
///
/// In reading order: [AcmeSettings] with [ChallengeKind] (what an operator decides), [AcmeCertificates] (when something
/// is ordered, and what happens after a failure), [AcmeClient] (one order) with [AcmeAccount], [ChallengeResponders]
/// with [HttpResponder], [TlsAlpnResponder] and [DnsPublisher] (how the authority sees that a name is ours),
/// [AcmeFiles] (keys, certificates and what is remembered), [AcmeFailedException].
///
/// Invariants: what is served stays until its successor is checked and on the disk; a key is on the disk before anybody
/// sees its public half; after a failure the next attempt waits, across restarts too.
@NullMarked
package org.postern.acme;

import org.jspecify.annotations.NullMarked;
