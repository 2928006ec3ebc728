package org.postern.server;

import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
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
        PosternServer server = new PosternServer(configuration);
        try {
            server.listen();
        } catch (RuntimeException e) {
            server.close();
            throw e;
        }
        return untilStopped(server, () -> {});
    }

    /// Runs a server until SIGTERM or SIGINT, then stops it in order.
    static int untilStopped(PosternServer server, Runnable afterwards) throws InterruptedException {
        ServiceManager manager = ServiceManager.ofEnvironment();
        CountDownLatch stopped = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().name("stop").unstarted(() -> {
            manager.stopping();
            server.close();
            afterwards.run();
            stopped.countDown();
            Runtime.getRuntime().halt(Main.DONE); // an orderly stop is no failure, whatever signal asked for it
        }));
        manager.ready(); // not before a signal would stop it in order
        stopped.await();
        return Main.DONE;
    }
}
