package org.postern.server;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.postern.store.Finding;
import org.postern.store.RepairReport;
import org.postern.store.StoreRepair;
import org.postern.store.StoreVerifier;
import org.postern.store.VerifyOptions;
import org.postern.store.VerifyReport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "store",
        description = "The mail store: is it whole?",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND")
final class StoreCommand {
    @Command(
            description = {
                "Looks through every row, file and message body, and changes nothing. Beside a running server, or on a"
                        + " directory (or a copy of one) that no server uses.",
                "Exit code 0 where nothing is wrong, 1 where something was found."
            },
            mixinStandardHelpOptions = true)
    int verify(
            @Mixin RunningServer server,
            @Mixin Scratch scratch,
            @Option(names = "--quick", description = "do not read message bodies") boolean quick,
            @Option(names = "--full-speed", description = "do not spare the disk for a running server's clients")
                    boolean fullSpeed)
            throws IOException {
        if (server.isThere()) {
            return server.ask(
                    new Request.Store.Verify(quick, fullSpeed),
                    Answer.StoreVerified.class,
                    StoreCommand::text,
                    StoreCommand::exitCode);
        }
        Answer.StoreVerified answer = verifyUnused(server.directory(), scratch, server.output(), quick);
        server.output().show(answer, StoreCommand::text);
        return exitCode(answer);
    }

    private static Answer.StoreVerified verifyUnused(Path directory, Scratch scratch, Output output, boolean quick)
            throws IOException {
        try (var _ = new Unused(directory);
                Scratch.Place copies = scratch.make();
                ProgressDisplay progress = output.progress()) {
            List<Finding> findings = new ArrayList<>();
            VerifyReport report = StoreVerifier.verifyDirectory(
                    directory,
                    copies.path(),
                    quick ? VerifyOptions.QUICK : VerifyOptions.ALL,
                    findings::add,
                    StoreManagement.progress(progress));
            return StoreManagement.answer(report, findings);
        }
    }

    @Command(
            description = {
                "Puts in order what store verify finds, on a directory that no server uses: counts, snapshots, derived data,"
                        + " rows that nobody names. The database is copied first.",
                "A message that cannot be read is named and stays, unless --expunge-unreadable gives it up.",
                "Exit code 0 where nothing is wrong afterwards, 1 where something still is."
            },
            mixinStandardHelpOptions = true)
    int repair(
            @Mixin RunningServer server,
            @Option(
                            names = "--expunge-unreadable",
                            description = "take messages that cannot be read out of their mailboxes, as an EXPUNGE that"
                                    + " clients see; what is left of their octets is kept in lost+found")
                    boolean expungeUnreadable)
            throws IOException {
        Path directory = server.directory();
        if (server.isThere()) {
            throw new StartException("a server runs on " + directory + ": stop it first");
        }
        try (var _ = new Unused(directory);
                ProgressDisplay progress = server.output().progress()) {
            List<Finding> remaining = new ArrayList<>();
            RepairReport report = StoreRepair.repair(
                    directory, expungeUnreadable, remaining::add, StoreManagement.progress(progress));
            Answer.StoreRepaired answer = StoreManagement.answer(report, remaining);
            server.output().show(answer, StoreCommand::repaired);
            return exitCode(answer.after());
        }
    }

    private static String repaired(Answer.StoreRepaired answer) {
        var text = new StringBuilder("the database as it was: " + answer.databaseBefore() + System.lineSeparator());
        for (Answer.Mended mended : answer.mended()) {
            text.append("MENDED %s: %s%n".formatted(mended.where(), mended.what()));
        }
        for (Answer.Lost lost : answer.lost()) {
            text.append("LOST %s, mailbox %s, UID %d: %d octets of %s, subject %s, Message-ID %s%n    %s%n    %s%n"
                    .formatted(
                            lost.account().orElse("-"),
                            lost.mailbox().orElse("-"),
                            lost.uid().orElse(0),
                            lost.octets(),
                            lost.date(),
                            lost.subject().orElse("-"),
                            lost.messageId().orElse("-"),
                            lost.why(),
                            fate(lost)));
        }
        return text.append(text(answer.after())).toString();
    }

    private static String fate(Answer.Lost lost) {
        if (!lost.expunged()) {
            return "it stays where it is: restore it, or give it up with --expunge-unreadable";
        }
        return lost.salvaged()
                .map(file -> "expunged; what is left of it is in " + file)
                .orElse("expunged; nothing is left of it");
    }

    /// A directory that no server may begin to use.
    private static final class Unused implements AutoCloseable {
        private final AutoCloseable lock;

        Unused(Path directory) {
            lock = DataDirectory.requireUnused(directory);
        }

        @Override
        public void close() throws IOException {
            try {
                lock.close();
            } catch (IOException e) {
                throw e;
            } catch (Exception e) {
                throw new IOException(e);
            }
        }
    }

    static int exitCode(Answer.StoreVerified answer) {
        return answer.clean() ? Main.DONE : Main.FAILED;
    }

    static String text(Answer.StoreVerified answer) {
        var text = new StringBuilder();
        for (Answer.Found found : answer.findings()) {
            text.append("%s %s: %s%n    %s%n    remedy: %s%n"
                    .formatted(
                            found.severity().toUpperCase(Locale.ROOT),
                            found.kind(),
                            where(found),
                            found.what(),
                            found.remedy()));
        }
        answer.counts().forEach((kind, count) -> {
            long told = answer.findings().stream()
                    .filter(found -> found.kind().equals(kind))
                    .count();
            if (count > told) {
                text.append("%s: %d more%n".formatted(kind, count - told));
            }
        });
        text.append("%d accounts, %d mailboxes, %d messages; %d message bodies read, %s%n"
                .formatted(
                        answer.accounts(),
                        answer.mailboxes(),
                        answer.messages(),
                        answer.bodies(),
                        Units.octets(answer.octets())));
        text.append(
                !answer.complete()
                        ? "ended early: not everything was looked at"
                        : answer.clean() ? "nothing is wrong" : "SOMETHING IS WRONG: see above");
        return text.append(System.lineSeparator()).toString();
    }

    private static String where(Answer.Found found) {
        List<String> parts = new ArrayList<>();
        found.account().ifPresent(parts::add);
        found.mailbox().ifPresent(name -> parts.add("mailbox " + name));
        found.uid().ifPresent(uid -> parts.add("UID " + uid));
        found.segment()
                .ifPresent(name -> parts.add("segment " + name
                        + (found.position().isPresent()
                                ? " at " + found.position().getAsLong()
                                : "")));
        found.file().ifPresent(parts::add);
        return parts.isEmpty() ? "store" : String.join(", ", parts);
    }
}
