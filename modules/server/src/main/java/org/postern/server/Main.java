package org.postern.server;

import java.io.IOException;
import java.nio.file.FileSystemException;
import org.jspecify.annotations.Nullable;
import org.postern.store.StoreFailure;
import org.postern.tls.TlsConfigurationException;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/// The command line: a class for each command or family of commands, their exit codes, and how failures are told.
@Command(
        name = "postern",
        description = "A mail server: IMAP and Message Submission, with nothing in the clear.",
        mixinStandardHelpOptions = true,
        version = "postern " + Main.VERSION,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            ServeCommand.class,
            QuickstartCommand.class,
            CheckConfigurationCommand.class,
            // of a running server
            DomainCommand.class,
            AccountCommand.class,
            QuotaCommand.class,
            AppPasswordCommand.class,
            ClientKeyCommand.class,
            AliasCommand.class,
            SessionCommand.class,
            CertificateCommand.class,
            DnsCommand.class,
            ImportCommand.class,
            ExportCommand.class,
            StoreCommand.class,
            BackupCommand.class,
            RestoreCommand.class,
            StatusCommand.class,
            ReloadCommand.class,
            AuditCommand.class,
            // for a shell
            AutoComplete.GenerateCompletion.class
        },
        footer = {
            "",
            "Exit codes: 0 done; 1 refused or failed, the message says why; 2 wrong usage; 3 no JDK or Maven;",
            "4 the configuration cannot be used; 5 a domain does not pass, or its records are not as they should be.",
            "",
            "To try it without any configuration: postern quickstart"
        })
final class Main implements Runnable {
    static final int DONE = 0;
    static final int FAILED = 1;
    static final int USAGE = 2;
    static final int CONFIGURATION = 4;

    static final String VERSION = "0.1.0";

    @CommandLine.Spec
    private CommandLine.Model.@Nullable CommandSpec specification;

    public static void main(String[] arguments) {
        int code = commandLine().execute(arguments);
        System.exit(code);
    }

    static CommandLine commandLine() {
        CommandLine line = new CommandLine(new Main());
        line.setExecutionExceptionHandler((failure, command, parsed) -> {
            command.getErr().println("postern: " + explanation(failure));
            command.getErr().flush();
            return switch (failure) {
                case ConfigurationException _ -> CONFIGURATION;
                case TlsConfigurationException _ -> CONFIGURATION;
                case RequestRefused refused -> refused.exitCode();
                default -> FAILED;
            };
        });
        line.setUsageHelpWidth(100);
        return line;
    }

    private static String explanation(Exception failure) {
        return switch (failure) {
            case StartException known -> String.valueOf(known.getMessage());
            case ConfigurationException known ->
                "the configuration cannot be used:" + System.lineSeparator() + known.getMessage();
            case TlsConfigurationException known -> String.valueOf(known.getMessage());
            case StoreFailure known -> String.valueOf(known.getMessage());
            case RequestRefused known -> String.valueOf(known.getMessage());
            case FileSystemException known -> "failed: " + known; // its message is no more than the file's name
            case IOException known -> String.valueOf(known.getMessage());
            default -> "failed: " + failure;
        };
    }

    /// Without a command.
    @Override
    public void run() {
        CommandLine.Model.CommandSpec present = specification;
        if (present != null) {
            throw new CommandLine.ParameterException(present.commandLine(), "a command is missing");
        }
    }
}
