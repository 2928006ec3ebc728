package org.postern.server;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.postern.store.BackupDirectory;
import org.postern.store.BackupReport;
import org.postern.store.Finding;
import org.postern.store.PosternStore;
import org.postern.store.RepairReport;
import org.postern.store.VerifyOptions;
import org.postern.store.VerifyReport;
import org.postern.store.WorkProgress;

/// Care of the store beside its clients.
final class StoreManagement {
    private final PosternStore store;
    private final KeyFiles keys;

    StoreManagement(PosternStore store, KeyFiles keys) {
        this.store = store;
        this.keys = keys;
    }

    Answer execute(Request.Store request, Progress progress) {
        return switch (request) {
            case Request.Store.Verify verify -> {
                VerifyOptions options = verify.quick()
                        ? VerifyOptions.QUICK
                        : verify.fullSpeed() ? VerifyOptions.ALL : VerifyOptions.BESIDE_CLIENTS;
                List<Finding> findings = new ArrayList<>();
                try {
                    yield answer(store.verify(options, findings::add, progress(progress)), findings);
                } catch (IOException e) {
                    throw new RequestRefused("the store cannot be verified: " + e.getMessage());
                }
            }
        };
    }

    Answer execute(Request.Backup request, Progress progress) {
        try (BackupDirectory target = BackupDirectory.open(Path.of(request.directory()), true)) {
            BackupReport report =
                    store.backup(target, keys.find(), request.octetsPerSecond().orElse(0), progress(progress));
            return new Answer.BackedUp(
                    request.directory(),
                    report.generation(),
                    report.time(),
                    report.octets(),
                    report.copied(),
                    report.keyFiles());
        } catch (IOException e) {
            throw new RequestRefused("the backup was not made: " + e.getMessage());
        }
    }

    static Answer.StoreVerified answer(VerifyReport report, List<Finding> findings) {
        Map<String, Long> counts = new TreeMap<>();
        report.findings().forEach((kind, count) -> counts.put(kind.name(), count));
        return new Answer.StoreVerified(
                report.clean(),
                report.complete(),
                report.accounts(),
                report.mailboxes(),
                report.messages(),
                report.blobs(),
                report.octets(),
                counts,
                findings.stream().map(StoreManagement::answer).toList());
    }

    static Answer.StoreRepaired answer(RepairReport report, List<Finding> remaining) {
        return new Answer.StoreRepaired(
                report.databaseBefore().toString(),
                report.mended().stream()
                        .map(each -> new Answer.Mended(each.where().toString(), each.what()))
                        .toList(),
                report.lost().stream()
                        .map(each -> new Answer.Lost(
                                each.where().account(),
                                each.where().mailbox(),
                                each.where().uid(),
                                each.size(),
                                each.date(),
                                each.subject(),
                                each.messageId(),
                                each.why(),
                                each.salvaged().map(Path::toString),
                                each.expunged()))
                        .toList(),
                answer(report.after(), remaining));
    }

    private static Answer.Found answer(Finding finding) {
        Finding.Place where = finding.where();
        return new Answer.Found(
                finding.kind().name(),
                finding.severity().name().toLowerCase(Locale.ROOT),
                where.account(),
                where.mailbox(),
                where.uid(),
                where.segment(),
                where.position(),
                where.file(),
                finding.what(),
                finding.kind().remedy());
    }

    /// The store's progress as the command line's.
    static WorkProgress progress(Progress progress) {
        return new WorkProgress() {
            @Override
            public void report(String step, long done, long total, Unit unit) {
                progress.report(
                        step,
                        done,
                        total,
                        switch (unit) {
                            case ITEMS -> Progress.Unit.ITEMS;
                            case OCTETS -> Progress.Unit.OCTETS;
                        });
            }

            @Override
            public boolean isAbandoned() {
                return progress.isAbandoned();
            }
        };
    }
}
