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
            return "no setting changed; certificates were looked at\n" + closing(reloaded.closing());
        }
        return lines("applied", reloaded.applied())
                + lines("waits for a restart", reloaded.waiting())
                + closing(reloaded.closing());
    }

    static String closing(List<Answer.Closing> closing) {
        StringBuilder text = new StringBuilder();
        closing.forEach(each -> text.append("closes later: ")
                .append(each.service())
                .append(" on ")
                .append(each.address())
                .append(" port ")
                .append(each.port())
                .append(", at the latest at ")
                .append(Units.time(each.until()))
                .append(": clients may still have the DNS records that lead to it\n"));
        return text.toString();
    }

    private static String lines(String what, List<String> keys) {
        StringBuilder text = new StringBuilder();
        keys.forEach(key -> text.append(what).append(": ").append(key).append('\n'));
        return text.toString();
    }
}
