/// Which TLS is spoken and which certificates are served. They come from Postern's own authority or from PEM files,
/// and are replaced as a whole while connections go on.
///
/// In reading order: [TlsPolicy] (versions, suites, groups) with [TlsSettings], [TlsEngine] and [RetiredVersions],
/// [TlsNames] (IANA's names), [ServedCertificates], [CertificateSelection] and [ServedCertificate] (what a
/// handshake gets), [ActivationGate] (whether it may be shown yet), [CertificateNames] and [CertificateAuthority]
/// (the own authority), [PemFiles], [PemPair] and [PemDirectory] (files), [KeyKind], [SigningRequest] and
/// [InstalledCertificates] (other authorities, by hand), [CertificateLint] and [CertificateFinding] (what is wrong
/// before clients say so), [ClientRequest], [AnyClient] and [ClientAuthority] (certificates of clients),
/// [Fingerprints], and [TlsConfigurationException] (what cannot be served).
///
/// Invariants: no credentials below TLS 1.2; a set that cannot be used never replaces one that can; a private key
/// is readable by its owner alone and never in a message; the own authority vouches for its own names only.
@org.jspecify.annotations.NullMarked
package org.postern.tls;
