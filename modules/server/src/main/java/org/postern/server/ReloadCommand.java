package org.postern.server;

import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
        name = "reload",
        description = {
            "Lets the server read its configuration and certificates again, and says what changed.",
            "A configuration that cannot be used is refused as a whole; the server goes on with the one it has."
        },
        mixinStandardHelpOptions = true)
final class ReloadCommand implements Callable<Integer> {
    @Mixin
    private RunningServer server = new RunningServer();

    @Override
    public Integer call() {
        return server.ask(new Request.Reload(), Answer.Reloaded.class, ReloadCommand::text);
    }

    private static String text(Answer.Reloaded reloaded) {
        if (reloaded.applied().isEmpty() && reloaded.waiting().isEmpty()) {
            return "no setting changed; certificates were looked at\n";
        }
        return lines("applied", reloaded.applied()) + lines("waits for a restart", reloaded.waiting());
    }

    private static String lines(String what, List<String> keys) {
        StringBuilder text = new StringBuilder();
        keys.forEach(key -> text.append(what).append(": ").append(key).append('\n'));
        return text.toString();
    }
}
