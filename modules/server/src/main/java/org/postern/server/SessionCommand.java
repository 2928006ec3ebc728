package org.postern.server;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
        name = "session",
        description = "Sessions: who is connected.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND")
final class SessionCommand {
    @Command(description = "Lists the sessions.", mixinStandardHelpOptions = true)
    int list(@Mixin RunningServer server) {
        return server.ask(new Request.Session.List(), Answer.Sessions.class, answer -> {
            Table table = new Table("ID", "LISTENER", "FROM", "SINCE", "PHASE", "TLS", "ACCOUNT");
            for (Answer.Session session : answer.sessions()) {
                table.row(
                        session.id(),
                        session.listener(),
                        session.remote(),
                        Units.time(session.started()),
                        session.phase(),
                        session.tls()
                                .map(tls -> tls.version() + " " + tls.suite())
                                .orElse("-"),
                        session.account().orElse("-"));
            }
            return table.toString();
        });
    }

    @Command(description = "Ends a session.", mixinStandardHelpOptions = true)
    int end(@Mixin RunningServer server, @Parameters(paramLabel = "ID") String id) {
        return server.ask(new Request.Session.End(id), Answer.Ended.class, _ -> "ended session " + id + "\n");
    }
}
