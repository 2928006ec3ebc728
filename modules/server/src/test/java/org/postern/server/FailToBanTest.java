package org.postern.server;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.FileAppender;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.server.Configuration.Service;
import org.postern.testkit.Programs;
import org.postern.testkit.WireClient;
import org.slf4j.LoggerFactory;

/// `etc/fail2ban/postern.conf` on lines that the server really wrote.
class FailToBanTest {
    private static final Path FILTER =
            Path.of(System.getProperty("postern.root", "../.."), "etc/fail2ban/postern.conf");

    @TempDir
    Path directory;

    @Test
    void whoOnlyFailsIsFoundAndWhoLogsInIsNot() throws Exception {
        Programs.require("fail2ban-regex");
        Path log = directory.resolve("log");
        FileAppender<ILoggingEvent> appender = appender(log);
        Logger logger = (Logger) LoggerFactory.getLogger("org.postern");
        logger.addAppender(appender);
        try (ServerFixture fixture = new ServerFixture(directory)) {
            try (WireClient client = WireClient.implicitTls(fixture.address(Service.IMAPS), fixture.trust())) {
                client.readLine();
                client.command("a LOGIN secret-name@example.test wrong", "a NO");
            }
            try (WireClient client = WireClient.implicitTls(fixture.address(Service.SUBMISSIONS), fixture.trust())) {
                client.readUntil("220 ");
                client.command("EHLO client.test", "250 ");
                client.command("AUTH PLAIN AGJvYkBleGFtcGxlLnRlc3QAd3Jvbmc=", "535 ");
                client.command("QUIT", "221 ");
            }
            try (WireClient client = WireClient.implicitTls(fixture.address(Service.POP3S), fixture.trust())) {
                client.readUntil("+OK");
                client.command("USER bob@example.test", "+OK");
                client.command("PASS wrong", "-ERR");
                client.command("QUIT", "+OK");
            }
            try (WireClient client = WireClient.implicitTls(fixture.address(Service.IMAPS), fixture.trust())) {
                client.readLine();
                client.command("a LOGIN " + ServerFixture.BOB + " wrong", "a NO");
                client.command("b LOGIN " + ServerFixture.BOB + " " + ServerFixture.PASSWORD, "b OK");
                client.command("c LOGOUT", "c OK");
            }
            fixture.imap(ServerFixture.ALICE).close();
        } finally {
            logger.detachAppender(appender);
            appender.stop();
        }
        assertThat(Files.readString(log)).contains("session ended").doesNotContain("secret-name");
        String found = run(log);
        assertThat(found).contains("Failregex: 3 total").contains("127.0.0.1");
    }

    /// Lines as standard output gets them.
    private static FileAppender<ILoggingEvent> appender(Path file) {
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        var out = (ConsoleAppender<ILoggingEvent>)
                context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME).getAppender("OUT");
        PatternLayoutEncoder encoder = new PatternLayoutEncoder();
        encoder.setContext(context);
        encoder.setPattern(((PatternLayoutEncoder) out.getEncoder()).getPattern());
        encoder.start();
        FileAppender<ILoggingEvent> appender = new FileAppender<>();
        appender.setContext(context);
        appender.setFile(file.toString());
        appender.setEncoder(encoder);
        appender.start();
        return appender;
    }

    private static String run(Path log) throws IOException, InterruptedException {
        Process process = new ProcessBuilder("fail2ban-regex", "--verbose", log.toString(), FILTER.toString())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }
}
