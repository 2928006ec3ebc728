package org.postern.server;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.postern.store.BackupDirectory;
import org.postern.store.InvalidMailboxName;
import org.postern.store.MailboxName;
import org.postern.store.Restore;
import picocli.CommandLine;
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
                    + " that no UID means two messages and no client keeps flags that do not hold any more.",
            "",
            "With --account, brings back mail of one account into a running server: what is gone comes back as it was, with"
                    + " its UIDs; what is there stays as it is. An account that is gone comes back too, with its passwords,"
                    + " limits and aliases. Interrupted, it goes on where it was when it is run again; nothing comes twice."
        },
        customSynopsis = {
            "postern restore BACKUP DIR [--at TIME] [--exact]",
            "postern restore BACKUP --account ADDRESS [--mailbox NAME] [--as NAME] [--merge] [--at TIME]",
            "                [--ignore-quota] [--dry-run] [--data DIR | --config FILE]"
        },
        mixinStandardHelpOptions = true)
final class RestoreCommand implements Callable<Integer> {
    static final String AT =
            "of the time TIME, as 2027-01-31T12:00:00Z: the last backup made then or before (default: the last one)";

    @CommandLine.Spec
    private CommandLine.Model.@Nullable CommandSpec specification;

    @Mixin
    private RunningServer server = new RunningServer();

    @Mixin
    private Scratch scratch = new Scratch();

    @Parameters(index = "0", paramLabel = "BACKUP", description = "the directory of backups")
    private Path backup = Path.of("");

    @Parameters(
            index = "1",
            paramLabel = "DIR",
            arity = "0..1",
            description = "the data directory to make: it does not exist, or is empty")
    private @Nullable Path directory;

    @Option(names = "--at", paramLabel = "TIME", description = AT)
    private @Nullable Instant at;

    @Option(
            names = "--exact",
            description = "leave all numbers as they were: only where no client was told anything after the backup, as"
                    + " where the server moves to another machine")
    private boolean exact;

    @Option(names = "--account", paramLabel = "ADDRESS", description = "bring back mail of this account alone")
    private @Nullable String account;

    @Option(names = "--mailbox", paramLabel = "NAME", description = "this mailbox and those below it alone")
    private @Nullable String mailbox;

    @Option(
            names = "--as",
            paramLabel = "NAME",
            description = "make a copy under this name, with new UIDs; without --mailbox, copies of all mailboxes below"
                    + " this name")
    private @Nullable String as;

    @Option(
            names = "--merge",
            description =
                    "where a mailbox is there, add what it lacks; where another has its name since, put the old one"
                            + " in its place, and the messages of the other behind")
    private boolean merge;

    @Option(names = "--ignore-quota", description = "bring back more than the account may hold")
    private boolean ignoreQuota;

    @Option(names = "--dry-run", description = "tell what would come back, and change nothing")
    private boolean dryRun;

    @Override
    public Integer call() throws IOException {
        if ((directory == null) == (account == null)) {
            throw usage("either DIR, to restore everything, or --account is due");
        }
        if (account == null) {
            if (mailbox != null || as != null || merge || ignoreQuota || dryRun) {
                throw usage("--mailbox, --as, --merge, --ignore-quota and --dry-run go with --account");
            }
            return everything(Objects.requireNonNull(directory).toAbsolutePath().normalize());
        }
        if (exact) {
            throw usage("--exact goes with DIR");
        }
        return new MailRestore(
                        server,
                        scratch,
                        backup,
                        Optional.ofNullable(at),
                        account,
                        name(mailbox, "--mailbox"),
                        name(as, "--as"),
                        merge,
                        ignoreQuota,
                        dryRun)
                .run();
    }

    private int everything(Path target) throws IOException {
        try (BackupDirectory opened = BackupDirectory.open(backup, false);
                ProgressDisplay progress = server.output().progress()) {
            Restore.Report report = Restore.restore(
                    opened,
                    Optional.ofNullable(at),
                    target,
                    exact ? Restore.Numbers.AS_THEY_WERE : Restore.Numbers.MOVED_ON,
                    StoreManagement.progress(progress));
            server.output()
                    .show(
                            new Answer.Restored(target.toString(), report.time(), report.octets()),
                            answer -> "restored the backup of %s to %s: %s%n"
                                    .formatted(answer.time(), answer.directory(), Units.octets(answer.octets())));
        }
        return Main.DONE;
    }

    private Optional<MailboxName> name(@Nullable String text, String option) {
        try {
            return Optional.ofNullable(text).map(MailboxName::of);
        } catch (InvalidMailboxName e) {
            throw usage(option + ": not a mailbox name: " + e.getMessage());
        }
    }

    private CommandLine.ParameterException usage(String problem) {
        return new CommandLine.ParameterException(
                Objects.requireNonNull(specification, "set by picocli").commandLine(), problem);
    }
}
