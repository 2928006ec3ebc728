package org.postern.auth;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.postern.testkit.Requirement;

@Requirement("N-6")
class LoginThrottleTest {
    private static final InetAddress HERE = InetAddress.ofLiteral("192.0.2.1");
    private static final InetAddress ELSEWHERE = InetAddress.ofLiteral("198.51.100.7");

    private long now;
    private final LoginThrottle throttle = new LoginThrottle(Duration.ofSeconds(30), () -> now);

    private Duration fail(InetAddress address, String name) {
        return throttle.begin(address, name).delay();
    }

    @Test
    void delaysDoubleAfterAFewFailuresUpToABound() {
        List<Long> delays = new ArrayList<>();
        for (int attempt = 0; attempt < 14; attempt++) {
            delays.add(fail(HERE, "alice@example.test").toMillis());
        }
        assertThat(delays)
                .containsExactly(
                        0L, 0L, 0L, 0L, 0L, 250L, 500L, 1_000L, 2_000L, 4_000L, 8_000L, 16_000L, 30_000L, 30_000L);
    }

    /// RFC 6186 §4 has a client try a new account's password with the whole address and then with the local part, here
    /// twice, for somebody mistyped it.
    @Test
    @Requirement("R6186-9")
    void theWholeAddressAndThenTheLocalPartIsNoGuessing() {
        for (int attempt = 0; attempt < 2; attempt++) {
            assertThat(fail(HERE, "alice@example.test")).isZero();
            assertThat(fail(HERE, "alice")).isZero();
        }
        LoginThrottle.Attempt right = throttle.begin(HERE, "alice@example.test");
        assertThat(right.delay()).isZero();
        throttle.succeeded(right);
    }

    @Test
    void spellingAndPlaceInTheNetworkMakeNoDifference() {
        for (int attempt = 0; attempt < 5; attempt++) {
            fail(InetAddress.ofLiteral("2001:db8:0:1::" + attempt), "user" + attempt + "@example.test");
        }
        assertThat(fail(InetAddress.ofLiteral("2001:db8:0:1:ffff::1"), "other@example.test"))
                .isPositive();
        assertThat(fail(InetAddress.ofLiteral("2001:db8:0:2::1"), "other@example.test"))
                .isZero();
        for (int attempt = 0; attempt < 5; attempt++) {
            fail(
                    InetAddress.ofLiteral("192.0.2." + (10 + attempt)),
                    attempt % 2 == 0 ? "BOB@example.test" : "bob@example.test");
        }
        assertThat(fail(ELSEWHERE, "Bob@Example.test")).isPositive();
    }

    @Test
    void whoHasLoggedInHereWaitsForNobodyElsesFailures() {
        LoginThrottle.Attempt alice = throttle.begin(HERE, "alice@example.test");
        throttle.succeeded(alice);
        for (int attempt = 0; attempt < 50; attempt++) {
            fail(HERE, "guessed" + attempt + "@example.test"); // a broken device behind the same address
            fail(ELSEWHERE, "alice@example.test"); // a guesser
        }
        assertThat(fail(HERE, "alice@example.test")).isZero();
        assertThat(fail(HERE, "carol@example.test")).isEqualTo(Duration.ofSeconds(30));
        assertThat(fail(ELSEWHERE, "alice@example.test")).isEqualTo(Duration.ofSeconds(30));
    }

    @Test
    void failuresAreForgottenAndSuccessesAreNone() {
        for (int attempt = 0; attempt < 100; attempt++) {
            throttle.succeeded(throttle.begin(HERE, "alice@example.test"));
        }
        assertThat(fail(HERE, "bob@example.test")).isZero();
        for (int attempt = 0; attempt < 9; attempt++) {
            fail(HERE, "bob@example.test");
        }
        assertThat(fail(HERE, "bob@example.test")).isPositive();
        now += Duration.ofMinutes(20).toNanos();
        assertThat(fail(HERE, "bob@example.test")).isZero();
    }

    @Test
    void aSuccessDoesNotForgiveWhatWasGuessedBefore() {
        for (int attempt = 0; attempt < 8; attempt++) {
            fail(HERE, "victim" + attempt + "@example.test");
        }
        throttle.succeeded(throttle.begin(HERE, "own@example.test"));
        assertThat(fail(HERE, "victim9@example.test")).isPositive();
    }
}
