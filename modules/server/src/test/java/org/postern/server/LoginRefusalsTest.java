package org.postern.server;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import javax.crypto.Mac;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.SecretKeySpec;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.server.Configuration.Service;
import org.postern.testkit.Requirement;
import org.postern.testkit.WireClient;

/// From a refused login nobody learns whether the account exists, is disabled, or has another password:
/// not from what is said (octet for octet, up to the end of the connection), and not from how long it takes.
class LoginRefusalsTest {
    private static final String PASSWORD = "correct-horse-battery";
    private static final String CLIENT_NONCE = "rOprNGfwEbeRWgbNEkqO";
    /// Failures before the server ends a session: the three kinds share one, and take turns in it.
    private static final int TRIES_OF_A_SESSION = 3;
    /// Medians of the kinds may differ by so much.
    private static final double TOLERANCE = 0.05;
    /// A difference that is there is there each time; another load's is not.
    private static final int MEASUREMENTS = 3;

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path directory;

    @SuppressWarnings("NullAway.Init")
    private ServerFixture fixture;

    @SuppressWarnings("NullAway.Init")
    private SSLContext trust;

    /// Salted passwords of clients that remember them (RFC 5802 §5.1 lets them), so that the time of a try is
    /// the server's.
    private final Map<String, byte[]> saltedPasswords = new HashMap<>();

    @BeforeEach
    void start() {
        // the operator's setting: the growing delay of many failures would hide what a try costs
        fixture = new ServerFixture(directory, Duration.ZERO);
        trust = fixture.trust();
    }

    @AfterEach
    void stop() {
        fixture.close();
    }

    /// Why a login is refused. All names have one length.
    private enum Kind {
        UNKNOWN,
        WRONG,
        DISABLED;

        Guess guess(int number) {
            String name = "%s%03d@example.test"
                    .formatted(name().toLowerCase(Locale.ROOT).substring(0, 5), number);
            return new Guess(name, this == WRONG ? PASSWORD.toUpperCase(Locale.ROOT) : PASSWORD);
        }
    }

    private record Guess(String name, String password) {}

    /// How each protocol frames what all have in common.
    private enum Access {
        IMAP(Service.IMAPS, "a AUTHENTICATE ", "+ ", "* OK"),
        POP3(Service.POP3S, "AUTH ", "+ ", "+OK"),
        SUBMISSION(Service.SUBMISSIONS, "AUTH ", "334 ", "220 ");

        final Service service;
        final String command;
        final String challenge;
        final String greeting;

        Access(Service service, String command, String challenge, String greeting) {
            this.service = service;
            this.command = command;
            this.challenge = challenge;
            this.greeting = greeting;
        }
    }

    private enum Mechanism {
        /// IMAP's LOGIN, POP3's USER and PASS; Submission has none.
        COMMAND,
        PLAIN,
        LOGIN,
        SCRAM_SHA_256
    }

    /// One try: what the server said, with nonce and salt as their lengths, and how long it took to say it.
    private final class Try {
        private final WireClient client;
        private final List<String> replies = new ArrayList<>();
        private long nanos;

        Try(WireClient client) {
            this.client = client;
        }

        private String ask(String line) throws IOException {
            long from = System.nanoTime();
            client.sendLine(line);
            String reply = client.readLine();
            nanos += System.nanoTime() - from;
            assertThat(reply).as("the reply to %s", line).isNotNull();
            return reply;
        }

        void run(Access access, Mechanism mechanism, Guess guess) throws IOException, GeneralSecurityException {
            switch (mechanism) {
                case COMMAND -> {
                    if (access == Access.IMAP) {
                        replies.add(ask("a LOGIN " + guess.name() + " " + guess.password()));
                    } else {
                        replies.add(ask("USER " + guess.name()));
                        replies.add(ask("PASS " + guess.password()));
                    }
                }
                case PLAIN ->
                    replies.add(ask(access.command + "PLAIN " + base64("\0" + guess.name() + "\0" + guess.password())));
                case LOGIN -> {
                    replies.add(ask(access.command + "LOGIN"));
                    replies.add(ask(base64(guess.name())));
                    replies.add(ask(base64(guess.password())));
                }
                case SCRAM_SHA_256 -> scram(access, guess);
            }
        }

        /// RFC 5802 §3, the client's side.
        private void scram(Access access, Guess guess) throws IOException, GeneralSecurityException {
            String clientFirst = "n=" + guess.name() + ",r=" + CLIENT_NONCE;
            String challenge = ask(access.command + "SCRAM-SHA-256 " + base64("n,," + clientFirst));
            assertThat(challenge).startsWith(access.challenge);
            String serverFirst =
                    new String(Base64.getDecoder().decode(challenge.substring(access.challenge.length())), US_ASCII);
            Map<String, String> values = new TreeMap<>();
            for (String part : serverFirst.split(",", -1)) {
                values.put(part.substring(0, 1), part.substring(2));
            }
            assertThat(values).containsOnlyKeys("r", "s", "i");
            String nonce = values.get("r");
            assertThat(nonce).startsWith(CLIENT_NONCE);
            replies.add("r=" + nonce.length() + ",s=" + values.get("s").length() + ",i=" + values.get("i"));
            byte[] salted =
                    salted(guess, Base64.getDecoder().decode(values.get("s")), Integer.parseInt(values.get("i")));
            byte[] clientKey = hmac(salted, "Client Key");
            String unproved = "c=biws,r=" + nonce;
            byte[] signature = hmac(
                    MessageDigest.getInstance("SHA-256").digest(clientKey),
                    clientFirst + "," + serverFirst + "," + unproved);
            for (int index = 0; index < clientKey.length; index++) {
                clientKey[index] ^= signature[index];
            }
            replies.add(ask(base64(unproved + ",p=" + Base64.getEncoder().encodeToString(clientKey))));
        }
    }

    private byte[] salted(Guess guess, byte[] salt, int iterations) throws GeneralSecurityException {
        String key = guess + " " + Base64.getEncoder().encodeToString(salt) + " " + iterations;
        byte[] known = saltedPasswords.get(key);
        if (known == null) {
            known = SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256")
                    .generateSecret(new PBEKeySpec(guess.password().toCharArray(), salt, iterations, 256))
                    .getEncoded();
            saltedPasswords.put(key, known);
        }
        return known;
    }

    private static byte[] hmac(byte[] key, String text) throws GeneralSecurityException {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        return mac.doFinal(text.getBytes(US_ASCII));
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(UTF_8));
    }

    /// `count` accounts that a wrong password is tried on, and as many that are disabled.
    private void accounts(int count) {
        Management management = fixture.server.management();
        for (int number = 0; number < count; number++) {
            for (Kind kind : List.of(Kind.WRONG, Kind.DISABLED)) {
                management.execute(
                        new Request.Account.Add(kind.guess(number).name()),
                        PASSWORD.getBytes(UTF_8),
                        "test",
                        Progress.NONE);
            }
            management.execute(
                    new Request.Account.Disable(Kind.DISABLED.guess(number).name()), "test");
        }
    }

    private static boolean exists(Access access, Mechanism mechanism) {
        return access != Access.SUBMISSION || mechanism != Mechanism.COMMAND;
    }

    /// The kinds in another order each time: whoever is first in a session meets other circumstances.
    private static List<Kind> turns(int number) {
        List<Kind> kinds = new ArrayList<>(List.of(Kind.values()));
        if (number / TRIES_OF_A_SESSION % 2 == 1) {
            kinds = new ArrayList<>(kinds.reversed());
        }
        Collections.rotate(kinds, number);
        return kinds;
    }

    /// One session of three tries, up to its end.
    /// @return the tries, and what the session said after the last
    private Map<Kind, Try> session(Access access, Mechanism mechanism, List<Kind> turns, int number, List<String> end)
            throws Exception {
        Map<Kind, Try> tries = new EnumMap<>(Kind.class);
        try (WireClient client = WireClient.implicitTls(fixture.address(access.service), trust)) {
            client.readUntil(access.greeting);
            if (access == Access.SUBMISSION) {
                client.command("EHLO client.test", "250 ");
            }
            for (Kind kind : turns) {
                var attempt = new Try(client);
                attempt.run(access, mechanism, kind.guess(number));
                tries.put(kind, attempt);
            }
            for (String line = client.readLine(); line != null; line = client.readLine()) {
                end.add(line);
            }
        }
        return tries;
    }

    /// In each place of a session each kind gets the same octets.
    @Test
    @Requirement({"N-6", "R8314-35"})
    void repliesAreTheSame() throws Exception {
        accounts(1);
        for (Access access : Access.values()) {
            for (Mechanism mechanism : Mechanism.values()) {
                if (!exists(access, mechanism)) {
                    continue;
                }
                List<Set<List<String>>> byPlace = new ArrayList<>();
                Set<List<String>> ends = new HashSet<>();
                for (int place = 0; place < TRIES_OF_A_SESSION; place++) {
                    byPlace.add(new HashSet<>());
                }
                for (int number = 0; number < TRIES_OF_A_SESSION; number++) {
                    List<Kind> turns = turns(number);
                    List<String> end = new ArrayList<>();
                    Map<Kind, Try> tries = session(access, mechanism, turns, 0, end);
                    ends.add(end);
                    for (int place = 0; place < turns.size(); place++) {
                        byPlace.get(place).add(tries.get(turns.get(place)).replies);
                    }
                }
                assertThat(byPlace)
                        .as("%s %s: what is said in each place of a session", access, mechanism)
                        .allSatisfy(replies -> assertThat(replies).hasSize(1));
                assertThat(ends)
                        .as("%s %s: how sessions end", access, mechanism)
                        .hasSize(1);
            }
        }
    }

    /// Medians of 500 tries of each kind, each name tried rarely, the kinds taking turns.
    @Test
    @Tag("long")
    @Requirement({"N-6", "R8314-35"})
    void refusalsTakeTheSameTime() throws Exception {
        int tries = Integer.getInteger("postern.refusals.tries", 500);
        int names = 50;
        accounts(names);
        List<String> unequal = new ArrayList<>();
        System.out.printf("%-10s %-14s %s%n", "", "", "median of " + tries + ", microseconds");
        for (Access access : Access.values()) {
            for (Mechanism mechanism : Mechanism.values()) {
                if (exists(access, mechanism) && !equal(access, mechanism, tries, names)) {
                    unequal.add(access + " " + mechanism);
                }
            }
        }
        assertThat(unequal)
                .as("medians more than %.0f %% apart", TOLERANCE * 100)
                .isEmpty();
    }

    private boolean equal(Access access, Mechanism mechanism, int tries, int names) throws Exception {
        measure(access, mechanism, Math.min(tries, 2 * names), names); // every name once, and the code compiled
        for (int measurement = 0; measurement < MEASUREMENTS; measurement++) {
            Map<Kind, Double> medians = measure(access, mechanism, tries, names);
            double least = medians.values().stream().min(Double::compare).orElseThrow();
            double most = medians.values().stream().max(Double::compare).orElseThrow();
            StringBuilder line = new StringBuilder("%-10s %-14s".formatted(access, mechanism));
            medians.forEach((kind, median) -> line.append(" %s %9.1f".formatted(kind, median)));
            line.append("  apart %.1f %%".formatted((most / least - 1) * 100));
            System.out.println(line);
            if (most / least <= 1 + TOLERANCE) {
                return true;
            }
        }
        return false;
    }

    private Map<Kind, Double> measure(Access access, Mechanism mechanism, int tries, int names) throws Exception {
        Map<Kind, long[]> taken = new EnumMap<>(Kind.class);
        for (Kind kind : Kind.values()) {
            taken.put(kind, new long[tries]);
        }
        for (int number = 0; number < tries; number++) {
            List<Kind> turns = turns(number);
            Map<Kind, Try> session = session(access, mechanism, turns, number % names, new ArrayList<>());
            for (Kind kind : turns) {
                taken.get(kind)[number] = session.get(kind).nanos;
            }
        }
        Map<Kind, Double> medians = new EnumMap<>(Kind.class);
        taken.forEach((kind, nanos) -> {
            Arrays.sort(nanos);
            medians.put(kind, (nanos[(tries - 1) / 2] + nanos[tries / 2]) / 2_000.0);
        });
        return medians;
    }
}
