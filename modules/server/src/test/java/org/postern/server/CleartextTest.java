package org.postern.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.server.Configuration.Service;
import org.postern.session.ListenerSettings.Security;
import org.postern.testkit.Requirement;
import org.postern.testkit.WireClient;

/// The end state of RFC 8314 §4.1, from the first start on: nobody has a right to log in without TLS, and who tries it
/// learns nothing, on any port.
class CleartextTest {
    @TempDir
    Path directory;

    private ServerFixture fixture;

    /// What clients say that know of no TLS; each line after the answer to the one before.
    private static List<List<String>> attempts(Service service, String name, String password) {
        String plain = Base64.getEncoder().encodeToString(("\0" + name + "\0" + password).getBytes(UTF_8));
        return switch (service.kind) {
            case IMAP ->
                List.of(
                        List.of("a LOGIN " + name + " " + password),
                        List.of("a AUTHENTICATE PLAIN " + plain),
                        List.of("a AUTHENTICATE SCRAM-SHA-256"));
            case POP3 ->
                List.of(
                        List.of("USER " + name, "PASS " + password),
                        List.of("AUTH PLAIN " + plain),
                        List.of("APOP " + name + " c4c9334bac560ecc979e58001b3e22fb"));
            case SUBMISSION, LMTP ->
                List.of(
                        List.of("EHLO client.test", "AUTH PLAIN " + plain),
                        List.of("EHLO client.test", "AUTH LOGIN"),
                        List.of("EHLO client.test", "MAIL FROM:<" + name + ">"));
        };
    }

    private List<String> heard(Service service, List<String> lines) throws IOException {
        try (WireClient client = WireClient.plain(fixture.address(service))) {
            List<String> heard = new ArrayList<>(List.of(String.valueOf(client.readLine())));
            for (String line : lines) {
                client.sendLine(line);
                String reply = client.readLine();
                while (reply != null && reply.matches("250-.*")) { // of EHLO
                    heard.add(reply);
                    reply = client.readLine();
                }
                heard.add(String.valueOf(reply));
            }
            return heard;
        }
    }

    private String metrics() throws Exception {
        InetSocketAddress address = fixture.server.metricsAddress().orElseThrow();
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(
                            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + address.getPort() + "/metrics"))
                                    .build(),
                            BodyHandlers.ofString())
                    .body();
        }
    }

    @Test
    @Requirement({"R8314-14", "R8314-33", "R8314-34", "R8314-35", "R6186-2", "SEED-45", "N-5"})
    void nothingIsLearntWithoutTls() throws Exception {
        // there is no third way to listen
        assertThat(Security.values()).containsExactly(Security.IMPLICIT_TLS, Security.STARTTLS);
        fixture = new ServerFixture(directory);
        try (ServerFixture running = fixture) {
            running.server.management().execute(new Request.Account.Disable(ServerFixture.BOB), "test");
            List<Service> inTheClear = Arrays.stream(Service.values())
                    .filter(service -> service.security == Security.STARTTLS && service.forClients())
                    .toList();
            assertThat(inTheClear).containsExactly(Service.IMAP, Service.POP3, Service.SUBMISSION);
            for (Service service : inTheClear) {
                int ways = attempts(service, "", "").size();
                for (int way = 0; way < ways; way++) {
                    Set<List<String>> answers = new HashSet<>();
                    for (String[] who : new String[][] {
                        {ServerFixture.ALICE, ServerFixture.PASSWORD},
                        {ServerFixture.ALICE, "wrong"},
                        {ServerFixture.BOB, ServerFixture.PASSWORD}, // disabled
                        {"nobody@example.test", "wrong"}
                    }) {
                        answers.add(
                                heard(service, attempts(service, who[0], who[1]).get(way)));
                    }
                    assertThat(answers).as("%s %d", service, way).hasSize(1);
                    assertThat(String.join("\n", answers.iterator().next()))
                            .doesNotContain("AUTH=", "250-AUTH", "+OK 0", "235 ", "a OK", "334");
                }
            }
            // nobody was asked about any of them: no login was judged, none has failed
            assertThat(metrics()).doesNotContain("postern_logins_seconds_count");
            assertThat(running.server.store().tlsInventory().uses()).isEmpty();
            running.imap(ServerFixture.ALICE).close();
            assertThat(metrics()).contains("postern_logins_seconds_count{mechanism=\"PLAIN\",outcome=\"accepted\"} 1");
        }
    }
}
