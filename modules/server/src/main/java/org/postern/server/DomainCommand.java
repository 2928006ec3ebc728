package org.postern.server;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
        name = "domain",
        description = "Mail domains: those whose addresses live here.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND")
final class DomainCommand {
    @Command(description = "Adds a domain; its certificate names follow.", mixinStandardHelpOptions = true)
    int add(@Mixin RunningServer server, @Parameters(paramLabel = "DOMAIN") String domain) {
        return server.ask(
                new Request.Domain.Add(domain), Answer.Domain.class, added -> "added domain " + added.unicode() + "\n");
    }

    @Command(description = "Removes a domain that has no accounts.", mixinStandardHelpOptions = true)
    int remove(@Mixin RunningServer server, @Parameters(paramLabel = "DOMAIN") String domain) {
        return server.ask(
                new Request.Domain.Remove(domain), Answer.Removed.class, _ -> "removed domain " + domain + "\n");
    }

    @Command(description = "Lists the domains.", mixinStandardHelpOptions = true)
    int list(@Mixin RunningServer server) {
        return server.ask(new Request.Domain.List(), Answer.Domains.class, answer -> {
            Table table = new Table("DOMAIN", "ACCOUNTS", "ALIASES", "POSTMASTER", "QUOTA");
            for (Answer.Domain domain : answer.domains()) {
                table.row(
                        domain.unicode(),
                        Long.toString(domain.accounts()),
                        Long.toString(domain.aliases()),
                        domain.postmaster() ? "yes" : "MISSING",
                        quota(domain));
            }
            return table.toString();
        });
    }

    @Command(description = "Shows a domain.", mixinStandardHelpOptions = true)
    int show(@Mixin RunningServer server, @Parameters(paramLabel = "DOMAIN") String domain) {
        return server.ask(
                new Request.Domain.Show(domain),
                Answer.Domain.class,
                answer -> "domain      " + answer.unicode()
                        + (answer.unicode().equals(answer.domain()) ? "" : " (" + answer.domain() + ")")
                        + "\naccounts    " + answer.accounts()
                        + "\naliases     " + answer.aliases()
                        + "\npostmaster  " + (answer.postmaster() ? "gets mail" : "MISSING: nobody gets its mail")
                        + "\nquota       " + quota(answer) + "\n");
    }

    private static String quota(Answer.Domain domain) {
        return QuotaCommand.limits(domain.octetsLimit(), domain.messagesLimit());
    }
}
