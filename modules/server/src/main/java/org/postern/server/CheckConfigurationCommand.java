package org.postern.server;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "check-config",
        description = {
            "Says what clients would see with a configuration: listeners, certificates, names; and what is wrong with it."
                    + " Starts and changes nothing.",
            "Exit code 4 where something is wrong; with --strict, 1 for a warning."
        },
        mixinStandardHelpOptions = true)
final class CheckConfigurationCommand implements Callable<Integer> {
    @Mixin
    private ConfigurationFile file = new ConfigurationFile();

    @Mixin
    private Output output = new Output();

    @Option(names = "--strict", description = "a warning is a failure")
    private boolean strict;

    @Override
    public Integer call() {
        Answer.Check check = ConfigurationCheck.of(file.file(), System.getenv());
        output.show(check, CheckConfigurationCommand::text);
        if (check.has(Answer.Severity.ERROR)) {
            return Main.CONFIGURATION;
        }
        return strict && check.has(Answer.Severity.WARNING) ? Main.FAILED : Main.DONE;
    }

    private static String text(Answer.Check check) {
        StringBuilder text = new StringBuilder();
        check.host().ifPresent(host -> {
            text.append("server.host  ").append(host).append("\n\n");
            text.append(StatusCommand.table(check.listeners())).append('\n');
            text.append(
                    check.certificates().isEmpty()
                            ? "certificates: none yet\n"
                            : CertificateCommand.text(check.certificates()));
            text.append('\n')
                    .append(check.domains()
                            .map(CheckConfigurationCommand::domains)
                            .orElse("mail domains: not known, no server runs on the data directory\n"));
            text.append('\n');
        });
        for (Answer.Problem problem : check.problems()) {
            text.append(
                            switch (problem.severity()) {
                                case ERROR -> "error: ";
                                case WARNING -> "warning: ";
                            })
                    .append(problem.text())
                    .append('\n');
        }
        text.append(check.file())
                .append(check.has(Answer.Severity.ERROR) ? " cannot be used as it is\n" : " can be used\n");
        return text.toString();
    }

    private static String domains(java.util.List<Answer.CheckedName> domains) {
        Table table = new Table("MAIL DOMAIN", "CERTIFICATE", "POSTMASTER");
        for (Answer.CheckedName domain : domains) {
            table.row(domain.name(), domain.certificate() ? "yes" : "NO", domain.postmaster() ? "yes" : "MISSING");
        }
        return domains.isEmpty() ? "mail domains: none\n" : table.toString();
    }
}
