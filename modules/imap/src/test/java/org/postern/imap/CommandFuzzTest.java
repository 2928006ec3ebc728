package org.postern.imap;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.postern.testkit.Transcript;

/// Whatever octets come: each command is read, refused or ends the session, within the limits, and the
/// reader goes on with the next line.
class CommandFuzzTest {
    private static final WireReader.Limits LIMITS =
            new WireReader.Limits(8 * 1024, 64 * 1024, 128 * 1024, 128 * 1024, 512 * 1024);

    private static final class Input implements WireReader.Source {
        private final byte[] octets;
        private int position;

        Input(byte[] octets) {
            this.octets = octets;
        }

        @Override
        public int read() throws IOException {
            if (position == octets.length) {
                throw new EOFException();
            }
            return octets[position++] & 0xff;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            if (position == octets.length) {
                throw new EOFException();
            }
            int count = Math.min(length, octets.length - position);
            System.arraycopy(octets, position, into, offset, count);
            position += count;
            return count;
        }

        @Override
        public void requestLiteral() {}
    }

    @FuzzTest
    void anyOctets(byte[] octets) {
        readAll(octets);
    }

    /// Every line of every transcript, and each with one octet changed: the fuzzer's seeds, run in every
    /// build.
    @ParameterizedTest
    @MethodSource("org.postern.imap.ImapTranscriptsTest#all")
    void everyTranscriptWithAnOctetChanged(Transcript transcript) {
        var text = new ByteArrayOutputStream();
        for (Transcript.Step step : transcript.steps()) {
            if (step instanceof Transcript.Send send) {
                text.writeBytes(send.text().getBytes(ISO_8859_1));
                text.writeBytes(send.literal() == null ? new byte[0] : "{3+}\r\nabc".getBytes(ISO_8859_1));
                text.writeBytes(new byte[] {'\r', '\n'});
            }
        }
        byte[] octets = text.toByteArray();
        assertThat(readAll(octets)).isPositive();
        byte[] substitutes = {0, '\r', '\n', ' ', '"', '(', ')', '{', '}', '*', '\\', '9', (byte) 0xff};
        for (int at = 0; at < octets.length; at++) {
            byte original = octets[at];
            octets[at] = substitutes[at % substitutes.length];
            readAll(octets);
            octets[at] = original;
        }
    }

    /// @return how many commands were read or refused
    private static int readAll(byte[] octets) {
        var wire = new WireReader(new Input(octets), LIMITS);
        var reader = new CommandReader(wire, () -> true);
        int count = 0;
        try {
            while (true) {
                try {
                    reader.readTag();
                    Command command = reader.readCommand();
                    if (command instanceof Command.Append append) {
                        Optional<Command.AppendedMessage> message = Optional.of(append.first());
                        while (message.isPresent()) {
                            message.get().literal().stream((buffer, offset, length) ->
                                    assertThat(length).isPositive());
                            message = reader.readAppendMessage(message.get());
                        }
                    }
                } catch (BadCommand bad) {
                    if (bad.fatal()) {
                        return count + 1;
                    }
                    reader.skipCommand();
                } catch (CommandRefused refused) {
                    reader.skipCommand();
                }
                count++;
            }
        } catch (BadCommand fatal) {
            assertThat(fatal.fatal()).isTrue(); // skipping may give up
            return count;
        } catch (IOException end) {
            return count; // of the input
        }
    }
}
