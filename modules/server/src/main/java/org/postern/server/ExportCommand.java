package org.postern.server;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.postern.interchange.EmlTarget;
import org.postern.interchange.ExportReceiver;
import org.postern.interchange.FileNames;
import org.postern.interchange.MailTarget;
import org.postern.interchange.MaildirSource;
import org.postern.interchange.MaildirTarget;
import org.postern.interchange.MboxTarget;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "export",
        description = {
            "Writes mail to files that other servers and programs read, beside the account's clients. This command writes"
                    + " them, with the rights of whoever runs it.",
            "Interrupted, it goes on where it was when it is run again; run again later, it brings the files up to date: what"
                    + " is new comes, what the account has no more goes."
        },
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND")
final class ExportCommand {
    private static final String PLACES = "ACCOUNT DIR, or --all DIR";

    @Spec
    private CommandLine.Model.@Nullable CommandSpec command;

    /// What every export asks.
    static final class From {
        @Parameters(
                arity = "1..2",
                paramLabel = "ACCOUNT DIR",
                description = "whose mail, and where to: a directory that does not exist, is empty, or holds an earlier"
                        + " export")
        private List<String> places = List.of();

        @Option(names = "--all", description = "all accounts, each to a directory of its address in DIR")
        private boolean all;
    }

    /// Opens the files of one account.
    private interface Opening {
        MailTarget open(Path directory, String address) throws IOException;
    }

    @Command(
            description = {
                "Writes a tree of Maildirs, with flags, keywords and dates, and Dovecot's dovecot-uidlist: a Dovecot that"
                        + " serves it, or an import, keeps UIDVALIDITY and UIDs."
            },
            mixinStandardHelpOptions = true)
    int maildir(
            @Mixin RunningServer server,
            @Mixin From from,
            @Option(
                            names = "--layout",
                            paramLabel = "LAYOUT",
                            defaultValue = "maildir++",
                            converter = ImportCommand.LayoutConverter.class,
                            description = "maildir++, or directories (Dovecot's LAYOUT=fs; names may hold dots)"
                                    + " (default: maildir++)")
                    MaildirSource.Layout layout) {
        boolean directories = layout == MaildirSource.Layout.DIRECTORIES;
        return run(server, from, (path, address) -> new MaildirTarget(path, address, directories));
    }

    @Command(
            description = {
                "Writes an mbox file (mboxrd) for each mailbox, with flags in Status, X-Status and X-Keywords. A mailbox that"
                        + " has changed since is written anew."
            },
            mixinStandardHelpOptions = true)
    int mbox(@Mixin RunningServer server, @Mixin From from) {
        return run(server, from, MboxTarget::new);
    }

    @Command(
            description = {
                "Writes an EML file for each message, in a directory for each mailbox: its octets as they are, named by when it"
                        + " came and its UID. Flags are not in it."
            },
            mixinStandardHelpOptions = true)
    int eml(@Mixin RunningServer server, @Mixin From from) {
        return run(server, from, EmlTarget::new);
    }

    private int run(RunningServer server, From from, Opening opening) {
        if (from.places.size() != (from.all ? 1 : 2)) {
            throw new CommandLine.ParameterException(
                    Objects.requireNonNull(command, "set by picocli").commandLine(), "expected " + PLACES);
        }
        Path directory = Path.of(from.places.getLast()).toAbsolutePath().normalize();
        List<Answer.ExportedAccount> exported = new ArrayList<>();
        if (from.all) {
            for (Answer.Account account : server.ask(new Request.Account.List(), Answer.Accounts.class)
                    .accounts()) {
                exported.add(one(
                        server, account.address(), directory.resolve(FileNames.address(account.address())), opening));
            }
        } else {
            exported.add(one(server, from.places.getFirst(), directory, opening));
        }
        var answer = new Answer.Exported(
                directory.toString(),
                exported.stream().allMatch(each -> each.stopped().isEmpty()),
                exported);
        server.output().show(answer, ExportCommand::text);
        return answer.complete() && exported.stream().allMatch(each -> each.failed() == 0) ? Main.DONE : Main.FAILED;
    }

    private static Answer.ExportedAccount one(RunningServer server, String address, Path directory, Opening opening) {
        var receiving = new ExportReceiver[1];
        Optional<String> stopped = Optional.empty();
        try (ProgressDisplay progress = server.output().progress()) {
            server.converse(new Request.Mail.Export(address), (in, out) -> {
                try (MailTarget target = opening.open(directory, address)) { // after the account is known to be there
                    receiving[0] = new ExportReceiver(target, in, out, listener(server, progress));
                    return receiving[0].run();
                }
            });
        } catch (IOException e) {
            stopped = Optional.of(MaildirSource.explanation(e));
        }
        ExportReceiver.Summary summary = receiving[0] == null ? ExportReceiver.Summary.NOTHING : receiving[0].summary();
        return new Answer.ExportedAccount(
                address,
                directory.toString(),
                stopped,
                summary.mailboxes(),
                summary.exported(),
                summary.alreadyThere(),
                summary.removed(),
                summary.failed());
    }

    private static ExportReceiver.Listener listener(RunningServer server, ProgressDisplay progress) {
        return new ExportReceiver.Listener() {
            @Override
            public void progress(String mailbox, long passed, long total) {
                progress.report(mailbox, passed, total, Progress.Unit.ITEMS);
            }

            @Override
            public void warning(String text) {
                progress.leaveLine();
                server.output().warn(text);
            }
        };
    }

    private static String text(Answer.Exported answer) {
        var text = new StringBuilder();
        for (Answer.ExportedAccount each : answer.accounts()) {
            text.append("exported %d messages of %d mailboxes of %s to %s%n"
                    .formatted(each.exported(), each.mailboxes(), each.address(), each.directory()));
            if (each.alreadyThere() > 0) {
                text.append(each.alreadyThere()).append(" were there already\n");
            }
            if (each.removed() > 0) {
                text.append(each.removed()).append(" files were removed: the account has them no more\n");
            }
            if (each.failed() > 0) {
                text.append(each.failed()).append(" FAILED, named above\n");
            }
            each.stopped().ifPresent(why -> text.append("STOPPED: ").append(why).append('\n'));
        }
        return text.toString();
    }
}
