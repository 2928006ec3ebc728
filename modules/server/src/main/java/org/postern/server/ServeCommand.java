package org.postern.server;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
        name = "serve",
        description = "Runs the server in the foreground until SIGTERM or SIGINT.",
        mixinStandardHelpOptions = true)
final class ServeCommand implements Callable<Integer> {
    @Mixin
    private ConfigurationFile file = new ConfigurationFile();

    @Override
    public Integer call() throws InterruptedException {
        LiveConfiguration configuration = LiveConfiguration.read(file.file(), System.getenv());
        Logging.level(configuration.running().logLevel());
        return ServerProcess.run(() -> started(configuration), () -> {});
    }

    private static PosternServer started(LiveConfiguration configuration) {
        PosternServer server = new PosternServer(configuration);
        try {
            server.listen();
        } catch (RuntimeException e) {
            server.close();
            throw e;
        }
        return server;
    }
}
