package org.postern.server;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.postern.store.BackupDirectory;
import org.postern.store.Restore;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "restore",
        description = {
            "Makes a data directory of a backup. A server can be started on it; none may use it yet.",
            "UIDs, UIDVALIDITY, flags and messages are those of the backup: clients download nothing again. Clients may"
                    + " have seen more since: new messages get UIDs far above, and every message counts as changed, so"
                    + " that no UID means two messages and no client keeps flags that do not hold any more."
        },
        mixinStandardHelpOptions = true)
final class RestoreCommand implements Callable<Integer> {
    static final String AT =
            "of the time TIME, as 2027-01-31T12:00:00Z: the last backup made then or before (default: the last one)";

    @Mixin
    private Output output = new Output();

    @Parameters(paramLabel = "BACKUP", description = "the directory of backups")
    private Path backup = Path.of("");

    @Parameters(paramLabel = "DIR", description = "the data directory to make: it does not exist, or is empty")
    private Path directory = Path.of("");

    @Option(names = "--at", paramLabel = "TIME", description = AT)
    private @Nullable Instant at;

    @Option(
            names = "--exact",
            description = "leave all numbers as they were: only where no client was told anything after the backup, as"
                    + " where the server moves to another machine")
    private boolean exact;

    @Override
    public Integer call() throws IOException {
        Path target = directory.toAbsolutePath().normalize();
        try (BackupDirectory opened = BackupDirectory.open(backup, false);
                ProgressDisplay progress = output.progress()) {
            Restore.Report report = Restore.restore(
                    opened,
                    Optional.ofNullable(at),
                    target,
                    exact ? Restore.Numbers.AS_THEY_WERE : Restore.Numbers.MOVED_ON,
                    StoreManagement.progress(progress));
            output.show(
                    new Answer.Restored(target.toString(), report.time(), report.octets()),
                    answer -> "restored the backup of %s to %s: %s%n"
                            .formatted(answer.time(), answer.directory(), Units.octets(answer.octets())));
        }
        return Main.DONE;
    }
}
