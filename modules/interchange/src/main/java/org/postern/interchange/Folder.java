package org.postern.interchange;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// A directory that was opened once and is read through its descriptor. What is below a Maildir belongs to its user,
/// and the import may be run by root: no symbolic link is followed, whenever it is put there.
final class Folder implements AutoCloseable {
    private final SecureDirectoryStream<Path> directory;
    private final String label;

    private Folder(SecureDirectoryStream<Path> directory, String label) {
        this.directory = directory;
        this.label = label;
    }

    /// The directory that the operator named: this one may be a link.
    @SuppressWarnings("StreamResourceLeak") // it is the folder's, and closed with it
    static Folder open(Path path) throws IOException {
        return of(Files.newDirectoryStream(path), path.toString());
    }

    private static Folder of(DirectoryStream<Path> opened, String label) throws IOException {
        if (opened instanceof SecureDirectoryStream<Path> secure) {
            return new Folder(secure, label);
        }
        opened.close();
        throw new IOException("this system cannot open files relative to a directory: " + label);
    }

    Folder folder(Path name) throws IOException {
        return of(directory.newDirectoryStream(name, LinkOption.NOFOLLOW_LINKS), label + "/" + text(name));
    }

    String label(Path name) {
        return label + "/" + text(name);
    }

    String label() {
        return label;
    }

    /// The names in it. Once for each opening.
    List<Path> names() throws IOException {
        List<Path> names = new ArrayList<>();
        try {
            for (Path entry : directory) {
                names.add(entry.getFileName());
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        return names;
    }

    BasicFileAttributes attributes(Path name) throws IOException {
        return directory
                .getFileAttributeView(name, BasicFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
                .readAttributes();
    }

    boolean isFolder(Path name) throws IOException {
        try {
            return attributes(name).isDirectory();
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    SeekableByteChannel channel(Path name) throws IOException {
        if (!attributes(name).isRegularFile()) { // a pipe would be waited for
            throw new FileSystemException(label(name), null, "it is no regular file; links are not followed");
        }
        return directory.newByteChannel(name, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS));
    }

    InputStream read(Path name) throws IOException {
        return Channels.newInputStream(channel(name));
    }

    /// A small file that may not be there.
    Optional<InputStream> find(String name) throws IOException {
        try {
            return Optional.of(new java.io.BufferedInputStream(read(Path.of(name))));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    /// A file's name, one character for each octet: the JVM's own reading depends on the locale, and loses what it
    /// does not understand.
    static String text(Path name) {
        String asRead = name.toString();
        if (asRead.chars().allMatch(each -> each < 0x80 && each != '?')) {
            return asRead;
        }
        String encoded = name.toAbsolutePath().toUri().getRawPath();
        if (encoded.endsWith("/")) { // where a directory of that name happens to be here
            encoded = encoded.substring(0, encoded.length() - 1);
        }
        String last = encoded.substring(encoded.lastIndexOf('/') + 1);
        var octets = new ByteArrayOutputStream();
        for (int at = 0; at < last.length(); at++) {
            if (last.charAt(at) == '%') {
                octets.write(Integer.parseInt(last, at + 1, at + 3, 16));
                at += 2;
            } else {
                octets.write(last.charAt(at));
            }
        }
        return octets.toString(ISO_8859_1);
    }

    @Override
    public void close() throws IOException {
        directory.close();
    }
}
