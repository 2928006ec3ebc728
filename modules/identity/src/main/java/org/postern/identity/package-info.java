/// What a certificate says whom it is for (RFC 9525, RFC 7817, RFC 4985): pure functions for whoever issues, serves or
/// verifies.
///
/// In reading order: [PresentedIdentifier] (DNS-ID, SRV-ID, IP-ID), [PresentedIdentifiers] (reading, writing,
/// matching).
///
/// Invariants: names are lower-case A-labels; a wildcard is one whole left-most label or nothing; a common name is no
/// identifier; whatever is malformed presents nothing.
@org.jspecify.annotations.NullMarked
package org.postern.identity;
