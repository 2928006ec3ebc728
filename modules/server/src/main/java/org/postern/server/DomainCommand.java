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
                new Request.Domain.Add(domain), Answer.Domain.class, added -> "added domain " + added.domain() + "\n");
    }

    @Command(description = "Removes a domain that has no accounts.", mixinStandardHelpOptions = true)
    int remove(@Mixin RunningServer server, @Parameters(paramLabel = "DOMAIN") String domain) {
        return server.ask(
                new Request.Domain.Remove(domain), Answer.Removed.class, _ -> "removed domain " + domain + "\n");
    }

    @Command(description = "Lists the domains.", mixinStandardHelpOptions = true)
    int list(@Mixin RunningServer server) {
        return server.ask(new Request.Domain.List(), Answer.Domains.class, answer -> {
            Table table = new Table("DOMAIN");
            answer.domains().forEach(domain -> table.row(domain.domain()));
            return table.toString();
        });
    }
}
