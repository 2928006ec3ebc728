package org.postern.server;

import java.io.BufferedReader;
import java.io.Console;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.postern.store.StoreFailure;
import org.postern.tls.TlsConfigurationException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// The command line.
@Command(
        name = "postern",
        description = "A mail server: IMAP and Message Submission, with nothing in the clear.",
        mixinStandardHelpOptions = true,
        version = "postern 0.1.0",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            Main.Serve.class,
            Main.QuickstartCommand.class,
            Main.CheckConfiguration.class,
            Main.Domain.class,
            Main.Account.class,
            Main.AppPasswordCommand.class,
            Main.AliasCommand.class,
            Main.Session.class,
            Main.Status.class
        },
        footer = {
            "",
            "Exit codes: 0 done; 1 refused or failed, the message says why; 2 wrong usage; 3 no JDK or Maven;",
            "4 the configuration cannot be used.",
            "",
            "To try it without any configuration: postern quickstart"
        })
final class Main implements Runnable {
    static final int DONE = 0;
    static final int FAILED = 1;
    static final int USAGE = 2;
    static final int CONFIGURATION = 4;

    private static final String DEFAULT_CONFIGURATION = "conf/postern.conf";

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
            return failure instanceof ConfigurationException || failure instanceof TlsConfigurationException
                    ? CONFIGURATION
                    : FAILED;
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

    /// Runs a server until SIGTERM or SIGINT, then stops it in order.
    private static int untilStopped(PosternServer server, Runnable afterwards) throws InterruptedException {
        ServiceManager manager = ServiceManager.ofEnvironment();
        CountDownLatch stopped = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().name("stop").unstarted(() -> {
            manager.stopping();
            server.close();
            afterwards.run();
            stopped.countDown();
            Runtime.getRuntime().halt(DONE); // an orderly stop is no failure, whatever signal asked for it
        }));
        manager.ready(); // not before a signal would stop it in order
        stopped.await();
        return DONE;
    }

    @Command(
            name = "serve",
            description = "Runs the server in the foreground until SIGTERM or SIGINT.",
            mixinStandardHelpOptions = true)
    static final class Serve implements Callable<Integer> {
        @Option(
                names = "--config",
                paramLabel = "FILE",
                defaultValue = DEFAULT_CONFIGURATION,
                description = "the configuration (default: ${DEFAULT-VALUE})")
        private Path file = Path.of(DEFAULT_CONFIGURATION);

        @Override
        public Integer call() throws InterruptedException {
            Configuration configuration = ConfigurationReader.read(file, System.getenv());
            Logging.level(configuration.logLevel());
            PosternServer server = new PosternServer(configuration);
            try {
                server.listen();
            } catch (RuntimeException e) {
                server.close();
                throw e;
            }
            return untilStopped(server, () -> {});
        }
    }

    @Command(
            name = "quickstart",
            description = {
                "Runs a whole server without any configuration: its own certificate authority, two accounts with"
                        + " generated passwords, a few messages.",
                "It listens on 127.0.0.1 and ::1, on the registered ports plus the offset. When every port accepts, DIR/quickstart.env tells"
                        + " programs all there is to know, in shell syntax.",
                "The directory keeps mail, accounts and passwords for the next start."
            },
            mixinStandardHelpOptions = true)
    static final class QuickstartCommand implements Callable<Integer> {
        @Option(
                names = "--data",
                paramLabel = "DIR",
                defaultValue = "./postern-data",
                description = "the data directory (default: ${DEFAULT-VALUE})")
        private Path directory = Path.of("postern-data");

        @Option(
                names = "--domain",
                paramLabel = "DOMAIN",
                description = "the mail domain, decided at the first start (default: example.test)")
        private @Nullable String domain;

        @Option(
                names = "--accounts",
                paramLabel = "NAME,NAME",
                split = ",",
                description = "local parts; those that are new are added (default: alice,bob)")
        private @Nullable List<String> accounts;

        @Option(
                names = "--addresses",
                paramLabel = "ADDRESS,ADDRESS",
                split = ",",
                defaultValue = "127.0.0.1,::1",
                converter = AddressConverter.class,
                description = "where to listen (default: ${DEFAULT-VALUE}; in a container 0.0.0.0)")
        private List<InetAddress> addresses = List.of();

        @Option(
                names = "--port-offset",
                paramLabel = "N",
                defaultValue = "10000",
                description =
                        "added to each registered port (default: ${DEFAULT-VALUE}: IMAP 10993 and 10143, POP3 10995 and 10110,"
                                + " SMTP 10465 and 10587, metrics 19090)")
        private int portOffset = Quickstart.DEFAULT_OFFSET;

        @Option(
                names = "--log",
                paramLabel = "LEVEL",
                defaultValue = "info",
                description = "error, warn, info or debug (default: ${DEFAULT-VALUE})")
        private String logLevel = "info";

        @Override
        public Integer call() throws InterruptedException {
            Logging.level(logLevel);
            Quickstart quickstart = new Quickstart(
                    new Quickstart.Options(directory.normalize(), domain, accounts, addresses, portOffset, logLevel));
            PosternServer server = quickstart.start(System.out);
            return untilStopped(server, quickstart::stopped);
        }
    }

    /// Of literals alone: what a name resolves to may change.
    static final class AddressConverter implements CommandLine.ITypeConverter<InetAddress> {
        @Override
        public InetAddress convert(String text) {
            try {
                return InetAddress.ofLiteral(text);
            } catch (IllegalArgumentException e) {
                throw new CommandLine.TypeConversionException("'" + text + "' is no IPv4 or IPv6 address");
            }
        }
    }

    @Command(
            name = "check-config",
            description =
                    "Reads the configuration and the certificates it names, and says what is wrong with them. Starts nothing.",
            mixinStandardHelpOptions = true)
    static final class CheckConfiguration implements Callable<Integer> {
        @Option(
                names = "--config",
                paramLabel = "FILE",
                defaultValue = DEFAULT_CONFIGURATION,
                description = "the configuration (default: ${DEFAULT-VALUE})")
        private Path file = Path.of(DEFAULT_CONFIGURATION);

        @Override
        public Integer call() {
            Configuration configuration = ConfigurationReader.read(file, System.getenv());
            if (configuration.certificates() instanceof Configuration.Certificates.Files files) {
                CertificateKeeper.load(files.pairs());
            }
            System.out.println(file + " can be used. It would listen for:");
            for (Configuration.Listener listener : configuration.listeners()) {
                System.out.printf(
                        "  %-11s %s port %d%n",
                        listener.service().serviceName(), listener.address().getHostAddress(), listener.port());
            }
            return DONE;
        }
    }

    // ---- management of a running server

    /// Where the server is that a management command talks to.
    static final class Target {
        @Option(
                names = "--data",
                paramLabel = "DIR",
                description = "the server's data directory (default: that of the configuration, else ./postern-data)")
        private @Nullable Path directory;

        @Option(names = "--config", paramLabel = "FILE", description = "the server's configuration")
        private @Nullable Path configuration;

        int run(String... words) {
            return run(new byte[0], words);
        }

        int run(byte[] secret, String... words) {
            Path socket = directory().resolve("control.sock");
            if (!Files.exists(socket)) {
                throw new StartException("no server runs on " + directory()
                        + " (there is no control.sock): start it, or name its directory with --data");
            }
            try {
                ControlSocket.Answer answer = ControlSocket.ask(socket, Arrays.asList(words), secret);
                (answer.done() ? System.out : System.err)
                        .print(answer.done() ? answer.text() : "postern: " + answer.text() + System.lineSeparator());
                return answer.done() ? DONE : FAILED;
            } catch (IOException e) {
                throw new StartException(
                        "the server on " + directory() + " does not answer: " + e.getMessage()
                                + "; is it running, and are you its user or root?",
                        e);
            } finally {
                Arrays.fill(secret, (byte) 0);
            }
        }

        private Path directory() {
            if (directory != null) {
                return directory;
            }
            Path file = configuration == null ? Path.of(DEFAULT_CONFIGURATION) : configuration;
            if (configuration != null || (Files.exists(file) && !Files.isDirectory(Path.of("postern-data")))) {
                return ConfigurationReader.read(file, System.getenv()).dataDirectory();
            }
            return Path.of("postern-data");
        }
    }

    /// A new password: typed twice at a terminal, else the first line of standard input. Never an argument,
    /// which every user of the machine could read.
    private static byte[] newPassword() {
        Optional<Console> terminal = Optional.ofNullable(System.console()).filter(Console::isTerminal);
        if (terminal.isPresent()) {
            Console console = terminal.get();
            char[] first = console.readPassword("New password: ");
            char[] second = console.readPassword("Again: ");
            try {
                if (first == null || !Arrays.equals(first, second)) {
                    throw new StartException("the two passwords differ");
                }
                byte[] buffer = new byte[first.length * 4];
                var encoded = StandardCharsets.UTF_8.encode(CharBuffer.wrap(first));
                int length = encoded.remaining();
                encoded.get(buffer, 0, length);
                return Arrays.copyOf(buffer, length);
            } finally {
                wipe(first);
                wipe(second);
            }
        }
        try {
            String line = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).readLine();
            if (line == null) {
                throw new StartException("a password is expected on standard input");
            }
            return line.getBytes(StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new StartException("standard input cannot be read: " + e.getMessage(), e);
        }
    }

    private static void wipe(char @Nullable [] secret) {
        if (secret != null) {
            Arrays.fill(secret, '\0');
        }
    }

    @Command(
            name = "domain",
            description = "Mail domains: those whose addresses live here.",
            mixinStandardHelpOptions = true,
            synopsisSubcommandLabel = "COMMAND")
    static final class Domain {
        @Command(description = "Adds a domain; its certificate names follow.", mixinStandardHelpOptions = true)
        int add(@Mixin Target target, @Parameters(paramLabel = "DOMAIN") String domain) {
            return target.run("domain", "add", domain);
        }

        @Command(description = "Removes a domain that has no accounts.", mixinStandardHelpOptions = true)
        int remove(@Mixin Target target, @Parameters(paramLabel = "DOMAIN") String domain) {
            return target.run("domain", "remove", domain);
        }

        @Command(description = "Lists the domains.", mixinStandardHelpOptions = true)
        int list(@Mixin Target target) {
            return target.run("domain", "list");
        }
    }

    @Command(
            name = "account",
            description = "Accounts: who can log in.",
            mixinStandardHelpOptions = true,
            synopsisSubcommandLabel = "COMMAND")
    static final class Account {
        @Command(
                description = "Adds an account; the password comes from the terminal or standard input.",
                mixinStandardHelpOptions = true)
        int add(@Mixin Target target, @Parameters(paramLabel = "ADDRESS") String address) {
            return target.run(newPassword(), "account", "add", address);
        }

        @Command(description = "Removes an account and its mail.", mixinStandardHelpOptions = true)
        int remove(@Mixin Target target, @Parameters(paramLabel = "ADDRESS") String address) {
            return target.run("account", "remove", address);
        }

        @Command(
                description = "Changes a password, from the terminal or standard input; sessions end.",
                mixinStandardHelpOptions = true)
        int password(@Mixin Target target, @Parameters(paramLabel = "ADDRESS") String address) {
            return target.run(newPassword(), "account", "password", address);
        }

        @Command(description = "Lets an account log in and receive mail again.", mixinStandardHelpOptions = true)
        int enable(@Mixin Target target, @Parameters(paramLabel = "ADDRESS") String address) {
            return target.run("account", "enable", address);
        }

        @Command(
                description = "Keeps an account from logging in and receiving mail; sessions end.",
                mixinStandardHelpOptions = true)
        int disable(@Mixin Target target, @Parameters(paramLabel = "ADDRESS") String address) {
            return target.run("account", "disable", address);
        }

        @Command(description = "Limits what an account may hold.", mixinStandardHelpOptions = true)
        int quota(
                @Mixin Target target,
                @Parameters(paramLabel = "ADDRESS") String address,
                @Option(names = "--octets", paramLabel = "N", defaultValue = "none", description = "default: none")
                        String octets,
                @Option(names = "--messages", paramLabel = "N", defaultValue = "none", description = "default: none")
                        String messages) {
            return target.run("account", "quota", address, octets, messages);
        }

        @Command(description = "Lists the accounts, with what they hold.", mixinStandardHelpOptions = true)
        int list(@Mixin Target target) {
            return target.run("account", "list");
        }
    }

    @Command(
            name = "app-password",
            description = "App passwords: further passwords of an account, each for one device or program.",
            mixinStandardHelpOptions = true,
            synopsisSubcommandLabel = "COMMAND")
    static final class AppPasswordCommand {
        @Command(
                description =
                        "Makes one up and prints it: it is not told again. It works with PLAIN and LOGIN, not with"
                                + " SCRAM.",
                mixinStandardHelpOptions = true)
        int add(
                @Mixin Target target,
                @Parameters(paramLabel = "ADDRESS") String address,
                @Parameters(paramLabel = "NAME", description = "the account's own word for it, as phone") String name,
                @Option(
                                names = "--protocols",
                                paramLabel = "LIST",
                                defaultValue = "imap,pop3,submission",
                                description = "what it may be used for (default: imap,pop3,submission)")
                        String protocols,
                @Option(
                                names = "--expires",
                                paramLabel = "DAY",
                                defaultValue = "never",
                                description = "its last day, as 2027-01-31 (default: never)")
                        String expires) {
            return target.run("app-password", "add", address, name, protocols, expires);
        }

        @Command(description = "Removes one; the account's sessions end.", mixinStandardHelpOptions = true)
        int remove(
                @Mixin Target target,
                @Parameters(paramLabel = "ADDRESS") String address,
                @Parameters(paramLabel = "NAME") String name) {
            return target.run("app-password", "remove", address, name);
        }

        @Command(description = "Lists those of an account.", mixinStandardHelpOptions = true)
        int list(@Mixin Target target, @Parameters(paramLabel = "ADDRESS") String address) {
            return target.run("app-password", "show", address);
        }
    }

    @Command(
            name = "alias",
            description = "Aliases: further addresses of accounts. @DOMAIN is everything that has no other owner.",
            mixinStandardHelpOptions = true,
            synopsisSubcommandLabel = "COMMAND")
    static final class AliasCommand {
        @Command(description = "Adds an alias.", mixinStandardHelpOptions = true)
        int add(
                @Mixin Target target,
                @Parameters(paramLabel = "ADDRESS") String address,
                @Parameters(paramLabel = "TARGET") String to) {
            return target.run("alias", "add", address, to);
        }

        @Command(description = "Removes an alias.", mixinStandardHelpOptions = true)
        int remove(
                @Mixin Target target,
                @Parameters(paramLabel = "ADDRESS") String address,
                @Parameters(paramLabel = "TARGET") String to) {
            return target.run("alias", "remove", address, to);
        }

        @Command(description = "Lists the aliases.", mixinStandardHelpOptions = true)
        int list(@Mixin Target target) {
            return target.run("alias", "list");
        }
    }

    @Command(
            name = "session",
            description = "Sessions: who is connected.",
            mixinStandardHelpOptions = true,
            synopsisSubcommandLabel = "COMMAND")
    static final class Session {
        @Command(description = "Lists the sessions.", mixinStandardHelpOptions = true)
        int list(@Mixin Target target) {
            return target.run("session", "list");
        }

        @Command(description = "Ends a session.", mixinStandardHelpOptions = true)
        int end(@Mixin Target target, @Parameters(paramLabel = "ID") String id) {
            return target.run("session", "end", id);
        }
    }

    @Command(name = "status", description = "Says how the server is.", mixinStandardHelpOptions = true)
    static final class Status implements Callable<Integer> {
        @Mixin
        private Target target = new Target();

        @Override
        public Integer call() {
            return target.run("status");
        }
    }
}
