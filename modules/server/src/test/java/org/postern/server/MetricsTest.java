package org.postern.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.server.Configuration.Service;
import org.postern.testkit.WireClient;

/// What monitoring sees of a server that works, and of one that does not.
class MetricsTest {
    private static final Path BOARD = Path.of(System.getProperty("postern.root", "../.."), "etc/grafana-postern.json");

    private final HttpClient client = HttpClient.newHttpClient();

    @TempDir
    Path directory;

    private HttpResponse<String> ask(String method, InetSocketAddress server, String path) throws Exception {
        URI uri = URI.create("http://127.0.0.1:" + server.getPort() + path);
        return client.send(
                HttpRequest.newBuilder(uri)
                        .method(method, HttpRequest.BodyPublishers.noBody())
                        .build(),
                BodyHandlers.ofString(UTF_8));
    }

    private String scrape(ServerFixture fixture) throws Exception {
        HttpResponse<String> answer = ask("GET", address(fixture), "/metrics");
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().firstValue("Content-Type")).contains("text/plain; version=0.0.4; charset=utf-8");
        return answer.body();
    }

    private String ready(InetSocketAddress server) throws Exception {
        HttpResponse<String> answer = ask("GET", server, "/health/ready");
        return answer.statusCode() + " " + answer.body();
    }

    private static InetSocketAddress address(ServerFixture fixture) {
        return fixture.server.metricsAddress().orElseThrow();
    }

    /// A series' value; 0 where it is not there yet.
    private static double value(String scrape, String series) {
        return scrape.lines()
                .filter(line -> line.startsWith(series + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(series.length() + 1)))
                .findFirst()
                .orElse(0);
    }

    private static void deliver(WireClient alice, String answer) throws IOException {
        alice.command("MAIL FROM:<" + ServerFixture.ALICE + ">", "250 ");
        alice.command("RCPT TO:<" + ServerFixture.BOB + ">", "250 ");
        alice.command("DATA", "354 ");
        alice.send("From: " + ServerFixture.ALICE + "\r\nSubject: counted\r\n\r\nA message.\r\n.\r\n");
        alice.readUntil(answer);
    }

    private static void refusedLogin(ServerFixture fixture) throws IOException {
        try (WireClient wrong = WireClient.implicitTls(fixture.address(Service.IMAPS), fixture.trust())) {
            wrong.readLine();
            wrong.command("l LOGIN nobody@example.test no-password-of-anybody", "l NO");
            wrong.command("o LOGOUT", "o OK");
            assertThat(wrong.readLine()).isNull(); // the session's books are closed before its connection is
        }
    }

    @Test
    void theCountersMoveAndNameNobody() throws Exception {
        try (var fixture = new ServerFixture(directory)) {
            String before = scrape(fixture);
            assertThat(before).contains("postern_sessions{listener=\"imaps\"} 0.0");
            assertThat(before).contains("postern_connections_refused_total{listener=\"submission\"} 0.0");
            try (WireClient bob = fixture.imap(ServerFixture.BOB);
                    WireClient alice = fixture.submission(ServerFixture.ALICE)) {
                bob.command("s SELECT INBOX", "s OK");
                deliver(alice, "250 ");
                bob.command("n NOOP", "n OK");
                bob.command("f UID FETCH 1:* (FLAGS)", "f OK");
                bob.command("n NOOP", "n OK"); // the clock of a command stops when the next is waited for
                alice.command("NOOP", "250 ");
                assertThat(scrape(fixture))
                        .contains("postern_sessions{listener=\"imaps\"} 1.0")
                        .contains("postern_sessions{listener=\"submissions\"} 1.0");
            }
            refusedLogin(fixture);
            String after = scrape(fixture);
            for (String series : Set.of(
                    "postern_commands_seconds_count{command=\"UID FETCH\",protocol=\"imap\"}",
                    "postern_commands_seconds_bucket{command=\"DATA\",protocol=\"submission\",le=\"+Inf\"}",
                    "postern_logins_seconds_count{mechanism=\"PLAIN\",outcome=\"refused\"}",
                    "postern_deliveries_seconds_count{outcome=\"delivered\"}")) {
                assertThat(value(after, series) - value(before, series))
                        .as(series)
                        .isEqualTo(1);
            }
            for (String series : Set.of(
                    "postern_logins_seconds_count{mechanism=\"PLAIN\",outcome=\"accepted\"}",
                    "postern_store_flush_seconds_count{committer=\"database\"}",
                    "postern_store_flush_seconds_count{committer=\"blobs\"}",
                    "postern_store_batch_sum{committer=\"database\"}",
                    "postern_handshakes_total{suite=\"TLS_AES_128_GCM_SHA256\",version=\"TLSv1.3\"}")) {
                assertThat(value(after, series)).as(series).isGreaterThan(value(before, series));
            }
            assertThat(value(after, "postern_sessions_ended_total{end=\"ORDERLY\",listener=\"imaps\"}"))
                    .isPositive();
            assertThat(value(after, "postern_store_healthy")).isEqualTo(1);
            assertThat(value(after, "postern_disk_free_bytes")).isPositive();
            assertThat(value(after, "postern_certificate_left_seconds")).isGreaterThan(86_400);
            // nothing that a client chose is a label
            assertThat(after).doesNotContain("alice", "bob", "example.test", "nobody", "counted", "127.0.0.1");
        }
    }

    @Test
    void theBoardNamesWhatIsExported() throws Exception {
        Set<String> named = new TreeSet<>();
        Matcher expression = Pattern.compile("\"(?:expr|query)\": \"(.*)\"").matcher(Files.readString(BOARD));
        while (expression.find()) {
            Matcher name =
                    Pattern.compile("\\b(postern|jvm|process|system)_[a-z_]+").matcher(expression.group(1));
            while (name.find()) {
                named.add(name.group());
            }
        }
        assertThat(named).hasSizeGreaterThan(20);
        try (var fixture = new ServerFixture(directory)) {
            try (WireClient alice = fixture.submission(ServerFixture.ALICE)) {
                deliver(alice, "250 ");
                alice.command("NOOP", "250 ");
            }
            refusedLogin(fixture);
            System.gc(); // before the first collection there is no pause to tell of
            Set<String> exported = scrape(fixture)
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .map(line -> line.replaceFirst("[{ ].*", ""))
                    .collect(Collectors.toSet());
            assertThat(exported).containsAll(named);
            // and the other way round: nothing of Postern's own is kept from the board
            assertThat(named.stream().map(MetricsTest::base).collect(Collectors.toSet()))
                    .containsAll(exported.stream()
                            .filter(name -> name.startsWith("postern_"))
                            .map(MetricsTest::base)
                            .toList());
        }
    }

    private static String base(String series) {
        return series.replaceFirst("_(count|sum|max|bucket)$", "");
    }

    @Test
    void onlyWhatIsThereIsAnswered() throws Exception {
        try (var fixture = new ServerFixture(directory)) {
            InetSocketAddress server = address(fixture);
            assertThat(ready(server)).isEqualTo("200 ready\n");
            assertThat(ask("GET", server, "/health/live").body()).isEqualTo("live\n");
            assertThat(ask("HEAD", server, "/health/ready").statusCode()).isEqualTo(200);
            assertThat(ask("POST", server, "/metrics").statusCode()).isEqualTo(405);
            assertThat(ask("GET", server, "/metrics/../x").statusCode()).isEqualTo(404);
            assertThat(ask("GET", server, "/").statusCode()).isEqualTo(404);
            // what a health check without an HTTP client says
            try (Socket socket = new Socket(server.getAddress(), server.getPort())) {
                socket.getOutputStream().write("GET /health/ready HTTP/1.0\r\n\r\n".getBytes(UTF_8));
                assertThat(new String(socket.getInputStream().readAllBytes(), UTF_8))
                        .startsWith("HTTP/1.1 200 ")
                        .endsWith("ready\n");
            }
        }
    }

    /// The store's flush fails as it would on a broken disk: the file is closed under it.
    @Test
    void aPoisonedStoreIsNotReady() throws Exception {
        try (var fixture = new ServerFixture(directory);
                WireClient alice = fixture.submission(ServerFixture.ALICE)) {
            assertThat(ready(address(fixture))).isEqualTo("200 ready\n");
            Thread.getAllStackTraces().keySet().stream()
                    .filter(thread -> thread.getName().equals("blobs"))
                    .forEach(Thread::interrupt);
            deliver(alice, "451 ");
            assertThat(ready(address(fixture))).isEqualTo("503 the store accepts no changes until a restart\n");
            assertThat(ask("GET", address(fixture), "/health/live").statusCode())
                    .isEqualTo(200);
            assertThat(value(scrape(fixture), "postern_store_healthy")).isZero();
        }
    }

    @Test
    void startingAndStoppingAreNotReady() throws Exception {
        var health = new Health();
        var loopback = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0);
        try (var endpoint = MetricsEndpoint.open(loopback, health, () -> "")) {
            assertThat(ready(endpoint.address())).isEqualTo("503 starting\n");
            health.running(Optional::empty);
            assertThat(ready(endpoint.address())).isEqualTo("200 ready\n");
            health.stopping();
            assertThat(ready(endpoint.address())).isEqualTo("503 stopping\n");
            assertThatThrownBy(() -> MetricsEndpoint.open(endpoint.address(), health, () -> ""))
                    .isInstanceOf(StartException.class)
                    .hasMessageContaining("metrics: cannot listen on 127.0.0.1 port "
                            + endpoint.address().getPort() + ": another program");
        }
    }

    /// A whole server says so too, for as long as it waits for its sessions.
    @Test
    void aStoppingServerAnswersUntilItsLastSession() throws Exception {
        var fixture = new ServerFixture(directory);
        InetSocketAddress server = address(fixture);
        // In the middle of a literal: such a session has its grace, for the client says nothing.
        WireClient bob = fixture.imap(ServerFixture.BOB);
        bob.command("a APPEND INBOX {100000}", "+ ");
        Thread stop = Thread.ofVirtual().start(fixture::close);
        String said = ready(server);
        while (said.startsWith("200")) {
            said = ready(server);
        }
        assertThat(said).isEqualTo("503 stopping\n");
        bob.close();
        stop.join();
        assertThatThrownBy(() -> ready(server)).isInstanceOf(IOException.class);
    }
}
