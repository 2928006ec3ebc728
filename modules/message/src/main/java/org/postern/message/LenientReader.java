package org.postern.message;

import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.util.Objects;

/// Decodes octets in a charset; octets that are wrong in it are read as windows-1252, which is what unlabelled 8-bit
/// mail mostly is. For one thread.
final class LenientReader extends Reader {
    static final Charset WINDOWS_1252 = Charset.forName("windows-1252");

    private final InputStream input;
    private final CharsetDecoder decoder;
    private final ByteBuffer octets = ByteBuffer.allocate(8 * 1024).flip();
    private final CharBuffer decoded = CharBuffer.allocate(8 * 1024).flip();
    private boolean ended;
    private boolean flushed;

    LenientReader(InputStream input, Charset charset) {
        this.input = input;
        this.decoder = charset.newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
    }

    @Override
    public int read(char[] target, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, target.length);
        while (!decoded.hasRemaining()) {
            if (flushed) {
                return -1;
            }
            decodeSome();
        }
        int count = Math.min(length, decoded.remaining());
        decoded.get(target, offset, count);
        return count;
    }

    private void decodeSome() throws IOException {
        decoded.clear();
        CoderResult result = decoder.decode(octets, decoded, ended);
        if (result.isError()) {
            readAsWindows1252(result.length());
        } else if (result.isUnderflow() && ended) {
            flushed = decoder.flush(decoded).isUnderflow();
        } else if (result.isUnderflow()) {
            fill();
        }
        decoded.flip();
    }

    private void readAsWindows1252(int count) {
        // Room for them is certain unless the buffer is nearly full; then the error is met again at the next call.
        if (decoded.remaining() >= count) {
            byte[] wrong = new byte[count];
            octets.get(wrong);
            decoded.put(new String(wrong, WINDOWS_1252));
        }
    }

    private void fill() throws IOException {
        octets.compact();
        int count = input.read(octets.array(), octets.position(), octets.remaining());
        if (count < 0) {
            ended = true;
        } else {
            octets.position(octets.position() + count);
        }
        octets.flip();
    }

    @Override
    public void close() throws IOException {
        input.close();
    }
}
