package org.postern.server;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "app-password",
        description = "App passwords: further passwords of an account, each for one device or program.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND")
final class AppPasswordCommand {
    @Command(
            description = "Makes one up and prints it: it is not told again. It works with PLAIN and LOGIN, not with"
                    + " SCRAM.",
            mixinStandardHelpOptions = true)
    int add(
            @Mixin RunningServer server,
            @Parameters(paramLabel = "ADDRESS") String address,
            @Parameters(paramLabel = "NAME", description = "the account's own word for it, as phone") String name,
            @Option(
                            names = "--protocols",
                            paramLabel = "LIST",
                            split = ",",
                            defaultValue = "imap,pop3,submission",
                            description = "what it may be used for (default: imap,pop3,submission)")
                    Set<String> protocols,
            @Option(
                            names = "--expires",
                            paramLabel = "DAY",
                            defaultValue = "never",
                            description = "its last day, as 2027-01-31 (default: never)")
                    String expires) {
        Optional<String> day = Optional.of(expires).filter(text -> !text.equals("never"));
        return server.ask(
                new Request.AppPassword.Add(address, name, protocols, day),
                Answer.NewAppPassword.class,
                made -> made.password() + "\n");
    }

    @Command(description = "Removes one; the account's sessions end.", mixinStandardHelpOptions = true)
    int remove(
            @Mixin RunningServer server,
            @Parameters(paramLabel = "ADDRESS") String address,
            @Parameters(paramLabel = "NAME") String name) {
        return server.ask(
                new Request.AppPassword.Remove(address, name),
                Answer.Removed.class,
                _ -> "removed the app password " + name + " of " + address + "; the account's sessions were ended\n");
    }

    @Command(description = "Lists those of an account.", mixinStandardHelpOptions = true)
    int list(@Mixin RunningServer server, @Parameters(paramLabel = "ADDRESS") String address) {
        return server.ask(
                new Request.AppPassword.List(address),
                Answer.AppPasswords.class,
                answer -> table(answer.appPasswords()).toString());
    }

    static Table table(List<Answer.AppPassword> passwords) {
        Table table = new Table("NAME", "PROTOCOLS", "EXPIRES");
        for (Answer.AppPassword password : passwords) {
            table.row(
                    password.name(),
                    String.join(",", password.protocols()),
                    password.expires()
                            .map(at -> (password.expired() ? "EXPIRED " : "") + Units.time(at))
                            .orElse("never"));
        }
        return table;
    }
}
