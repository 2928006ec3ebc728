package org.postern.auth;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.postern.testkit.Requirement;

class AuthenticatorTest {
    private static final LoginSource SOURCE = from(InetAddress.getLoopbackAddress());
    private static final PasswordHasher HASHER = new PasswordHasher();

    private final Map<String, StoredCredentials> accounts = new ConcurrentHashMap<>();
    private final Map<AccountId, String> rehashed = new ConcurrentHashMap<>();
    private final Map<ScramHash, ScramVerifier> scramMade = new ConcurrentHashMap<>();
    private final AtomicInteger looked = new AtomicInteger();
    private final AtomicInteger madeUp = new AtomicInteger();
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final Authenticator authenticator = new Authenticator(
            new AccountDirectory() {
                @Override
                public Optional<StoredCredentials> find(String loginName) {
                    looked.incrementAndGet();
                    return Optional.ofNullable(accounts.get(loginName));
                }

                @Override
                public byte[] decoySalt(String loginName) {
                    madeUp.incrementAndGet();
                    return Arrays.copyOf(loginName.getBytes(UTF_8), 16);
                }

                @Override
                public void rehashed(AccountId account, long version, String passwordHash) {
                    rehashed.put(account, passwordHash);
                }

                @Override
                public void scramMade(AccountId account, ScramHash hash, ScramVerifier verifier) {
                    scramMade.put(hash, verifier);
                }
            },
            meters,
            Duration.ofMillis(1),
            ClientCertificates.NONE,
            new SaslSettings(true, Set.of(ScramHash.SHA_512), Set.of()));

    private static LoginSource from(InetAddress address) {
        return new LoginSource() {
            @Override
            public InetAddress address() {
                return address;
            }

            @Override
            public String protocol() {
                return "imap";
            }

            @Override
            public Map<ChannelBinding, byte[]> channelBindings() {
                return Map.of();
            }

            @Override
            public boolean channelBindingSpent() {
                return false;
            }

            @Override
            public boolean pause(Duration duration) {
                return true;
            }
        };
    }

    AuthenticatorTest() {
        add("alice@example.test", 1, true, 1, HASHER.hash("secret".getBytes(UTF_8)));
        add("disabled@example.test", 2, false, 1, HASHER.hash("secret".getBytes(UTF_8)));
    }

    private void add(String address, long id, boolean enabled, long version, String hash) {
        accounts.put(
                address,
                new StoredCredentials(
                        new AccountId(id),
                        address,
                        enabled,
                        version,
                        hash,
                        Optional.empty(),
                        Map.of(),
                        Optional.empty(),
                        List.of()));
    }

    @AfterEach
    void close() {
        authenticator.close();
    }

    private LoginResult login(String identity, String name, String password) {
        return authenticator.login(new PlainCredentials(identity, name, password.getBytes(UTF_8)), SOURCE);
    }

    @Test
    void theRightPasswordIsAcceptedAndItsOctetsAreWiped() {
        byte[] password = "secret".getBytes(UTF_8);
        LoginResult result = authenticator.login(new PlainCredentials("", "alice@example.test", password), SOURCE);
        assertThat(result)
                .isEqualTo(new LoginResult.Accepted(new Principal(new AccountId(1), "alice@example.test", 1)));
        assertThat(password).containsOnly(0);
    }

    @Test
    @Requirement({"N-6", "RFC4616-2"})
    void unknownWrongDisabledAndForeignIdentityLookTheSame() {
        assertThat(login("", "alice@example.test", "wrong")).isEqualTo(new LoginResult.Refused());
        assertThat(login("", "nobody@example.test", "secret")).isEqualTo(new LoginResult.Refused());
        assertThat(login("", "disabled@example.test", "secret")).isEqualTo(new LoginResult.Refused());
        assertThat(login("", "alice@example.test", "\u0007")).isEqualTo(new LoginResult.Refused());
        assertThat(login("bob@example.test", "alice@example.test", "secret")).isEqualTo(new LoginResult.Refused());
    }

    /// What takes time: one look-up and one hash; with SCRAM one look-up and one salt made up. More or less of them
    /// for one of the three would tell which it is.
    @Test
    @Requirement("N-6")
    void everyRefusalIsTheSameWork() {
        for (String name : List.of("alice@example.test", "nobody@example.test", "disabled@example.test")) {
            long hashed = hashed();
            looked.set(0);
            madeUp.set(0);
            assertThat(login("", name, name.startsWith("alice") ? "wrong" : "secret"))
                    .isEqualTo(new LoginResult.Refused());
            assertThat(hashed() - hashed).as("hashes for %s", name).isEqualTo(1);
            assertThat(looked).as("look-ups of %s", name).hasValue(1);

            ScramLogins scram = authenticator.scramLogins(ScramHash.SHA_256, "SCRAM-SHA-256", SOURCE);
            ScramLogin begun = scram.begin(name);
            assertThat(scram.end(begun, "", !name.startsWith("alice"))).isEqualTo(new LoginResult.Refused());
            assertThat(hashed() - hashed).as("hashes for %s", name).isEqualTo(1);
            assertThat(looked).as("look-ups of %s", name).hasValue(2);
            assertThat(madeUp).as("salts made up for %s", name).hasValue(1);
        }
    }

    private long hashed() {
        return meters.get("postern.password.hashes").timer().count();
    }

    @Test
    void aVerifiedLoginIsRememberedOnlyForThatPasswordAndVersion() {
        assertThat(login("", "alice@example.test", "secret")).isInstanceOf(LoginResult.Accepted.class);
        add("alice@example.test", 1, true, 2, HASHER.hash("changed".getBytes(UTF_8)));
        assertThat(login("", "alice@example.test", "secret")).isEqualTo(new LoginResult.Refused());
        assertThat(login("", "alice@example.test", "changed")).isInstanceOf(LoginResult.Accepted.class);
        add("alice@example.test", 1, false, 2, HASHER.hash("changed".getBytes(UTF_8)));
        assertThat(login("", "alice@example.test", "changed")).isEqualTo(new LoginResult.Refused());
    }

    @Test
    void anOutdatedHashIsMadeAnewAtLogin() {
        // m=8 KiB, t=1: made by the same library with cheap parameters
        var parameters = new org.bouncycastle.crypto.params.Argon2Parameters.Builder(
                        org.bouncycastle.crypto.params.Argon2Parameters.ARGON2_id)
                .withVersion(0x13)
                .withMemoryAsKB(8)
                .withIterations(1)
                .withParallelism(1)
                .withSalt("0123456789abcdef".getBytes(UTF_8))
                .build();
        var generator = new org.bouncycastle.crypto.generators.Argon2BytesGenerator();
        generator.init(parameters);
        byte[] hash = new byte[32];
        generator.generateBytes("secret".getBytes(UTF_8), hash);
        var base64 = java.util.Base64.getEncoder().withoutPadding();
        add(
                "old@example.test",
                3,
                true,
                1,
                "$argon2id$v=19$m=8,t=1,p=1$" + base64.encodeToString("0123456789abcdef".getBytes(UTF_8)) + "$"
                        + base64.encodeToString(hash));
        assertThat(login("", "old@example.test", "secret")).isInstanceOf(LoginResult.Accepted.class);
        assertThat(rehashed.get(new AccountId(3))).startsWith("$argon2id$v=19$m=19456,t=2,p=1$");
        assertThat(HASHER.verify("secret".getBytes(UTF_8), rehashed.get(new AccountId(3))))
                .isTrue();
    }

    @Test
    void aFullQueueRefusesForNowAndNothingHangs() throws Exception {
        var start = new CountDownLatch(1);
        try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
            var results = IntStream.range(0, 400)
                    .mapToObj(number -> executor.submit(() -> {
                        start.await();
                        return login("", "nobody@example.test", "guess" + number);
                    }))
                    .toList();
            start.countDown();
            int unavailable = 0;
            for (var result : results) {
                if (result.get() instanceof LoginResult.Unavailable) {
                    unavailable++;
                } else {
                    assertThat(result.get()).isEqualTo(new LoginResult.Refused());
                }
            }
            assertThat(unavailable).isBetween(1, 399);
        }
        assertThat(login("", "alice@example.test", "secret")).isInstanceOf(LoginResult.Accepted.class);
    }

    @Test
    @Requirement("N-6")
    void manyFailuresMakeTheNextAttemptWaitAndNobodyIsLockedOut() {
        for (int attempt = 0; attempt < 5; attempt++) {
            login("", "alice@example.test", "wrong");
        }
        var waited = new ArrayList<Duration>();
        LoginSource elsewhere = new LoginSource() {
            @Override
            public InetAddress address() {
                return InetAddress.ofLiteral("192.0.2.77");
            }

            @Override
            public String protocol() {
                return "imap";
            }

            @Override
            public Map<ChannelBinding, byte[]> channelBindings() {
                return Map.of();
            }

            @Override
            public boolean channelBindingSpent() {
                return false;
            }

            @Override
            public boolean pause(Duration duration) {
                waited.add(duration);
                return waited.size() > 1; // the first client does not wait for its answer
            }
        };
        byte[] password = "secret".getBytes(UTF_8);
        assertThat(authenticator.login(new PlainCredentials("", "alice@example.test", password), elsewhere))
                .isEqualTo(new LoginResult.Unavailable());
        assertThat(password).containsOnly(0);
        assertThat(authenticator.login(
                        new PlainCredentials("", "alice@example.test", "secret".getBytes(UTF_8)), elsewhere))
                .isInstanceOf(LoginResult.Accepted.class);
        assertThat(waited).containsExactly(Duration.ofMillis(1), Duration.ofMillis(1));
        // from now on this one is known there
        authenticator.login(new PlainCredentials("", "alice@example.test", "secret".getBytes(UTF_8)), elsewhere);
        assertThat(waited).hasSize(2);
    }

    @Test
    void anAppPasswordIsForItsProtocolsAndItsTime() {
        String password = AppPassword.generate();
        accounts.put(
                "carol@example.test",
                new StoredCredentials(
                        new AccountId(3),
                        "carol@example.test",
                        true,
                        1,
                        HASHER.hash("secret".getBytes(UTF_8)),
                        Optional.empty(),
                        Map.of(),
                        Optional.of(Instant.now()), // its password is due: app passwords go on
                        List.of(
                                AppPassword.of("phone", password.getBytes(UTF_8), Set.of("imap"), Optional.empty()),
                                AppPassword.of(
                                        "old", "expired".getBytes(UTF_8), Set.of("imap"), Optional.of(Instant.now())),
                                AppPassword.of(
                                        "mailer",
                                        "for sending".getBytes(UTF_8),
                                        Set.of("submission"),
                                        Optional.empty()))));
        assertThat(login("", "carol@example.test", password)).isInstanceOf(LoginResult.Accepted.class);
        assertThat(login("", "carol@example.test", "expired")).isEqualTo(new LoginResult.Refused());
        assertThat(login("", "carol@example.test", "for sending")).isEqualTo(new LoginResult.Refused());
        assertThat(login("", "alice@example.test", password)).isEqualTo(new LoginResult.Refused());
        assertThat(accounts.get("carol@example.test").appPasswords().toString())
                .isEqualTo("[AppPassword[phone], AppPassword[old], AppPassword[mailer]]");
    }

    private void due(Optional<Instant> due) {
        byte[] prepared = "secret".getBytes(UTF_8);
        accounts.put(
                "dora@example.test",
                new StoredCredentials(
                        new AccountId(4),
                        "dora@example.test",
                        true,
                        1,
                        HASHER.hash(prepared),
                        Optional.of(PasswordHasher.scramVerifier(prepared)),
                        Map.of(),
                        due,
                        List.of()));
    }

    @Test
    @Requirement("R8314-36")
    void aPasswordThatIsDueIsToldOnlyToWhoKnowsIt() {
        due(Optional.of(Instant.now()));
        for (int attempt = 0; attempt < 2; attempt++) { // and the second time, when it was verified before
            assertThat(login("", "dora@example.test", "secret")).isEqualTo(new LoginResult.PasswordDue());
        }
        assertThat(login("", "dora@example.test", "wrong")).isEqualTo(new LoginResult.Refused());
        assertThat(login("bob@example.test", "dora@example.test", "secret")).isEqualTo(new LoginResult.Refused());
        ScramLogins scram = authenticator.scramLogins(ScramHash.SHA_256, "SCRAM-SHA-256", SOURCE);
        assertThat(scram.end(scram.begin("dora@example.test"), "", true)).isEqualTo(new LoginResult.PasswordDue());
        assertThat(scram.end(scram.begin("dora@example.test"), "", false)).isEqualTo(new LoginResult.Refused());
        due(Optional.of(Instant.now().plusSeconds(3600)));
        assertThat(login("", "dora@example.test", "secret")).isInstanceOf(LoginResult.Accepted.class);
    }

    /// Salt and iterations of a hash for which there is no verifier are those of the others: nobody sees who has one.
    @Test
    @Requirement("N-6")
    void aFurtherVerifierIsMadeAtALoginByPassword() {
        due(Optional.empty());
        ScramVerifier main = accounts.get("dora@example.test").scram().orElseThrow();
        ScramLogins scram = authenticator.scramLogins(ScramHash.SHA_512, "SCRAM-SHA-512", SOURCE);
        ScramLogin before = scram.begin("dora@example.test");
        assertThat(before.verifier().salt()).isEqualTo(main.salt());
        assertThat(before.verifier().iterations()).isEqualTo(main.iterations());
        assertThat(scram.end(before, "", true)).isEqualTo(new LoginResult.Refused());
        assertThat(scram.begin("nobody@example.test").verifier().storedKey()).hasSize(64);
        assertThat(login("", "dora@example.test", "wrong")).isEqualTo(new LoginResult.Refused());
        assertThat(scramMade).isEmpty();
        assertThat(login("", "dora@example.test", "secret")).isInstanceOf(LoginResult.Accepted.class);
        assertThat(scramMade).containsOnlyKeys(ScramHash.SHA_512);
        assertThat(scramMade.get(ScramHash.SHA_512).storedKey())
                .isEqualTo(PasswordHasher.scramVerifier(ScramHash.SHA_512, "secret".getBytes(UTF_8), main)
                        .storedKey());
    }
}
