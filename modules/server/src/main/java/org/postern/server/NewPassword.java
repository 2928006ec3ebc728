package org.postern.server;

import java.io.BufferedReader;
import java.io.Console;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A new password: typed twice at a terminal, else the first line of standard input. Never an argument, which every
/// user of the machine could read.
final class NewPassword {
    private NewPassword() {}

    static byte[] read() {
        Optional<Console> terminal = Optional.ofNullable(System.console()).filter(Console::isTerminal);
        return terminal.isPresent() ? typed(terminal.get()) : firstLine();
    }

    private static byte[] typed(Console console) {
        char[] first = console.readPassword("New password: ");
        char[] second = console.readPassword("Again: ");
        try {
            if (first == null || !Arrays.equals(first, second)) {
                throw new StartException("the two passwords differ");
            }
            ByteBuffer encoded = StandardCharsets.UTF_8.encode(CharBuffer.wrap(first));
            byte[] password = new byte[encoded.remaining()];
            encoded.get(password);
            encoded.rewind();
            while (encoded.hasRemaining()) {
                encoded.put((byte) 0);
            }
            return password;
        } finally {
            wipe(first);
            wipe(second);
        }
    }

    private static byte[] firstLine() {
        try {
            String line = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).readLine();
            if (line == null) {
                throw new StartException("a password is expected on standard input");
            }
            return line.getBytes(StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new StartException("standard input cannot be read: " + e.getMessage(), e);
        }
    }

    private static void wipe(char @Nullable [] secret) {
        if (secret != null) {
            Arrays.fill(secret, '\0');
        }
    }
}
