package org.postern.message;

/// What is computed once of a message, at arrival, and kept beside it.
///
/// @param version [MessageExtractor#VERSION] that made it; older ones are made anew lazily
/// @param size octets of the message as it is served (RFC822.SIZE)
/// @param envelope ENVELOPE ready for the wire (RFC 3501 §7.4.2), parentheses included
/// @param body BODY (without extension data) ready for the wire
/// @param bodyStructure BODYSTRUCTURE (with extension data) ready for the wire
/// @param outline [MessageOutline#encode]: where headers, bodies and parts begin and end
/// @param sentDate the Date header's day as days since 1970-01-01 in the header's own zone (for SENTBEFORE …), or
///     Integer.MIN_VALUE where there is none or it is unreadable
public record MessageExtract(
        int version, long size, byte[] envelope, byte[] body, byte[] bodyStructure, byte[] outline, int sentDate) {
    /// The extract of the same message with `octets` of trace header before it (Return-Path, Delivered-To): what they
    /// add is size and header; ENVELOPE and BODYSTRUCTURE do not show them.
    public MessageExtract withPrefix(int octets) {
        if (octets == 0) {
            return this;
        }
        byte[] shifted = MessageOutline.decode(outline).withPrefix(octets).encode();
        return new MessageExtract(version, size + octets, envelope, body, bodyStructure, shifted, sentDate);
    }

    public MessageExtract withEnvelope(byte[] other) {
        return new MessageExtract(version, size, other, body, bodyStructure, outline, sentDate);
    }
}
