package org.postern.server;

import java.util.OptionalLong;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "quota",
        description = "Quotas: what accounts may hold. Each has limits of its own, or those of its domain.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND")
final class QuotaCommand {
    private static final String NAME = "an account, or a domain for its accounts that have no limits of their own";

    @Command(
            description =
                    "Sets the limits of an account, or the default of a domain. What is not named is not limited.",
            mixinStandardHelpOptions = true)
    int set(
            @Mixin RunningServer server,
            @Parameters(paramLabel = "ADDRESS|DOMAIN", description = NAME) String name,
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
        return server.ask(new Request.Quota.Set(name, octets, messages), Answer.Quota.class, QuotaCommand::text);
    }

    @Command(description = "Gives an account the limits of its domain again.", mixinStandardHelpOptions = true)
    int clear(@Mixin RunningServer server, @Parameters(paramLabel = "ADDRESS") String address) {
        return server.ask(new Request.Quota.Clear(address), Answer.Quota.class, QuotaCommand::text);
    }

    @Command(description = "Shows what may be held, and is.", mixinStandardHelpOptions = true)
    int show(@Mixin RunningServer server, @Parameters(paramLabel = "ADDRESS|DOMAIN", description = NAME) String name) {
        return server.ask(new Request.Quota.Show(name), Answer.Quota.class, QuotaCommand::text);
    }

    private static String text(Answer.Quota quota) {
        String limits = limits(quota.octetsLimit(), quota.messagesLimit());
        if (quota.kind().equals("domain")) {
            return "each account of " + quota.name() + " without limits of its own may hold: " + limits + "\n";
        }
        return quota.name() + " may hold: " + limits + (quota.ownLimits() ? " (its own)" : " (the domain's)")
                + "\n       and holds: " + Units.octets(quota.octets().orElse(0)) + ", "
                + quota.messages().orElse(0) + " messages\n";
    }

    static String limits(OptionalLong octets, OptionalLong messages) {
        if (octets.isEmpty() && messages.isEmpty()) {
            return "no limit";
        }
        return (octets.isPresent() ? Units.octets(octets.getAsLong()) : "any size") + ", "
                + (messages.isPresent() ? messages.getAsLong() + " messages" : "any number");
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
