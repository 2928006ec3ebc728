package org.postern.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DurableFileTest {
    @TempDir
    Path directory;

    private Path file = Path.of("");

    @BeforeEach
    void name() {
        file = directory.resolve("state");
    }

    private static String permissions(Path file) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(each -> each.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void aFileIsItsOwnersAlone() throws Exception {
        DurableFile.replace(file, "größer\n");
        assertThat(file).hasContent("größer\n");
        assertThat(permissions(file)).isEqualTo("rw-------");
        assertThat(names()).containsExactly("state");
    }

    @Test
    void whatEverybodyCouldReadIsAPrivateFileAfterwards() throws Exception {
        DurableFile.replaceForEverybody(file, "certificate");
        assertThat(permissions(file)).isEqualTo("rw-r--r--");
        DurableFile.replace(file, "key");
        assertThat(file).hasContent("key");
        assertThat(permissions(file)).isEqualTo("rw-------");
    }

    /// Somebody may have it open who could read it then.
    @Test
    void whatAKilledProcessLeftIsNotWrittenInto() throws Exception {
        Path left = Files.writeString(directory.resolve("state.new"), "left");
        Files.setPosixFilePermissions(left, PosixFilePermissions.fromString("rw-rw-rw-"));
        Path same = Files.createLink(directory.resolve("same"), left);
        DurableFile.replace(file, "secret");
        assertThat(same).hasContent("left");
        assertThat(permissions(file)).isEqualTo("rw-------");
        assertThat(names()).containsExactly("same", "state");
    }

    @Test
    void aLinkIsNotFollowed() throws Exception {
        Path other = Files.writeString(directory.resolve("other"), "other");
        Files.createSymbolicLink(directory.resolve("state.new"), other);
        Files.createSymbolicLink(file, other);
        DurableFile.replace(file, "state");
        assertThat(other).hasContent("other");
        assertThat(file).isRegularFile().hasContent("state");
        assertThat(Files.isSymbolicLink(file)).isFalse();
    }

    @Test
    void aFailureBeforeAnythingIsWrittenLeavesTheOldOne() throws Exception {
        Files.writeString(file, "old");
        Files.createDirectories(directory.resolve("state.new/full"));
        assertThatThrownBy(() -> DurableFile.replace(file, "new")).isInstanceOf(DirectoryNotEmptyException.class);
        assertThat(file).hasContent("old");
    }

    @Test
    void aFailureToRenameLeavesNothingOfTheNewOne() throws Exception {
        Files.createDirectories(file.resolve("full"));
        assertThatThrownBy(() -> DurableFile.replace(file, "secret")).isInstanceOf(FileSystemException.class);
        assertThat(names()).containsExactly("state");
        assertThat(file.resolve("full")).isDirectory();
    }

    @Test
    void aDirectoryThatIsNotThereIsNotMade() {
        assertThatThrownBy(() -> DurableFile.replace(directory.resolve("none/state"), "new"))
                .isInstanceOf(NoSuchFileException.class);
        assertThat(directory.resolve("none")).doesNotExist();
    }

    @Test
    void readersSeeOneOrTheOther() throws Exception {
        String one = "1".repeat(50_000);
        String two = "2".repeat(70_000);
        DurableFile.replace(file, one);
        AtomicBoolean over = new AtomicBoolean();
        CompletableFuture<Set<String>> seen = CompletableFuture.supplyAsync(() -> {
            Set<String> contents = new HashSet<>();
            try {
                do {
                    contents.add(Files.readString(file));
                } while (!over.get());
            } catch (IOException missing) {
                contents.add(missing.toString());
            }
            return contents;
        });
        for (int count = 0; count < 50; count++) {
            DurableFile.replace(file, count % 2 == 0 ? two : one);
        }
        over.set(true);
        assertThat(seen.join()).isSubsetOf(one, two);
    }

    @Test
    void whatCannotBeReadIsKept() throws Exception {
        Files.writeString(file, "{");
        assertThat(DurableFile.putAside(file)).startsWith("it is kept as " + file + ".unreadable-");
        assertThat(names()).singleElement().satisfies(name -> {
            assertThat(name).matches("state\\.unreadable-\\d+");
            assertThat(directory.resolve(name)).hasContent("{");
        });
        assertThat(DurableFile.putAside(file))
                .startsWith("it cannot be put aside (")
                .contains("NoSuchFile");
    }
}
