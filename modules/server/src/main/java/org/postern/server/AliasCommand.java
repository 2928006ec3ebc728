package org.postern.server;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
        name = "alias",
        description = "Aliases: further addresses of accounts. @DOMAIN is everything that has no other owner.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND")
final class AliasCommand {
    @Command(description = "Adds an alias.", mixinStandardHelpOptions = true)
    int add(
            @Mixin RunningServer server,
            @Parameters(paramLabel = "ADDRESS") String address,
            @Parameters(paramLabel = "TARGET") String target) {
        return server.ask(
                new Request.Alias.Add(address, target),
                Answer.Alias.class,
                alias -> "added alias " + alias.address() + " -> " + alias.target() + "\n");
    }

    @Command(description = "Removes an alias.", mixinStandardHelpOptions = true)
    int remove(
            @Mixin RunningServer server,
            @Parameters(paramLabel = "ADDRESS") String address,
            @Parameters(paramLabel = "TARGET") String target) {
        return server.ask(
                new Request.Alias.Remove(address, target),
                Answer.Removed.class,
                _ -> "removed alias " + address + " -> " + target + "\n");
    }

    @Command(description = "Lists the aliases.", mixinStandardHelpOptions = true)
    int list(@Mixin RunningServer server) {
        return server.ask(new Request.Alias.List(), Answer.Aliases.class, answer -> {
            Table table = new Table("ADDRESS", "TARGET");
            answer.aliases().forEach(alias -> table.row(alias.address(), alias.target()));
            return table.toString();
        });
    }
}
