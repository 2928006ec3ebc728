package org.postern.server;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "dns",
        description = "The records of mail domains: SRV, TLSA and what belongs to them, made of what the server runs.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = RolloverCommand.class)
final class DnsCommand {
    private static final String ZONE = "only what is in this zone";
    private static final String DOMAIN = "what clients of this mail domain need; without it, all";

    @Command(
            description = {
                "Shows the records that ought to be published, as zone file text.",
                "TLSA records of a zone that is not proved secure by DNSSEC stand there as comments, with what is missing;",
                "so do records of dns.groups, as long as what they lead to does not answer: that is asked now."
            },
            mixinStandardHelpOptions = true)
    int show(
            @Mixin RunningServer server,
            @Parameters(paramLabel = "DOMAIN", arity = "0..1", description = DOMAIN) @Nullable String domain,
            @Option(names = "--zone", paramLabel = "ZONE", description = ZONE) @Nullable String zone) {
        return server.ask(
                new Request.Dns.Show(Optional.ofNullable(domain), Optional.ofNullable(zone)),
                Answer.DnsRecords.class,
                answer -> text(answer.records()) + withheld(answer.withheld()) + waiting(answer.waiting()));
    }

    @Command(
            description = {
                "Shows what is published otherwise than it ought to be: asks every name server of each zone.",
                "Lines to add begin with +, lines to take away with -. Exit code 0 where nothing differs, 5 otherwise."
            },
            mixinStandardHelpOptions = true)
    int diff(
            @Mixin RunningServer server,
            @Parameters(paramLabel = "DOMAIN", arity = "0..1", description = DOMAIN) @Nullable String domain,
            @Option(names = "--zone", paramLabel = "ZONE", description = ZONE) @Nullable String zone) {
        return server.ask(
                new Request.Dns.Diff(Optional.ofNullable(domain), Optional.ofNullable(zone)),
                Answer.DnsDifferences.class,
                DnsCommand::text,
                answer -> answer.same() ? Main.DONE : AuditCommand.NOT_PASSED);
    }

    @Command(
            description = {
                "Judges a mail domain of this server: records wanted and published, signatures, times and sizes, and every"
                        + " endpoint and address as clients see it.",
                "Each finding is ok, wrong, or not-available: nothing that could be done here. Exit code 0 where nothing is"
                        + " wrong, 5 otherwise."
            },
            mixinStandardHelpOptions = true)
    int check(
            @Mixin RunningServer server,
            @Parameters(paramLabel = "DOMAIN", description = "a mail domain of this server") String domain,
            @Option(names = "--all", description = "show what is as it should be, too") boolean all) {
        return server.ask(
                new Request.Dns.Check(domain),
                Answer.DnsChecked.class,
                answer -> text(answer, all),
                answer -> answer.passed() ? Main.DONE : AuditCommand.NOT_PASSED);
    }

    private static String text(Answer.DnsChecked answer, boolean all) {
        StringBuilder text = new StringBuilder();
        for (Answer.Finding finding : answer.findings()) {
            if (all || !finding.state().equals("ok")) {
                text.append("%-13s  %s: %s: %s%n"
                        .formatted(finding.state(), finding.check(), finding.subject(), finding.text()));
            }
        }
        long wrong = answer.findings().stream()
                .filter(finding -> finding.state().equals("wrong"))
                .count();
        return text.append(answer.domain())
                .append(wrong == 0 ? ": nothing is wrong" : ": wrong: " + wrong)
                .append(", looked at: ")
                .append(answer.findings().size())
                .append('\n')
                .toString();
    }

    @Command(
            description = {
                "Shows the zones of the own name server: their keys, how far a roll of keys has come, until when signatures are good,",
                "and whether the secondaries have the newest serial."
            },
            mixinStandardHelpOptions = true)
    int keys(
            @Mixin RunningServer server,
            @Parameters(paramLabel = "ZONE", arity = "0..1", description = "without it, all") @Nullable String zone) {
        return server.ask(new Request.Zone.Keys(Optional.ofNullable(zone)), Answer.Zones.class, ZoneDisplay::text);
    }

    @Command(
            description = "Shows the DS records that the zone above is to have, in the form of zone files.",
            mixinStandardHelpOptions = true)
    int ds(@Mixin RunningServer server, @Parameters(paramLabel = "ZONE") String zone) {
        return server.ask(new Request.Zone.Keys(Optional.of(zone)), Answer.Zones.class, ZoneDisplay::delegation);
    }

    @Command(
            name = "roll-key",
            description = {
                "Begins to replace a key by a new one. It goes on by itself, in hours; of a ksk or csk until the zone above is to"
                        + " have another DS record.",
            },
            mixinStandardHelpOptions = true)
    int rollKey(
            @Mixin RunningServer server,
            @Parameters(paramLabel = "ZONE") String zone,
            @Parameters(paramLabel = "KEY", description = "csk, ksk or zsk") String key) {
        return server.ask(new Request.Zone.RollKey(zone, key), Answer.Zones.class, ZoneDisplay::text);
    }

    @Command(
            name = "confirm-ds",
            description = {
                "Says that every server of the zone above has the DS record that \"dns ds\" shows, and no other.",
                "Where Postern can ask those servers, it finds out by itself."
            },
            mixinStandardHelpOptions = true)
    int confirmDelegation(@Mixin RunningServer server, @Parameters(paramLabel = "ZONE") String zone) {
        return server.ask(new Request.Zone.ConfirmDelegation(zone), Answer.Zones.class, ZoneDisplay::text);
    }

    @Command(
            description = {
                "Shows what was sent to primary servers (by = update), the last messages of each zone, and what became of them.",
                "Lines with + are records that were added, with - that were taken away."
            },
            mixinStandardHelpOptions = true)
    int journal(
            @Mixin RunningServer server,
            @Parameters(paramLabel = "ZONE", arity = "0..1", description = "without it, all") @Nullable String zone) {
        return server.ask(
                new Request.Dns.Journal(Optional.ofNullable(zone)), Answer.DnsJournal.class, DnsCommand::text);
    }

    @Command(
            description = {
                "Says that the records at a name, which Postern has not put there, are its own (by = update):",
                "from now on it may change them and take them away."
            },
            mixinStandardHelpOptions = true)
    int adopt(
            @Mixin RunningServer server,
            @Parameters(paramLabel = "OWNER", description = "as _imaps._tcp.example.org") String owner,
            @Parameters(paramLabel = "TYPE", description = "as SRV") String type) {
        return server.ask(
                new Request.Dns.Adopt(owner, type),
                Answer.DnsAdopted.class,
                answer -> String.join("\n", answer.records()) + "\n");
    }

    private static String text(Answer.DnsJournal journal) {
        StringBuilder text = new StringBuilder();
        for (Answer.DnsJournalEntry entry : journal.entries()) {
            text.append(entry.time()).append(' ').append(entry.zone());
            text.append(entry.number() == 0 ? "" : " #" + entry.number());
            text.append(' ').append(entry.outcome());
            text.append(entry.text().isEmpty() ? "" : ": " + entry.text()).append('\n');
            entry.changes()
                    .forEach(change -> text.append("  ")
                            .append(change.charAt(0))
                            .append(' ')
                            .append(change, 1, change.length())
                            .append('\n'));
        }
        return text.isEmpty() ? "nothing was sent\n" : text.toString();
    }

    /// By zone, those of none first.
    private static String text(List<Answer.DnsRecordSet> sets) {
        Map<String, StringBuilder> zones = new LinkedHashMap<>();
        for (Answer.DnsRecordSet set : sets) {
            StringBuilder lines = zones.computeIfAbsent(set.zone().orElse(""), _ -> new StringBuilder());
            lines(set).forEach(line -> lines.append(line).append('\n'));
        }
        StringBuilder text = new StringBuilder();
        zones.forEach((zone, lines) -> text.append(zone.isEmpty() ? "" : "; in the zone " + zone + "\n")
                .append(lines));
        return text.toString();
    }

    private static List<String> lines(Answer.DnsRecordSet set) {
        return set.data().stream()
                .map(data -> set.owner() + ". " + set.ttl() + " IN " + set.type() + " " + data)
                .toList();
    }

    private static String withheld(List<Answer.DnsWithheld> withheld) {
        StringBuilder text = new StringBuilder();
        Map<String, StringBuilder> reasons = new LinkedHashMap<>();
        for (Answer.DnsWithheld each : withheld) {
            StringBuilder lines = reasons.computeIfAbsent(each.reason(), _ -> new StringBuilder());
            lines(each.records())
                    .forEach(line -> lines.append(";   ").append(line).append('\n'));
        }
        reasons.forEach((reason, lines) -> text.append("; not to be published: ")
                .append(reason)
                .append('\n')
                .append(lines));
        return text.toString();
    }

    private static String waiting(List<Answer.DnsWaiting> waiting) {
        StringBuilder text = new StringBuilder();
        for (Answer.DnsWaiting each : waiting) {
            DnsGroups.State state = DnsGroups.State.of(each.state());
            text.append("; %s, %s %s %s: %s%n"
                    .formatted(each.group(), each.owner(), each.type(), state.words, each.reason()));
            if (state != DnsGroups.State.UNANSWERED) {
                each.wanted()
                        .map(DnsCommand::lines)
                        .orElse(List.of())
                        .forEach(line -> text.append(";   ").append(line).append('\n'));
            }
        }
        return text.toString();
    }

    private static String text(Answer.DnsDifferences answer) {
        StringBuilder text = new StringBuilder();
        for (Answer.DnsDifference each : answer.differences()) {
            text.append("; ")
                    .append(each.owner())
                    .append(' ')
                    .append(each.type())
                    .append(": ")
                    .append(each.state())
                    .append(" at ")
                    .append(String.join(", ", each.servers()))
                    .append('\n');
            List<String> wanted = each.wanted().map(DnsCommand::lines).orElse(List.of());
            List<String> found = each.found().map(DnsCommand::lines).orElse(List.of());
            found.stream()
                    .filter(line -> !wanted.contains(line))
                    .forEach(line -> text.append("- ").append(line).append('\n'));
            wanted.stream()
                    .filter(line -> !found.contains(line))
                    .forEach(line -> text.append("+ ").append(line).append('\n'));
        }
        answer.failures()
                .forEach(failure -> text.append("; no answer: ").append(failure).append('\n'));
        text.append(withheld(answer.withheld())).append(waiting(answer.waiting()));
        return text.append(answer.same() ? "; everything is published as it should be\n" : "")
                .toString();
    }
}
