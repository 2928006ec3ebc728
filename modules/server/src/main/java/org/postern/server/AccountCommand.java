package org.postern.server;

import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

@Command(
        name = "account",
        description = "Accounts: who can log in.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = TlsUseCommand.class)
final class AccountCommand {
    @Command(
            description = "Adds an account; the password comes from the terminal or standard input.",
            mixinStandardHelpOptions = true)
    int add(@Mixin RunningServer server, @Parameters(paramLabel = "ADDRESS") String address) {
        return server.ask(
                new Request.Account.Add(address),
                NewPassword.read(),
                Answer.Account.class,
                account -> "added account " + account.address() + "\n");
    }

    @Command(description = "Removes an account and its mail.", mixinStandardHelpOptions = true)
    int remove(@Mixin RunningServer server, @Parameters(paramLabel = "ADDRESS") String address) {
        return server.ask(
                new Request.Account.Remove(address),
                Answer.Removed.class,
                _ -> "removed account " + address + " and its mail\n");
    }

    @Command(
            description = "Changes a password, from the terminal or standard input; sessions end.",
            mixinStandardHelpOptions = true)
    int password(@Mixin RunningServer server, @Parameters(paramLabel = "ADDRESS") String address) {
        return server.ask(
                new Request.Account.Password(address),
                NewPassword.read(),
                Answer.Account.class,
                account -> "changed the password of " + account.address() + "; its sessions were ended\n");
    }

    @Command(description = "Lets an account log in and receive mail again.", mixinStandardHelpOptions = true)
    int enable(@Mixin RunningServer server, @Parameters(paramLabel = "ADDRESS") String address) {
        return server.ask(
                new Request.Account.Enable(address),
                Answer.Account.class,
                account -> "enabled " + account.address() + "\n");
    }

    @Command(
            description = "Keeps an account from logging in and receiving mail; sessions end.",
            mixinStandardHelpOptions = true)
    int disable(@Mixin RunningServer server, @Parameters(paramLabel = "ADDRESS") String address) {
        return server.ask(
                new Request.Account.Disable(address),
                Answer.Account.class,
                account -> "disabled " + account.address() + "; its sessions were ended\n");
    }

    @Command(
            name = "sent-copy",
            description = "Says whether what an account submits is also put into its Sent mailbox (off at first: most"
                    + " mail programs do that themselves).",
            mixinStandardHelpOptions = true)
    int sentCopy(
            @Mixin RunningServer server,
            @Parameters(paramLabel = "ADDRESS") String address,
            @Parameters(paramLabel = "on|off") OnOff on) {
        return server.ask(
                new Request.Account.SentCopy(address, on == OnOff.ON),
                Answer.Account.class,
                account -> (account.sentCopy()
                                ? "what " + account.address() + " submits also goes to its Sent mailbox"
                                : "what " + account.address() + " submits goes to its recipients only")
                        + "\n");
    }

    @Command(
            name = "password-due",
            description =
                    "Says from when on a password must be changed before it is good for anything: one that may have"
                            + " leaked, as by a client that spoke without TLS. A new password is not due; app passwords and client"
                            + " keys go on.",
            mixinStandardHelpOptions = true)
    int passwordDue(
            @Mixin RunningServer server,
            @Parameters(paramLabel = "ADDRESS|DOMAIN", description = "an account, or all of a domain") String name,
            @Parameters(
                            paramLabel = "now|DAY|never",
                            description = "now ends sessions; a day, as 2027-01-31, begins in UTC",
                            converter = Due.Converter.class)
                    Due due) {
        return server.ask(new Request.Account.PasswordDue(name, due.from()), Answer.Accounts.class, answer -> {
            Table table = new Table("ADDRESS", "PASSWORD DUE");
            answer.accounts().forEach(account -> table.row(account.address(), due(account)));
            return table.toString();
        });
    }

    private static String due(Answer.Account account) {
        return account.passwordDue().map(Units::time).orElse("never");
    }

    /// @param from empty for never
    record Due(Optional<Instant> from) {
        static final class Converter implements ITypeConverter<Due> {
            @Override
            public Due convert(String text) {
                try {
                    return switch (text) {
                        case "never" -> new Due(Optional.empty());
                        case "now" -> new Due(Optional.of(Instant.now()));
                        default ->
                            new Due(Optional.of(LocalDate.parse(text)
                                    .atStartOfDay(ZoneOffset.UTC)
                                    .toInstant()));
                    };
                } catch (DateTimeParseException e) {
                    throw new TypeConversionException("'" + text + "' is not now, never or a day as 2027-01-31");
                }
            }
        }
    }

    enum OnOff {
        ON,
        OFF;

        /// As it is typed, and shown in the help.
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Command(description = "Lists the accounts, with what they hold.", mixinStandardHelpOptions = true)
    int list(@Mixin RunningServer server) {
        return server.ask(new Request.Account.List(), Answer.Accounts.class, answer -> {
            Table table = new Table("ADDRESS", "STATE", "MESSAGES", "OCTETS");
            for (Answer.Account account : answer.accounts()) {
                table.row(
                        account.address(),
                        account.enabled() ? "enabled" : "disabled",
                        QuotaCommand.messages(account),
                        QuotaCommand.octets(account));
            }
            return table.toString();
        });
    }

    @Command(
            description = "Shows an account: what it holds, its aliases, app passwords and sessions.",
            mixinStandardHelpOptions = true)
    int show(@Mixin RunningServer server, @Parameters(paramLabel = "ADDRESS") String address) {
        return server.ask(new Request.Account.Show(address), Answer.AccountDetails.class, AccountCommand::text);
    }

    private static String text(Answer.AccountDetails details) {
        Answer.Account account = details.account();
        String text = "account   " + account.address()
                + "\nstate     " + (account.enabled() ? "enabled" : "disabled")
                + "\nmessages  " + QuotaCommand.messages(account)
                + "\noctets    " + QuotaCommand.octets(account)
                + "\nscram     " + (account.scram().isEmpty() ? "none" : String.join(", ", account.scram()))
                + "\npassword  "
                + account.passwordDue().map(at -> "due " + Units.time(at)).orElse("not due")
                + "\nquota     " + (account.ownLimits() ? "its own" : "the domain's")
                + "\naliases   " + (details.aliases().isEmpty() ? "none" : String.join(", ", details.aliases()))
                + "\n";
        if (!details.appPasswords().isEmpty()) {
            text += "\n" + AppPasswordCommand.table(details.appPasswords());
        }
        if (!details.sessions().isEmpty()) {
            text += "\n" + SessionCommand.table(details.sessions());
        }
        return text;
    }
}
