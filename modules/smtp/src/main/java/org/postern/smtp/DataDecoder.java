package org.postern.smtp;

/// Takes the octets after DATA apart: finds their end, removes the dots that were stuffed in, and hands
/// on the rest in runs as large as they come. A pure state machine.
///
/// Only CRLF "." CRLF ends the data, and no octet is ever changed into a line end: a CR or LF that stands
/// alone makes the message refused at its true end (RFC 5321 §2.3.8, §4.1.1.4), so that nobody behind us
/// can see two messages where one was sent.
final class DataDecoder {
    /// Where in a line the next octet stands.
    private enum Place {
        LINE_START,
        IN_LINE,
        AFTER_CR,
        AFTER_DOT,
        AFTER_DOT_CR,
        ENDED
    }

    private final IncomingMessage message;
    private Place place = Place.LINE_START;

    DataDecoder(IncomingMessage message) {
        this.message = message;
    }

    boolean ended() {
        return place == Place.ENDED;
    }

    /// Returns how many octets were taken: all, but for what follows the end.
    int decode(byte[] octets, int from, int to) {
        int run = from; // the first octet that is not handed on yet
        int at = from;
        while (at < to && place != Place.ENDED) {
            byte octet = octets[at++];
            switch (place) {
                case LINE_START -> {
                    if (octet == '.') { // RFC 5321 §4.5.2
                        message.hand(octets, run, at - 1);
                        run = at;
                        place = Place.AFTER_DOT;
                    } else {
                        place = within(octet);
                    }
                }
                case IN_LINE -> {
                    place = within(octet);
                    if (place == Place.IN_LINE) {
                        int plain = at;
                        while (at < to && isPlain(octets[at])) {
                            at++;
                        }
                        message.lengthen(at - plain);
                    }
                }
                case AFTER_CR -> place = octet == '\n' ? lineEnd() : afterBareCarriageReturn(octet);
                case AFTER_DOT -> {
                    if (octet == '\r') {
                        run = at;
                        place = Place.AFTER_DOT_CR;
                    } else {
                        place = within(octet);
                    }
                }
                case AFTER_DOT_CR -> {
                    if (octet == '\n') {
                        run = at;
                        place = Place.ENDED;
                    } else {
                        place = afterBareCarriageReturn(octet);
                    }
                }
                case ENDED -> throw new IllegalStateException("after the end");
            }
        }
        message.hand(octets, run, at);
        return at - from;
    }

    private static boolean isPlain(byte octet) {
        return octet > '\r' || octet < 0 || (octet != '\r' && octet != '\n' && octet != 0);
    }

    private Place lineEnd() {
        message.lineEnded();
        return Place.LINE_START;
    }

    private Place within(byte octet) {
        message.lengthen(1);
        if (octet == '\r') {
            return Place.AFTER_CR;
        }
        if (octet == '\n') {
            message.refuseBareLineFeed();
        } else if (octet == 0) {
            message.refuseNul();
        }
        return Place.IN_LINE;
    }

    private Place afterBareCarriageReturn(byte octet) {
        message.refuseBareCarriageReturn();
        return within(octet);
    }
}
