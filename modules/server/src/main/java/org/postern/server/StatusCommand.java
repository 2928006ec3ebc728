package org.postern.server;

import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(name = "status", description = "Says how the server is.", mixinStandardHelpOptions = true)
final class StatusCommand implements Callable<Integer> {
    @Mixin
    private RunningServer server = new RunningServer();

    @Override
    public Integer call() {
        return server.ask(new Request.Status(), Answer.Status.class, StatusCommand::text);
    }

    private static String text(Answer.Status status) {
        return "version       " + status.version() + "\n"
                + "process       " + status.process() + ", since " + Units.time(status.started()) + "\n"
                + "data          " + status.dataDirectory() + "\n"
                + "store         "
                + (status.store().equals("healthy")
                        ? "accepts changes"
                        : "ACCEPTS NO CHANGES: restart the server, see its log")
                + "\n"
                + "certificates  "
                + status.certificatesEnd()
                        .map(end -> "until " + Units.time(end))
                        .orElse("NONE")
                + "\n"
                + "sessions      " + status.sessions() + "\n\n" + table(status.listeners())
                + ReloadCommand.closing(status.closing());
    }

    static Table table(List<Answer.Listener> listeners) {
        Table table = new Table("LISTENER", "ADDRESS", "PORT", "SECURITY");
        for (Answer.Listener listener : listeners) {
            table.row(
                    listener.service(),
                    listener.address(),
                    listener.port() == 0 ? "-" : Integer.toString(listener.port()),
                    listener.security());
        }
        return table;
    }
}
