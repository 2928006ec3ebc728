package org.postern.pop3;

import java.io.IOException;
import java.io.InputStream;
import java.util.OptionalInt;
import java.util.function.BooleanSupplier;
import java.util.function.IntFunction;
import org.postern.pop3.CommandRefused.Code;

/// The commands of the TRANSACTION state (RFC 1939 §5, §7).
final class MaildropCommands {
    private final ResponseWriter writer;
    private final BooleanSupplier ending;

    /// @param ending true once the session is about to end: asked while messages are measured, which may
    ///   take long
    MaildropCommands(ResponseWriter writer, BooleanSupplier ending) {
        this.writer = writer;
        this.ending = ending;
    }

    void stat(Maildrop maildrop) throws IOException {
        Total total = total(maildrop);
        writer.ok(total.messages() + " " + total.octets());
    }

    void list(Maildrop maildrop, OptionalInt message) throws IOException {
        if (message.isPresent()) {
            int index = index(maildrop, message.getAsInt());
            writer.ok(message.getAsInt() + " " + maildrop.size(index));
        } else {
            Total total = total(maildrop); // all is measured before the first line: it cannot fail afterwards
            listing(
                    maildrop,
                    total.messages() + " messages (" + total.octets() + " octets)",
                    index -> Long.toString(maildrop.size(index)));
        }
    }

    void uniqueIds(Maildrop maildrop, OptionalInt message) throws IOException {
        if (message.isPresent()) {
            int index = index(maildrop, message.getAsInt());
            writer.ok(message.getAsInt() + " " + maildrop.uniqueId(index));
        } else {
            listing(maildrop, "Unique ids follow", maildrop::uniqueId);
        }
    }

    /// scan-listing = msg SP size; unique-id-listing = msg SP unique-id; none for a message that is
    /// marked as deleted
    private void listing(Maildrop maildrop, String text, IntFunction<String> value) throws IOException {
        writer.begin(text);
        for (int index = 0; index < maildrop.count(); index++) {
            if (!maildrop.isDeleted(index)) {
                writer.line((index + 1) + " " + value.apply(index));
            }
        }
        writer.end();
    }

    /// RFC 1939 §5.
    void retrieve(Maildrop maildrop, Command.Retr command) throws IOException {
        int index = index(maildrop, command.message());
        try (InputStream octets = maildrop.open(index)) {
            writer.message("Message follows", octets, ByteStuffing.WHOLE);
        }
        maildrop.markRetrieved(index);
    }

    /// RFC 1939 §7. A message of which the top was shown was not read.
    void top(Maildrop maildrop, Command.Top command) throws IOException {
        try (InputStream octets = maildrop.open(index(maildrop, command.message()))) {
            writer.message("Top of message follows", octets, command.lines());
        }
    }

    void delete(Maildrop maildrop, Command.Dele command) throws IOException {
        maildrop.markDeleted(index(maildrop, command.message()));
        writer.ok("Marked as deleted");
    }

    void reset(Maildrop maildrop) throws IOException {
        maildrop.reset();
        writer.ok("Nothing is marked as deleted");
    }

    // ---- messages

    private record Total(int messages, long octets) {}

    private Total total(Maildrop maildrop) {
        int messages = 0;
        long octets = 0;
        for (int index = 0; index < maildrop.count(); index++) {
            if (!maildrop.isDeleted(index)) { // RFC 1939 §5: messages marked as deleted are not counted
                messages++;
                octets += maildrop.size(index);
                if (ending.getAsBoolean()) {
                    throw CommandRefused.refused(Code.SYS_TEMP, "The session is ending");
                }
            }
        }
        return new Total(messages, octets);
    }

    /// RFC 1939 §5: a message-number may not refer to a message marked as deleted.
    private static int index(Maildrop maildrop, int message) {
        if (message < 1 || message > maildrop.count()) {
            throw CommandRefused.refused("No such message");
        }
        if (maildrop.isDeleted(message - 1)) {
            throw CommandRefused.refused("That message is marked as deleted");
        }
        return message - 1;
    }
}
