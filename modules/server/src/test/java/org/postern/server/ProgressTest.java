package org.postern.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProgressTest {
    private static final Answer ANSWER = new Answer.Aliases(List.of());

    @TempDir
    Path directory;

    private final StringWriter shown = new StringWriter();

    @Test
    void linesWhereNobodyLooks() {
        try (ProgressDisplay display = new ProgressDisplay(new PrintWriter(shown), false)) {
            for (int done = 0; done <= 1000; done++) {
                display.report("copying messages", done, 1000, Progress.Unit.ITEMS);
            }
            display.report("counting", 3 << 20, 0, Progress.Unit.OCTETS);
        }
        assertThat(shown.toString().lines())
                .startsWith("copying messages: 0 of 1000 (0 %)")
                .endsWith("copying messages: 1000 of 1000 (100 %)", "counting: 3.0 MiB");
    }

    @Test
    void aBarOnATerminal() {
        try (ProgressDisplay display = new ProgressDisplay(new PrintWriter(shown), true)) {
            display.report("copying", 512, 2048, Progress.Unit.OCTETS);
            display.report("copying", 2048, 2048, Progress.Unit.OCTETS);
        }
        assertThat(shown.toString())
                .startsWith("\r[#######                       ] copying: 512 B of 2.0 KiB (25 %)")
                .contains("\r[##############################] copying: 2.0 KiB of 2.0 KiB (100 %)")
                .endsWith(System.lineSeparator());
    }

    private ControlSocket socket(Function<Progress, Answer> command) throws IOException {
        return ControlSocket.open(directory.resolve("control.sock"), new ControlSocket.Handler() {
            @Override
            public Answer execute(Request request, byte[] secret, String by, Progress progress) {
                return command.apply(progress);
            }

            @Override
            public ControlSocket.Conversation converse(Request request, String by) {
                throw new AssertionError(request);
            }

            @Override
            public void refuseStranger(String name) {
                throw new AssertionError(name);
            }
        });
    }

    @Test
    void reportsComeBeforeTheAnswer() throws IOException {
        List<String> reports = new ArrayList<>();
        try (ControlSocket _ = socket(progress -> {
            for (int done = 0; done <= 100_000; done++) {
                progress.report("copying", done, 100_000, Progress.Unit.ITEMS);
            }
            progress.report("closing", 0, 0, Progress.Unit.OCTETS);
            return ANSWER;
        })) {
            var answer = ControlClient.ask(
                    directory.resolve("control.sock"),
                    new Request.Status(),
                    new byte[0],
                    (step, done, total, unit) -> reports.add(step + " " + done + "/" + total + " " + unit));
            assertThat(answer.toString()).isEqualTo("{\"aliases\":[]}");
        }
        assertThat(reports)
                .startsWith("copying 0/100000 ITEMS")
                .endsWith("copying 100000/100000 ITEMS", "closing 0/0 OCTETS")
                .hasSizeLessThan(10_000);
    }

    /// Somebody typed Ctrl-C: the command learns of it, and decides itself.
    @Test
    void aCommandLearnsThatNobodyWaits() throws Exception {
        CountDownLatch abandoned = new CountDownLatch(1);
        try (ControlSocket _ = socket(progress -> {
            for (long done = 0; !progress.isAbandoned(); done++) {
                progress.report("step " + done, done, 0, Progress.Unit.ITEMS);
                LockSupport.parkNanos(1_000_000);
            }
            abandoned.countDown();
            return ANSWER;
        })) {
            try (SocketChannel client =
                    SocketChannel.open(UnixDomainSocketAddress.of(directory.resolve("control.sock")))) {
                client.write(ByteBuffer.wrap(ControlMessages.request(new Request.Status(), 0)));
                client.read(ByteBuffer.allocate(1));
            }
            abandoned.await();
        }
    }

    @Test
    void aStoppingServerWaitsForWhatEndsEarly() throws Exception {
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch ended = new CountDownLatch(1);
        ControlSocket socket = socket(progress -> {
            started.countDown();
            while (!progress.isAbandoned()) {
                LockSupport.parkNanos(1_000_000);
            }
            ended.countDown();
            return ANSWER;
        });
        Thread client = Thread.ofVirtual().start(() -> {
            try {
                ControlClient.ask(directory.resolve("control.sock"), new Request.Status(), new byte[0], Progress.NONE);
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
        started.await();
        socket.close();
        assertThat(ended.getCount()).isZero();
        client.join();
    }
}
