package org.postern.server;

import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "tls",
        description =
                "Tells how accounts were reached in the last days: service, TLS, mechanism and program of each. Options"
                        + " choose; an account is listed where all of them hold for one of its sessions.",
        mixinStandardHelpOptions = true)
final class TlsUseCommand implements Callable<Integer> {
    @Mixin
    private RunningServer server = new RunningServer();

    @Parameters(arity = "0..1", paramLabel = "ADDRESS|DOMAIN", description = "an account, or all of a domain")
    private @Nullable String name;

    @Option(
            names = "--service",
            paramLabel = "NAME",
            description = "imaps, imap, pop3s, pop3, submissions or submission")
    private @Nullable String service;

    @Option(names = "--tls", paramLabel = "VERSION", description = "1.2 or 1.3")
    private @Nullable String version;

    @Option(
            names = "--mechanism",
            paramLabel = "NAME",
            description = "of the login, as PLAIN; LOGIN and USER are commands")
    private @Nullable String mechanism;

    @Option(names = "--starttls", description = "what began in the clear, and not with TLS")
    private boolean startTls;

    @Option(names = "--no-sni", description = "clients that do not say by SNI whom they want")
    private boolean noServerName;

    @Option(
            names = "--days",
            paramLabel = "DAYS",
            defaultValue = "90",
            description = "so many, today included (90, which is what is kept)")
    private int days;

    @Option(names = "--summary", description = "the numbers alone")
    private boolean summary;

    @Override
    public Integer call() {
        return server.ask(
                new Request.Account.Tls(
                        Optional.ofNullable(name),
                        Optional.ofNullable(service),
                        Optional.ofNullable(version).map(text -> text.matches("[0-9].*") ? "TLSv" + text : text),
                        Optional.ofNullable(mechanism),
                        startTls,
                        noServerName,
                        days,
                        summary),
                Answer.TlsUses.class,
                TlsUseCommand::text);
    }

    private static String text(Answer.TlsUses answer) {
        if (answer.accounts() == 0) {
            return "no account was reached in such a way since " + answer.since() + "\n";
        }
        Table uses = new Table(
                "ADDRESS", "SERVICE", "TLS", "SUITE", "SNI", "MECHANISM", "CLIENT", "FIRST", "LAST", "SESSIONS");
        for (Answer.TlsUse use : answer.uses()) {
            uses.row(
                    use.address(),
                    use.service(),
                    use.version(),
                    use.suite(),
                    use.sni() ? "yes" : "no",
                    use.mechanism(),
                    use.client().orElse("-"),
                    use.first().toString(),
                    use.last().toString(),
                    Long.toString(use.sessions()));
        }
        Table counts = new Table("PROPERTY", "VALUE", "ACCOUNTS", "SESSIONS", "LAST");
        for (Answer.TlsCount count : answer.counts()) {
            counts.row(
                    count.property(),
                    count.value(),
                    Long.toString(count.accounts()),
                    Long.toString(count.sessions()),
                    count.last().toString());
        }
        return (answer.uses().isEmpty() ? "" : uses + "\n")
                + counts
                + "\nsince " + answer.since() + ": " + answer.accounts()
                + (answer.accounts() == 1 ? " account\n" : " accounts\n");
    }
}
