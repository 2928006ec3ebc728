package org.postern.smtp;

/// Takes the octets of BDAT chunks (RFC 3030 §2): nothing is stuffed, and nothing but the announced sizes
/// frames them. A line may be cut anywhere by the border of a chunk. A pure state machine.
///
/// After BODY=BINARYMIME any octet may come; whether it stands in a part that may be binary, the role finds out.
final class ChunkDecoder {
    private final IncomingMessage message;
    private final boolean binary;
    private boolean afterCarriageReturn;

    ChunkDecoder(IncomingMessage message, boolean binary) {
        this.message = message;
        this.binary = binary;
    }

    void decode(byte[] octets, int from, int to) {
        if (!binary) {
            judge(octets, from, to);
        }
        message.hand(octets, from, to);
    }

    private void judge(byte[] octets, int from, int to) {
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
                message.refuseNul();
            }
            afterCarriageReturn = octet == '\r';
        }
        message.lengthen(to - plain);
    }

    /// After the last chunk.
    void end() {
        if (afterCarriageReturn) {
            message.refuseBareCarriageReturn();
        }
    }
}
