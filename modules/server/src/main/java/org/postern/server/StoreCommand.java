package org.postern.server;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.postern.store.Finding;
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
