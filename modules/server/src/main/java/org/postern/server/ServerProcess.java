package org.postern.server;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The life of a process that is a server: it starts, runs until SIGTERM or SIGINT, and stops in order. A signal that
/// comes while it starts waits for that: what is half open cannot be closed in order.
final class ServerProcess {
    private static final Logger LOG = LoggerFactory.getLogger(ServerProcess.class);
    /// A start that takes longer, as when the store recovers, is cut off as by a crash, which the store is made for:
    /// whoever sent the signal waits a minute, and then kills.
    private static final Duration PATIENCE = Duration.ofSeconds(45);

    private ServerProcess() {}

    /// @param start a server that runs; nothing of one where it fails
    /// @param stopped runs after the server was closed
    static int run(Supplier<PosternServer> start, Runnable stopped) throws InterruptedException {
        // dnsjava would end its own threads beside the hook below, and what is closed there still asks
        System.setProperty("dnsjava.nio.register_shutdown_hook", "false");
        ServiceManager manager = ServiceManager.ofEnvironment();
        CompletableFuture<PosternServer> started = new CompletableFuture<>();
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().name("stop").unstarted(() -> {
            if (!started.isCompletedExceptionally()) {
                manager.stopping();
            }
            if (stop(started)) {
                stopped.run();
                Runtime.getRuntime().halt(Main.DONE); // an orderly stop is no failure, whatever signal asked for it
            }
        }));
        try {
            started.complete(start.get());
        } catch (Throwable failure) {
            started.completeExceptionally(failure);
            throw failure;
        }
        manager.ready();
        new CountDownLatch(1).await(); // the process ends by the hook
        return Main.DONE;
    }

    /// @return false where there was no server to stop
    private static boolean stop(CompletableFuture<PosternServer> started) {
        try {
            started.copy()
                    .orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS)
                    .join()
                    .close();
            return true;
        } catch (CompletionException failure) {
            if (failure.getCause() instanceof TimeoutException) {
                LOG.error("stopping: it had not started after {} s, and is cut off", PATIENCE.toSeconds());
            } // else the start failed, and whoever started it says why
            return false;
        }
    }
}
