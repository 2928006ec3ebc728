package org.postern.server;

import java.util.OptionalLong;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "quota",
        description = "Quotas: what accounts may hold.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND")
final class QuotaCommand {
    @Command(description = "Limits what an account may hold.", mixinStandardHelpOptions = true)
    int set(
            @Mixin RunningServer server,
            @Parameters(paramLabel = "ADDRESS") String address,
            @Option(
                            names = "--octets",
                            paramLabel = "N",
                            defaultValue = "none",
                            converter = Units.Limit.class,
                            description = "as 500M or 5G (default: none)")
                    OptionalLong octets,
            @Option(
                            names = "--messages",
                            paramLabel = "N",
                            defaultValue = "none",
                            converter = Units.Limit.class,
                            description = "default: none")
                    OptionalLong messages) {
        return server.ask(
                new Request.Quota.Set(address, octets, messages),
                Answer.Account.class,
                account -> account.address() + " holds " + messages(account) + " messages, " + octets(account) + "\n");
    }

    static String octets(Answer.Account account) {
        return Units.octets(account.octets())
                + (account.octetsLimit().isPresent()
                        ? " of " + Units.octets(account.octetsLimit().getAsLong())
                        : "");
    }

    static String messages(Answer.Account account) {
        return account.messages()
                + (account.messagesLimit().isPresent()
                        ? " of " + account.messagesLimit().getAsLong()
                        : "");
    }
}
