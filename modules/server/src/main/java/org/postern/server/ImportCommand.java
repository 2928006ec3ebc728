package org.postern.server;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.postern.interchange.EmlSource;
import org.postern.interchange.ImportSender;
import org.postern.interchange.MailSource;
import org.postern.interchange.MaildirSource;
import org.postern.interchange.MboxSource;
import org.postern.store.Flags;
import org.postern.store.InvalidMailboxName;
import org.postern.store.MailboxName;
import org.postern.store.SpecialUse;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "import",
        description = {
            "Imports mail from files of another server or program. This command reads the files, with the rights of whoever"
                    + " runs it, and hands the messages to the running server.",
            "Interrupted, it goes on where it was when it is run again; run again later, it adds what is new. Nothing comes"
                    + " twice."
        },
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND")
final class ImportCommand {
    @Spec
    private CommandLine.Model.@Nullable CommandSpec command;

    /// What every import asks.
    static final class Into {
        @Option(names = "--account", paramLabel = "ADDRESS", required = true, description = "whose mail it becomes")
        private String account = "";

        @Option(
                names = "--dry-run",
                description = "tell what would be imported, and what stands in the way; change nothing")
        private boolean dryRun;
    }

    @Command(
            description = {
                "Imports a Maildir, or a tree of them: Maildir++ (.Sub.Folder beside cur) or a directory for each level.",
                "Where Dovecot has left its dovecot-uidlist, UIDVALIDITY and UIDs are kept, so that clients do not download"
                        + " again. Stop Dovecot first."
            },
            mixinStandardHelpOptions = true)
    int maildir(
            @Mixin RunningServer server,
            @Mixin Into into,
            @Parameters(paramLabel = "PATH", description = "the directory that holds cur and new") Path path,
            @Option(
                            names = "--mailbox",
                            paramLabel = "NAME",
                            description =
                                    "import the Maildir at PATH alone, into this mailbox (default: all of them, the"
                                            + " one at PATH into INBOX)")
                    @Nullable
                    String mailbox,
            @Option(
                            names = "--prefix",
                            paramLabel = "TEXT",
                            defaultValue = "",
                            description = "put before every name but INBOX, as Old/")
                    String prefix,
            @Option(
                            names = "--layout",
                            paramLabel = "LAYOUT",
                            defaultValue = "auto",
                            converter = LayoutConverter.class,
                            description = "maildir++, directories (Dovecot's LAYOUT=fs) or auto (default: auto)")
                    MaildirSource.Layout layout,
            @Option(
                            names = "--special-use",
                            paramLabel = "NAME=USE",
                            description = "what a mailbox is for: archive, drafts, flagged, junk, sent or trash; may be"
                                    + " repeated")
                    @Nullable
                    Map<String, String> uses,
            @Option(names = "--new-uids", description = "do not keep Dovecot's UIDs") boolean newUids,
            @Option(
                            names = "--require-uids",
                            description = "stop at a mailbox that cannot keep its UIDs, instead of naming it")
                    boolean requireUids)
            throws IOException {
        var options = new MaildirSource.Options(
                layout, Optional.ofNullable(mailbox).map(this::name), prefix, specialUses(uses), newUids);
        name(prefix + "x");
        try (MailSource source = opened(() -> new MaildirSource(path, options))) {
            return run(server, into, source, requireUids);
        }
    }

    @Command(
            description = {
                "Imports an mbox file, as Thunderbird, mutt, Dovecot and others keep them: flags from Status, X-Status,"
                        + " X-Keywords and X-Mozilla-Status, dates from the From_ lines (UTC where they name no zone)."
            },
            mixinStandardHelpOptions = true)
    int mbox(
            @Mixin RunningServer server,
            @Mixin Into into,
            @Parameters(paramLabel = "PATH", description = "the file") Path path,
            @Option(names = "--mailbox", paramLabel = "NAME", required = true, description = "for its messages")
                    String mailbox)
            throws IOException {
        MailboxName name = name(mailbox);
        try (MailSource source = opened(() -> new MboxSource(path, name))) {
            return run(server, into, source, false);
        }
    }

    @Command(
            description = {
                "Imports EML files: one, or a tree of directories in which each directory is a mailbox.",
                "An EML file has no flags; the date is that in the name which an export gives, else the Date field, else"
                        + " the file's time."
            },
            mixinStandardHelpOptions = true)
    int eml(
            @Mixin RunningServer server,
            @Mixin Into into,
            @Parameters(paramLabel = "PATH", description = "the file or directory") Path path,
            @Option(
                            names = "--mailbox",
                            paramLabel = "NAME",
                            description =
                                    "for the file, or for those at the top of PATH; directories get names below it")
                    @Nullable
                    String mailbox,
            @Option(
                            names = "--date",
                            paramLabel = "FROM",
                            defaultValue = "auto",
                            converter = DatesConverter.class,
                            description =
                                    "when messages came: header (the Date field), file (the file's time), a time as"
                                            + " 2027-01-31T12:00:00Z, or auto (default: auto)")
                    EmlSource.Dates dates,
            @Option(
                            names = "--flags",
                            paramLabel = "FLAG",
                            split = ",",
                            description = "what every message gets: seen, answered, flagged, draft (default: none)")
                    @Nullable
                    List<String> flags)
            throws IOException {
        var options = new EmlSource.Options(Optional.ofNullable(mailbox).map(this::name), dates, systemFlags(flags));
        try (MailSource source = opened(() -> new EmlSource(path, options))) {
            return run(server, into, source, false);
        }
    }

    private long systemFlags(@Nullable List<String> names) {
        long bits = 0;
        for (String name : names == null ? List.<String>of() : names) {
            bits |= switch (name.toLowerCase(Locale.ROOT)) {
                case "seen" -> Flags.SEEN;
                case "answered" -> Flags.ANSWERED;
                case "flagged" -> Flags.FLAGGED;
                case "draft" -> Flags.DRAFT;
                default ->
                    throw new CommandLine.ParameterException(
                            commandLine(), "--flags " + name + ": expected seen, answered, flagged or draft");
            };
        }
        return bits;
    }

    @Command(
            description = {
                "Forgets what was imported into an account, and removes mailboxes whose import was not finished.",
                "A later import would bring everything again: for when the migration is over."
            },
            mixinStandardHelpOptions = true)
    int forget(@Mixin RunningServer server, @Mixin Into into) {
        return server.ask(
                new Request.Mail.ForgetImports(into.account),
                Answer.Removed.class,
                answer -> "forgot what was imported into " + into.account + "\n");
    }

    private interface Opening {
        MailSource open() throws IOException;
    }

    private static MailSource opened(Opening opening) {
        try {
            return opening.open();
        } catch (IOException e) {
            throw new StartException(MaildirSource.explanation(e), e);
        }
    }

    private int run(RunningServer server, Into into, MailSource source, boolean requireUids) throws IOException {
        ImportSender.Summary summary;
        Optional<String> stopped = Optional.empty();
        try (ProgressDisplay progress = server.output().progress()) {
            var listener = new ImportSender.Listener() {
                @Override
                public void progress(String mailbox, long passed, long total, boolean octets) {
                    progress.report(mailbox, passed, total, octets ? Progress.Unit.OCTETS : Progress.Unit.ITEMS);
                }

                @Override
                public void warning(String text) {
                    progress.leaveLine();
                    server.output().warn(text);
                }
            };
            var sending = new ImportSender[1];
            try {
                server.converse(new Request.Mail.Import(into.account), (in, out) -> {
                    sending[0] = new ImportSender(source, in, out, into.dryRun, requireUids, listener);
                    return sending[0].run();
                });
            } catch (IOException e) {
                stopped = Optional.of(String.valueOf(e.getMessage()));
            }
            summary = sending[0] == null ? ImportSender.Summary.NOTHING : sending[0].summary();
        }
        var answer = new Answer.Imported(
                into.account,
                stopped.isEmpty(),
                stopped,
                into.dryRun,
                summary.mailboxes(),
                summary.keptUids(),
                summary.imported(),
                summary.known(),
                summary.failed(),
                summary.newUids(),
                summary.droppedKeywords(),
                summary.differentSizes());
        server.output().show(answer, ImportCommand::text);
        return stopped.isEmpty() && summary.failed() == 0 ? Main.DONE : Main.FAILED;
    }

    private static String text(Answer.Imported answer) {
        var text = new StringBuilder();
        text.append(answer.dryRun() ? "would import " : "imported ")
                .append(answer.imported())
                .append(" messages into ")
                .append(answer.mailboxes())
                .append(" mailboxes of ")
                .append(answer.address())
                .append('\n');
        line(text, answer.alreadyThere(), " were there already");
        line(text, answer.mailboxesWithUids(), " mailboxes keep their UIDs");
        line(text, answer.newUids(), " messages could not keep their UID: clients download them again");
        line(text, answer.droppedKeywords(), " keywords found no room");
        line(text, answer.differentSizes(), " messages have another size than clients were told");
        line(text, answer.failed(), " FAILED, named above");
        answer.stopped().ifPresent(why -> text.append("STOPPED: ").append(why).append('\n'));
        return text.toString();
    }

    private static void line(StringBuilder text, long count, String what) {
        if (count > 0) {
            text.append(count).append(what).append('\n');
        }
    }

    private CommandLine commandLine() {
        return java.util.Objects.requireNonNull(command, "set by picocli before the command runs")
                .commandLine();
    }

    private MailboxName name(String text) {
        try {
            return MailboxName.of(text);
        } catch (InvalidMailboxName e) {
            throw new CommandLine.ParameterException(commandLine(), "not a mailbox name: " + e.getMessage());
        }
    }

    private Map<MailboxName, SpecialUse> specialUses(@Nullable Map<String, String> uses) {
        Map<MailboxName, SpecialUse> named = new LinkedHashMap<>();
        (uses == null ? Map.<String, String>of() : uses).forEach((mailbox, use) -> {
            try {
                named.put(name(mailbox), SpecialUse.valueOf(use.toUpperCase(Locale.ROOT)));
            } catch (IllegalArgumentException e) {
                throw new CommandLine.ParameterException(
                        commandLine(),
                        "--special-use " + mailbox + "=" + use + ": expected archive, drafts, flagged,"
                                + " junk, sent or trash");
            }
        });
        return named;
    }

    static final class DatesConverter implements CommandLine.ITypeConverter<EmlSource.Dates> {
        @Override
        public EmlSource.Dates convert(String text) {
            return switch (text) {
                case "auto" -> new EmlSource.Dates.Automatic();
                case "header" -> new EmlSource.Dates.Header();
                case "file" -> new EmlSource.Dates.OfFile();
                default -> {
                    try {
                        yield new EmlSource.Dates.At(Instant.parse(text));
                    } catch (DateTimeParseException e) {
                        throw new CommandLine.TypeConversionException(
                                "expected header, file, auto or a time as 2027-01-31T12:00:00Z, not " + text);
                    }
                }
            };
        }
    }

    static final class LayoutConverter implements CommandLine.ITypeConverter<MaildirSource.Layout> {
        @Override
        public MaildirSource.Layout convert(String text) {
            return switch (text) {
                case "auto" -> MaildirSource.Layout.AUTOMATIC;
                case "maildir++" -> MaildirSource.Layout.MAILDIR_PLUS_PLUS;
                case "directories" -> MaildirSource.Layout.DIRECTORIES;
                default ->
                    throw new CommandLine.TypeConversionException(
                            "expected maildir++, directories or auto, not " + text);
            };
        }
    }
}
