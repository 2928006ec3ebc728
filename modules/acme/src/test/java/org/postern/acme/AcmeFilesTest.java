package org.postern.acme;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.security.PublicKey;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.tls.KeyKind;

class AcmeFilesTest {
    @TempDir
    Path directory;

    /// An order and an operator who looks: both would make it.
    @Test
    void thereIsOneNextKeyWhoeverAsksFirst() {
        for (int round = 0; round < 20; round++) {
            AcmeFiles files = new AcmeFiles(directory.resolve("round" + round));
            files.makeDirectory();
            CyclicBarrier together = new CyclicBarrier(8);
            try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
                List<CompletableFuture<PublicKey>> asked = IntStream.range(0, 8)
                        .mapToObj(index -> CompletableFuture.supplyAsync(
                                () -> {
                                    await(together);
                                    return files.nextKey(KeyKind.EC_P256).getPublic();
                                },
                                threads))
                        .toList();
                assertThat(asked.stream().map(CompletableFuture::join).distinct())
                        .hasSize(1);
            }
        }
    }

    private static void await(CyclicBarrier barrier) {
        try {
            barrier.await();
        } catch (InterruptedException | BrokenBarrierException e) {
            throw new IllegalStateException(e);
        }
    }
}
