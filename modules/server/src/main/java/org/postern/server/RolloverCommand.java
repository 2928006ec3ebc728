package org.postern.server;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// How keys and their TLSA records follow each other.
@Command(
        name = "rollover",
        description = {
            "Shows how far the change from one key to the next is: a new key is served when no cache can hold TLSA records"
                    + " without it.",
            "With --force a host's key is served at once, or a proof that cannot be had is done without."
        },
        mixinStandardHelpOptions = true)
final class RolloverCommand implements Callable<Integer> {
    @Mixin
    private RunningServer server = new RunningServer();

    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--force", paramLabel = "HOST", description = "lets pass what waits at this host; needs --reason")
    private @Nullable String force;

    @Option(names = "--reason", paramLabel = "TEXT", description = "why; it stands in the audit log")
    private @Nullable String reason;

    @Override
    public Integer call() {
        if (force == null) {
            return server.ask(new Request.Rollover.List(), Answer.Rollovers.class, RolloverCommand::text);
        }
        if (reason == null || reason.isBlank()) {
            throw new ParameterException(
                    Objects.requireNonNull(spec).commandLine(),
                    "--force needs --reason: clients may be shut out by it, and the log is to say why");
        }
        return server.ask(new Request.Rollover.Force(force, reason), Answer.Rollovers.class, RolloverCommand::text);
    }

    @Command(
            description = {
                "Gives up keys that are in the wrong hands: their records go at once, a new certificate is issued where"
                        + " Postern has it issued, and its key is served as soon as its records are on every name server.",
                "Without --confirm it only says for how long clients would be shut out."
            },
            mixinStandardHelpOptions = true)
    int emergency(
            @Mixin RunningServer running,
            @Parameters(
                            paramLabel = "KEY",
                            arity = "1..*",
                            description = "SHA-256 of the public key, or its beginning, as dns rollover shows it")
                    List<String> keys,
            @Option(
                            names = "--next-too",
                            description = "the keys that were announced, too: whoever had the machine has them")
                    boolean nextToo,
            @Option(names = "--confirm", description = "does it") boolean confirm,
            @Option(names = "--reason", paramLabel = "TEXT", description = "why; it stands in the audit log") @Nullable
                    String why) {
        return confirm
                ? running.ask(
                        new Request.Rollover.Compromised(keys, nextToo, why == null ? "" : why),
                        Answer.Emergency.class,
                        RolloverCommand::text)
                : running.ask(
                        new Request.Rollover.Outage(keys, nextToo), Answer.Emergency.class, RolloverCommand::text);
    }

    private static String text(Answer.Rollovers answer) {
        StringBuilder text = new StringBuilder();
        for (Answer.Rollover each : answer.rollovers()) {
            text.append(text.isEmpty() ? "" : "\n")
                    .append("host        ")
                    .append(each.host())
                    .append("\nphase       ")
                    .append(each.phase().replace('-', ' '))
                    .append('\n');
            each.serving()
                    .forEach(key -> text.append("serving     ").append(key).append('\n'));
            each.waiting()
                    .forEach(key -> text.append("waiting     ").append(key).append('\n'));
            each.announced()
                    .forEach(key -> text.append("announced   ").append(key).append('\n'));
            each.compromised()
                    .forEach(key -> text.append("given up    ").append(key).append('\n'));
            each.published()
                    .forEach(data -> text.append("TLSA        ").append(data).append('\n'));
            if (!each.published().isEmpty()) {
                text.append("published   ")
                        .append(each.everywhere() ? "on every name server" : "not on every name server yet")
                        .append('\n');
            }
            if (!each.waiting().isEmpty()) {
                text.append("served at   ")
                        .append(each.servedAt()
                                .map(Units::time)
                                .orElse("not known: not before every name server has it"))
                        .append('\n');
            }
            each.obstacles()
                    .forEach(line -> text.append("HELD UP     ").append(line).append('\n'));
        }
        return text.isEmpty() ? "no TLSA records are looked after: see dns.zones\n" : text.toString();
    }

    private static String text(Answer.Emergency answer) {
        StringBuilder text = new StringBuilder();
        answer.keys().forEach(key -> text.append("given up    ").append(key).append('\n'));
        answer.outages()
                .forEach((host, seconds) -> text.append("host        ")
                        .append(host)
                        .append(
                                seconds == 0
                                        ? ": no client is shut out"
                                        : ": clients that heed TLSA and hold the old records are shut out for up to "
                                                + seconds + " s after the new key is served")
                        .append('\n'));
        return text.append(answer.done() ? "done\n" : "nothing was done: add --confirm and --reason\n")
                .toString();
    }
}
