package org.postern.server;

import java.io.PrintWriter;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

/// How a command says what it found: for people, or with `--json` for programs. A mixin of every command that prints
/// something. Results go to standard output; progress, warnings and errors to standard error.
final class Output {
    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec command;

    @Option(names = "--json", description = "print the answer as JSON")
    private boolean json;

    /// @param text each line ended
    <A extends Answer> void show(A answer, Function<A, String> text) {
        if (json) {
            print(Json.MAPPER.valueToTree(answer));
        } else {
            out().print(text.apply(answer));
            out().flush();
        }
    }

    /// As [#show], of an answer that came over the wire.
    <A extends Answer> void show(JsonNode answer, Class<A> type, Function<A, String> text) {
        if (json) {
            print(answer); // as it came: a newer server may tell more than this program knows
        } else {
            show(Json.MAPPER.treeToValue(answer, type), text);
        }
    }

    private void print(JsonNode answer) {
        out().println(answer.toPrettyString());
        out().flush();
    }

    /// Shows a progress on standard error.
    ProgressDisplay progress() {
        return new ProgressDisplay(command().commandLine().getErr());
    }

    /// Tells of something on standard error; the command goes on.
    void warn(String text) {
        command().commandLine().getErr().println(text);
        command().commandLine().getErr().flush();
    }

    private PrintWriter out() {
        return command().commandLine().getOut();
    }

    private CommandSpec command() {
        return Objects.requireNonNull(command, "set by picocli before the command runs");
    }
}
