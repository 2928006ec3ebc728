/// Whom a certificate is for, and whether to believe it (RFC 5280, 9525, 7817, 4985, 6698, 7671): pure functions
/// for whoever issues, serves or verifies. Nothing here opens a connection, reads a clock or keeps state.
///
/// In reading order: [ServerAuthentication] (the two questions a client has); [ReferenceIdentifiers] (whom it
/// looks for, made before connecting) of [ReferenceIdentifier]; [PresentedIdentifiers] of [PresentedIdentifier]
/// (reading, writing); [NameMatch] (their comparison) by `NameMatcher`; [TrustAnchors] and [PathPolicy] for
/// `CertificationPaths` (search), `PathValidation` (RFC 5280 §6.1), `NameConstraints`, `RevocationCheck` with
/// [PathResult], [PkixResult]; [TlsaRecord] for `DaneCheck` with [DaneResult]; [Rule] is what every answer names.
///
/// Invariants: names are lower-case A-labels; a wildcard is one whole left-most label or nothing; a common name is
/// no identifier; a name is looked at only below a valid path; whatever is malformed presents nothing, proves
/// nothing, or refuses; every search is bounded; every answer carries the rule and the record or name that
/// decided.
@org.jspecify.annotations.NullMarked
package org.postern.identity;
