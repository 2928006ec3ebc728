package org.postern.auth;

/// One authentication exchange: a pure state machine that sees decoded bytes and never the protocol around it.
/// Not safe for use by several threads.
public interface SaslExchange {
    /// The next step after the client's (initial) response.
    SaslStep respond(byte[] response);

    /// The first step when the client sent no initial response.
    SaslStep begin();
}
