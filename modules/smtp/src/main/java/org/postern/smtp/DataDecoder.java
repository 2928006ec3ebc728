package org.postern.smtp;

import org.jspecify.annotations.Nullable;

/// Takes the octets after DATA apart: finds their end, removes the dots that were stuffed in, and hands on the rest in
/// runs as large as they come. A pure state machine.
///
/// Only CRLF "." CRLF ends the data, and no octet is ever changed into a line end: a CR or LF that stands alone makes
/// the message refused at its true end (RFC 5321 §2.3.8, §4.1.1.4), so that nobody behind us can see two messages
/// where one was sent.
final class DataDecoder {
    /// RFC 5322 §2.1.1 asks for 998 and RFC 5321 §4.5.3.1.6 for at least that.
    /// Leniency `long-lines`: programs that write HTML send a whole document as one line; nothing here holds lines.
    private static final int LINE_OCTETS = 1024 * 1024;

    /// Where in a line the next octet stands.
    private enum Place {
        LINE_START,
        IN_LINE,
        AFTER_CR,
        AFTER_DOT,
        AFTER_DOT_CR,
        ENDED
    }

    private final MessageSink sink;
    private final long maximum;
    private Place place = Place.LINE_START;
    private int lineLength;
    private long size;
    private @Nullable RuntimeException failure;

    /// @param maximum octets of a message after its dots are removed
    DataDecoder(MessageSink sink, long maximum) {
        this.sink = sink;
        this.maximum = maximum;
    }

    boolean ended() {
        return place == Place.ENDED;
    }

    /// Octets of the message so far, whether handed on or not.
    long size() {
        return size;
    }

    /// Throws what the message was refused for, or what the sink threw.
    void requireAccepted() {
        if (failure != null) {
            throw failure;
        }
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
                        hand(octets, run, at - 1);
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
                        lengthen(at - plain);
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
        hand(octets, run, at);
        return at - from;
    }

    private static boolean isPlain(byte octet) {
        return octet > '\r' || octet < 0 || (octet != '\r' && octet != '\n' && octet != 0);
    }

    private Place lineEnd() {
        lineLength = 0;
        return Place.LINE_START;
    }

    private Place within(byte octet) {
        lengthen(1);
        if (octet == '\r') {
            return Place.AFTER_CR;
        }
        if (octet == '\n') {
            refuse(554, "5.6.0", "The message holds an LF without CR");
        } else if (octet == 0) {
            refuse(554, "5.6.0", "The message holds a NUL"); // RFC 5321 §2.3.8 with RFC 6152: 8-bit, but not binary
        }
        return Place.IN_LINE;
    }

    private Place afterBareCarriageReturn(byte octet) {
        refuse(554, "5.6.0", "The message holds a CR without LF");
        return within(octet);
    }

    private void lengthen(int octets) {
        lineLength += octets;
        if (lineLength > LINE_OCTETS) {
            refuse(554, "5.6.0", "The message holds a line that is too long");
            lineLength = 0;
        }
    }

    private void refuse(int code, String status, String text) {
        if (failure == null) {
            failure = SmtpRefusal.refused(code, status, text);
        }
    }

    private void hand(byte[] octets, int from, int to) {
        size += to - from;
        if (size > maximum) {
            refuse(552, "5.3.4", "The message is larger than " + maximum + " octets"); // RFC 1870 §6.3
        }
        if (failure == null && from < to) {
            try {
                sink.write(octets, from, to - from);
            } catch (RuntimeException e) {
                failure = e;
            }
        }
    }
}
