package org.postern.server;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

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
final class QuickstartCommand implements Callable<Integer> {
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
                            + " SMTP 10465 and 10587, DNS 10053, metrics 19090)")
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
        return ServerProcess.run(() -> quickstart.start(System.out), quickstart::stopped);
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
}
