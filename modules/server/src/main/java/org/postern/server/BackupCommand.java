package org.postern.server;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.postern.store.BackupDirectory;
import org.postern.store.Finding;
import org.postern.store.Restore;
import org.postern.store.StoreVerifier;
import org.postern.store.VerifyOptions;
import org.postern.store.VerifyReport;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "backup",
        description = {
            "Makes a backup of a running server into DIR, beside its clients: all mail, accounts and settings of accounts,"
                    + " certificates, private keys and the configuration file. What earlier backups in DIR have of message bodies is shared.",
            "The server's process writes it: its user needs to be allowed to. DIR must be kept as safe as the server."
        },
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "DIR | COMMAND")
final class BackupCommand implements Callable<Integer> {
    @CommandLine.Spec
    private CommandLine.Model.@Nullable CommandSpec specification;

    @Mixin
    private RunningServer server = new RunningServer();

    @Parameters(paramLabel = "DIR", arity = "0..1", description = "the directory of backups")
    private @Nullable Path directory;

    @Option(
            names = "--rate",
            paramLabel = "N",
            defaultValue = "none",
            converter = Units.Limit.class,
            description =
                    "copy at most so many octets a second, as 20M, and leave the disk to the clients (default: none)")
    private OptionalLong rate = OptionalLong.empty();

    @Override
    public Integer call() {
        if (directory == null) {
            throw new CommandLine.ParameterException(
                    Objects.requireNonNull(specification, "set by picocli").commandLine(),
                    "the directory of the backup is missing");
        }
        return server.ask(
                new Request.Backup(directory.toAbsolutePath().normalize().toString(), rate),
                Answer.BackedUp.class,
                answer ->
                        "backup %s in %s: %s, of which %s were copied anew%nIt holds mail, password hashes and %d files of certificates, private keys and configuration: keep it as safe as the server.%n"
                                .formatted(
                                        answer.generation(),
                                        answer.directory(),
                                        Units.octets(answer.octets()),
                                        Units.octets(answer.copied()),
                                        answer.keyFiles()));
    }

    @Command(description = "Lists the backups in DIR.", mixinStandardHelpOptions = true)
    int list(@Mixin Output output, @Parameters(paramLabel = "DIR") Path backups) throws IOException {
        try (BackupDirectory opened = BackupDirectory.open(backups, false)) {
            output.show(answer(opened.generations()), BackupCommand::text);
        }
        return Main.DONE;
    }

    @Command(
            description = "Removes old backups from DIR, and the message bodies that no other one needs.",
            mixinStandardHelpOptions = true)
    int prune(
            @Mixin Output output,
            @Parameters(paramLabel = "DIR") Path backups,
            @Option(
                            names = "--keep",
                            paramLabel = "N",
                            required = true,
                            description = "how many of the newest stay, at least 1")
                    int keep)
            throws IOException {
        if (keep < 1) {
            throw new RequestRefused("--keep: at least one backup stays", Main.USAGE);
        }
        try (BackupDirectory opened = BackupDirectory.open(backups, false)) {
            output.show(
                    answer(opened.prune(keep)),
                    removed -> removed.generations().isEmpty() ? "nothing to remove\n" : "removed\n" + text(removed));
        }
        return Main.DONE;
    }

    @Command(
            description = {
                "Proves a backup: restores it into a scratch directory, compares every octet with what was copied, and"
                        + " verifies the restored store.",
                "Exit code 0 where nothing is wrong, 1 where something was found."
            },
            mixinStandardHelpOptions = true)
    int verify(
            @Mixin Output output,
            @Mixin Scratch scratch,
            @Parameters(paramLabel = "DIR") Path backups,
            @Option(names = "--at", paramLabel = "TIME", description = RestoreCommand.AT) @Nullable Instant at)
            throws IOException {
        try (BackupDirectory opened = BackupDirectory.open(backups, false);
                Scratch.Place place = scratch.make();
                ProgressDisplay progress = output.progress()) {
            Path restored = place.path().resolve("restored");
            Restore.restore(
                    opened,
                    Optional.ofNullable(at),
                    restored,
                    Restore.Numbers.AS_THEY_WERE,
                    StoreManagement.progress(progress));
            List<Finding> findings = new ArrayList<>();
            VerifyReport report = StoreVerifier.verifyDirectory(
                    restored,
                    place.path().resolve("copy"),
                    VerifyOptions.ALL,
                    findings::add,
                    StoreManagement.progress(progress));
            Answer.StoreVerified answer = StoreManagement.answer(report, findings);
            output.show(answer, StoreCommand::text);
            return StoreCommand.exitCode(answer);
        }
    }

    private static Answer.Generations answer(List<BackupDirectory.Generation> generations) {
        return new Answer.Generations(generations.stream()
                .map(each -> new Answer.Generation(each.name(), each.time(), each.octets()))
                .toList());
    }

    private static String text(Answer.Generations answer) {
        Table table = new Table("TIME", "SIZE", "DIRECTORY");
        for (Answer.Generation each : answer.generations()) {
            table.row(each.time().toString(), Units.octets(each.octets()), "generations/" + each.generation());
        }
        return table.toString();
    }
}
