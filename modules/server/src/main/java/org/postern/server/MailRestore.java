package org.postern.server;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.postern.interchange.ImportSender;
import org.postern.interchange.RestoreSender;
import org.postern.store.BackupContents;
import org.postern.store.BackupDirectory;
import org.postern.store.Imports;
import org.postern.store.MailboxName;
import org.postern.store.SavedAccount;

/// `restore … --account`: this process reads the backup, with the rights of whoever runs it, and hands mail and account
/// to the running server.
record MailRestore(
        RunningServer server,
        Scratch scratch,
        Path backup,
        Optional<Instant> at,
        String address,
        Optional<MailboxName> mailbox,
        Optional<MailboxName> as,
        boolean merge,
        boolean ignoreQuota,
        boolean dryRun) {
    int run() throws IOException {
        try (BackupDirectory opened = BackupDirectory.open(backup, false);
                Scratch.Place place = scratch.make();
                ProgressDisplay progress = server.output().progress();
                BackupContents contents =
                        BackupContents.open(opened, at, place.path(), StoreManagement.progress(progress))) {
            SavedAccount account = contents.account(address)
                    .orElseThrow(() -> new RequestRefused("the backup of " + contents.time() + " has no account "
                            + address + "; postern backup list tells what others there are"));
            Answer.MailRestored answer = run(contents, account, progress);
            progress.leaveLine();
            server.output().show(answer, MailRestore::text);
            return answer.complete() && answer.failed() == 0 ? Main.DONE : Main.FAILED;
        }
    }

    private Answer.MailRestored run(BackupContents contents, SavedAccount account, ProgressDisplay progress) {
        List<Answer.RestoredMailbox> mailboxes = new ArrayList<>();
        var sending = new RestoreSender[1];
        Optional<String> stopped = Optional.empty();
        try {
            server.converse(
                    new Request.Mail.Restore(
                            account.address(),
                            mailbox.map(MailboxName::value),
                            as.map(MailboxName::value),
                            merge,
                            ignoreQuota,
                            dryRun,
                            contents.time().toString()),
                    (in, out) -> {
                        sending[0] = new RestoreSender(
                                contents,
                                account,
                                new Imports.RestoreOptions(
                                        contents.origin(), contents.time(), as.isPresent(), merge, ignoreQuota, dryRun),
                                mailbox,
                                as,
                                in,
                                out,
                                listener(progress, mailboxes));
                        return sending[0].run();
                    });
        } catch (IOException e) {
            stopped = Optional.of(String.valueOf(e.getMessage()));
        }
        ImportSender.Summary summary = sending[0] == null ? ImportSender.Summary.NOTHING : sending[0].summary();
        return new Answer.MailRestored(
                account.address(),
                contents.time(),
                sending[0] != null && sending[0].made(),
                sending[0] == null ? List.of() : sending[0].notes(),
                stopped.isEmpty(),
                stopped,
                dryRun,
                mailboxes,
                summary.imported(),
                summary.known(),
                summary.failed());
    }

    private ImportSender.Listener listener(ProgressDisplay progress, List<Answer.RestoredMailbox> mailboxes) {
        return new ImportSender.Listener() {
            @Override
            public void progress(String name, long passed, long total, boolean octets) {
                progress.report(name, passed, total, octets ? Progress.Unit.OCTETS : Progress.Unit.ITEMS);
            }

            @Override
            public void warning(String text) {
                progress.leaveLine();
                server.output().warn(text);
            }

            @Override
            public void begun(MailboxName name, Optional<String> newUids, Optional<String> leftAlone) {
                // the answer tells
            }

            @Override
            public void mailbox(ImportSender.Outcome outcome) {
                mailboxes.add(new Answer.RestoredMailbox(
                        outcome.mailbox().value(),
                        outcome.imported(),
                        outcome.octets(),
                        outcome.known(),
                        outcome.newUids(),
                        outcome.leftAlone()));
            }
        };
    }

    private static String text(Answer.MailRestored answer) {
        var text = new StringBuilder();
        var table = new Table("MAILBOX", "MESSAGES", "SIZE", "UIDS", "");
        for (Answer.RestoredMailbox each : answer.mailboxes()) {
            boolean came = each.restored() > 0 || each.leftAlone().isEmpty();
            table.row(
                    each.mailbox(),
                    came ? String.valueOf(each.restored()) : "-",
                    came ? Units.octets(each.octets()) : "-",
                    came ? each.newUids().isPresent() ? "new" : "as they were" : "-",
                    each.leftAlone()
                            .map(why -> "left alone: " + why)
                            .or(each::newUids)
                            .orElse(""));
        }
        text.append(table);
        text.append("%s %d messages, %s, of the backup of %s to %s%n"
                .formatted(
                        answer.dryRun() ? "would restore" : "restored",
                        answer.restored(),
                        Units.octets(answer.mailboxes().stream()
                                .mapToLong(Answer.RestoredMailbox::octets)
                                .sum()),
                        answer.time(),
                        answer.address()));
        if (answer.accountMade()) {
            text.append(answer.dryRun() ? "would make the account" : "made the account")
                    .append(" again, with its passwords, limits and aliases\n");
        }
        answer.notes().forEach(note -> text.append(note).append('\n'));
        if (answer.alreadyThere() > 0) {
            text.append(answer.alreadyThere()).append(" messages were there already\n");
        }
        if (answer.mailboxes().stream().anyMatch(each -> each.leftAlone().isPresent())) {
            text.append("--merge adds to a mailbox what it lacks, --as NAME makes a copy beside it\n");
        }
        if (answer.failed() > 0) {
            text.append(answer.failed()).append(" FAILED, named above\n");
        }
        answer.stopped().ifPresent(why -> text.append("STOPPED: ").append(why).append('\n'));
        return text.toString();
    }
}
