package org.postern.smtp;

/// Takes the octets of BDAT chunks (RFC 3030 §2): nothing is stuffed, and nothing but the announced sizes
/// frames them. A line may be cut anywhere by the border of a chunk. A pure state machine.
final class ChunkDecoder {
    private final IncomingMessage message;
    private boolean afterCarriageReturn;

    ChunkDecoder(IncomingMessage message) {
        this.message = message;
    }

    void decode(byte[] octets, int from, int to) {
        int plain = from; // the first octet of this run that is not counted yet
        for (int at = from; at < to; at++) {
            byte octet = octets[at];
            if (afterCarriageReturn != (octet == '\n')) { // RFC 5321 §2.3.8
                if (afterCarriageReturn) {
                    message.refuseBareCarriageReturn();
                } else {
                    message.refuseBareLineFeed();
                }
            }
            if (octet == '\n') {
                message.lengthen(at - plain);
                message.lineEnded();
                plain = at + 1;
            } else if (octet == 0) {
                message.refuseNul(); // BINARYMIME is not offered
            }
            afterCarriageReturn = octet == '\r';
        }
        message.lengthen(to - plain);
        message.hand(octets, from, to);
    }

    /// After the last chunk.
    void end() {
        if (afterCarriageReturn) {
            message.refuseBareCarriageReturn();
        }
    }
}
