package org.postern.server;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
        name = "check-config",
        description =
                "Reads the configuration and the certificates it names, and says what is wrong with them. Starts nothing.",
        mixinStandardHelpOptions = true)
final class CheckConfigurationCommand implements Callable<Integer> {
    @Mixin
    private ConfigurationFile file = new ConfigurationFile();

    @Override
    public Integer call() {
        Configuration configuration = file.read();
        if (configuration.certificates() instanceof Configuration.Certificates.Files files) {
            CertificateKeeper.load(files.pairs());
        }
        System.out.println(file.file() + " can be used. It would listen for:");
        for (Configuration.Listener listener : configuration.listeners()) {
            System.out.printf("  %-11s %s%n", listener.service().serviceName(), listener.endpoint());
        }
        return Main.DONE;
    }
}
