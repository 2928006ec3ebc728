/// An authoritative name server for the zones that Postern signs itself.
///
/// In reading order: [NameServerSettings].
///
/// Invariants: it answers for its zones and for nothing else.
@org.jspecify.annotations.NullMarked
package org.postern.nameserver;
