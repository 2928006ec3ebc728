package org.postern.server;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "session",
        description = "Sessions: who is connected.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = SessionCommand.End.class)
final class SessionCommand {
    @Command(description = "Lists the sessions.", mixinStandardHelpOptions = true)
    int list(@Mixin RunningServer server) {
        return server.ask(
                new Request.Session.List(),
                Answer.Sessions.class,
                answer -> table(answer.sessions()).toString());
    }

    static Table table(List<Answer.Session> sessions) {
        Table table = new Table("ID", "LISTENER", "FROM", "SINCE", "PHASE", "TLS", "ACCOUNT");
        for (Answer.Session session : sessions) {
            table.row(
                    session.id(),
                    session.listener(),
                    session.remote(),
                    Units.time(session.started()),
                    session.phase(),
                    session.tls().map(tls -> tls.version() + " " + tls.suite()).orElse("-"),
                    session.account().orElse("-"));
        }
        return table;
    }

    @Command(
            name = "end",
            aliases = "kill",
            description = "Ends a session, or all of an account, or all from an IP address.",
            mixinStandardHelpOptions = true)
    static final class End implements java.util.concurrent.Callable<Integer> {
        @Mixin
        private RunningServer server = new RunningServer();

        @ArgGroup(multiplicity = "1")
        private Which which = new Which();

        /// Exactly one.
        static final class Which {
            @Parameters(paramLabel = "ID", description = "as session list tells it")
            private @Nullable String id;

            @Option(names = "--account", paramLabel = "ADDRESS", description = "all sessions of an account")
            private @Nullable String account;

            @Option(names = "--from", paramLabel = "IP", description = "all sessions from an IP address")
            private @Nullable String remote;
        }

        @Override
        public Integer call() {
            return server.ask(
                    new Request.Session.End(
                            Optional.ofNullable(which.id),
                            Optional.ofNullable(which.account),
                            Optional.ofNullable(which.remote)),
                    Answer.Ended.class,
                    answer -> which.id != null
                            ? "ended session " + which.id + "\n"
                            : "ended " + answer.sessions().size() + " sessions\n");
        }
    }
}
