package org.postern.store;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// A [MessageSpool] in memory, and in a file once it is large. Computes the digest as octets arrive.
final class FileSpool implements MessageSpool {
    private static final int IN_MEMORY = 128 * 1024;

    private final Path directory;
    private final MessageDigest digest;
    private byte[] memory = new byte[4096];
    private long size;
    private @Nullable Path file;
    private @Nullable FileChannel channel;
    private byte @Nullable [] finished;
    /// Why not everything was kept. Told when the message is to be stored: until then the client is talking.
    private @Nullable IOException failure;

    FileSpool(Path directory) {
        this.directory = directory;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java runtime has no SHA-256", e);
        }
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
        digest.update(bytes, offset, length);
        if (failure == null) {
            try {
                keep(bytes, offset, length);
            } catch (IOException e) {
                failure = e;
            }
        }
        size += length;
    }

    private void keep(byte[] bytes, int offset, int length) throws IOException {
        if (channel == null && size + length > IN_MEMORY) {
            file = Files.createTempFile(directory, "message", ".spool");
            channel = FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.READ);
            writeFully(channel, ByteBuffer.wrap(memory, 0, (int) size));
            memory = new byte[0];
        }
        if (channel != null) {
            writeFully(channel, ByteBuffer.wrap(bytes, offset, length));
        } else {
            if (size + length > memory.length) {
                memory = Arrays.copyOf(memory, (int) Math.max(size + length, memory.length * 2L));
            }
            System.arraycopy(bytes, offset, memory, (int) size, length);
        }
    }

    /// @throws IOException why something of what was written could not be kept
    void requireKept() throws IOException {
        if (failure != null) {
            throw new IOException("a message could not be kept while it arrived", failure);
        }
    }

    private static void writeFully(FileChannel channel, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public InputStream open() throws IOException {
        if (file == null) {
            return new ByteArrayInputStream(memory, 0, (int) size);
        }
        return Channels.newInputStream(FileChannel.open(file, StandardOpenOption.READ));
    }

    /// SHA-256 of all that was written; nothing may be written afterwards.
    byte[] digest() {
        if (finished == null) {
            finished = digest.digest();
        }
        return finished.clone();
    }

    @Override
    public void close() {
        try {
            if (channel != null) {
                channel.close();
            }
            if (file != null) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove a spool file", e);
        }
    }
}
