/// Listeners and connections: octets, TLS on the wire, STARTTLS, deadlines, limits, the record of each session. Netty
/// carries; each session is straight-line code on a virtual thread of its own; a protocol sees one class,
/// [Connection].
///
/// In reading order: [Protocol] (what a protocol implements), [Connection] (what it is given), [LineReader],
/// [Listeners] with [ListenerSettings], [Endpoint], [Network], SocketFile and [SessionLimits] (ports, Unix
/// sockets, handshakes), ProxyGate and ProxyHeader (who has come through a proxy), HelloGate with TlsEngines and
/// BoringSslEngines (whose TLS, for which virtual host),
/// Transport (the seam between event loop and session thread), Sessions and ConnectionCounts (who is here, who may
/// come) with [ConnectionLimits], [TlsFacts], HandshakeWatch and HelloReader with [HandshakeOffer] (what is read
/// off the wire), ChannelBindings, [Phase], [EndReason], [SessionRecord], [SessionRecords] and [SessionLog] (what
/// remains of a session).
///
/// Invariants: nothing blocks an event loop; at most one bounded read is outstanding, and what a session has not asked
/// for stays in the kernel; nothing that came before TLS is seen after it; credentials may be read where
/// [Connection#mayAuthenticate] says so and nowhere else; nothing interrupts a session's thread.
@org.jspecify.annotations.NullMarked
package org.postern.session;
