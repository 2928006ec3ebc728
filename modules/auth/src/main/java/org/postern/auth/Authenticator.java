package org.postern.auth;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Judges credentials: on bounded hashing threads, with a cache of verified logins, with the same work for
/// unknown users and wrong passwords. Safe for use by all sessions.
public final class Authenticator implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Authenticator.class);
    /// Jobs that may wait for each hashing thread: two seconds of work at 50 ms.
    private static final int QUEUE_PER_THREAD = 40;

    private final AccountDirectory directory;
    private final ClientCertificates certificates;
    private final Set<ScramHash> scramKept;
    private final MeterRegistry meters;
    private final LoginThrottle throttle;
    private final HashingThreads threads;
    private final VerifiedLogins verified = new VerifiedLogins(System::nanoTime);
    /// What unknown and disabled users are measured against: nobody knows its password.
    private final String nobody;

    /// @param longestDelay how long an attempt waits at most when many have failed before it
    public Authenticator(AccountDirectory directory, MeterRegistry meters, Duration longestDelay) {
        this(directory, meters, longestDelay, ClientCertificates.NONE, SaslSettings.DEFAULT);
    }

    /// @param certificates whose certificates log in by SASL EXTERNAL
    public Authenticator(
            AccountDirectory directory,
            MeterRegistry meters,
            Duration longestDelay,
            ClientCertificates certificates,
            SaslSettings settings) {
        this.certificates = certificates;
        this.scramKept = settings.kept();
        this.throttle = new LoginThrottle(longestDelay, System::nanoTime);
        this.directory = directory;
        this.meters = meters;
        int count = Math.clamp(Runtime.getRuntime().availableProcessors(), 1, 4);
        this.threads = new HashingThreads(count, count * QUEUE_PER_THREAD, meters);
        this.nobody = "$argon2id$v=19$m=19456,t=2,p=1$" + "A".repeat(22) + "$" + "A".repeat(43);
    }

    /// Waits until the attempt is judged, and wipes the password.
    public LoginResult login(PlainCredentials credentials, LoginSource source) {
        LoginThrottle.Attempt attempt = throttle.begin(source.address(), credentials.loginName());
        if (!attempt.delay().isZero() && !source.pause(attempt.delay())) {
            credentials.wipe();
            return new LoginResult.Unavailable();
        }
        Timer.Sample sample = Timer.start(meters);
        LoginResult result;
        try {
            result = judge(credentials, source);
        } catch (RuntimeException e) {
            LOG.error("a login could not be judged", e); // the session id stands beside it; the name must not
            result = new LoginResult.Unavailable();
        } finally {
            credentials.wipe();
        }
        if (result instanceof LoginResult.Accepted) {
            throttle.succeeded(attempt);
        }
        sample.stop(meters.timer("postern.logins", "mechanism", "PLAIN", "outcome", outcome(result)));
        return result;
    }

    /// @param mechanism the IANA name, for the metrics
    ScramLogins scramLogins(ScramHash hash, String mechanism, LoginSource source) {
        return new ScramLogins() {
            @Override
            public ScramLogin begin(String loginName) {
                LoginThrottle.Attempt attempt = throttle.begin(source.address(), loginName);
                boolean waited = attempt.delay().isZero() || source.pause(attempt.delay());
                byte[] salt = directory.decoySalt(loginName);
                Optional<StoredCredentials> found = directory.find(loginName);
                // A disabled account keeps its salt: else one could see when it is disabled. One without a verifier
                // for this hash shows the salt that it has for the others: it is the same for all, as a decoy is.
                Optional<ScramVerifier> any = found.flatMap(StoredCredentials::scram);
                var decoy = new ScramVerifier(
                        any.map(ScramVerifier::salt).orElse(salt),
                        any.map(ScramVerifier::iterations).orElse(PasswordHasher.SCRAM_ITERATIONS),
                        new byte[hash.octets],
                        new byte[hash.octets]);
                return new ScramLogin(
                        loginName,
                        attempt,
                        found.flatMap(stored -> stored.scram(hash)).orElse(decoy),
                        found.filter(stored ->
                                waited && stored.enabled() && stored.scram(hash).isPresent()));
            }

            @Override
            public LoginResult end(ScramLogin login, String identity, boolean proved) {
                Timer.Sample sample = Timer.start(meters);
                LoginResult result = proved && login.account().isPresent()
                        ? byPassword(login.account().get(), identity, login.loginName())
                        : new LoginResult.Refused();
                if (result instanceof LoginResult.Accepted) {
                    throttle.succeeded(login.attempt());
                }
                sample.stop(meters.timer("postern.logins", "mechanism", mechanism, "outcome", outcome(result)));
                return result;
            }
        };
    }

    /// True if the client has shown a certificate that an account may be entered with.
    public boolean recognizes(LoginSource source) {
        return !mapped(source).isEmpty();
    }

    /// A login by nothing but the client's certificate.
    ///
    /// @param identity the authorization identity; empty for the account that the certificate is mapped to
    public LoginResult external(String identity, LoginSource source) {
        Timer.Sample sample = Timer.start(meters);
        List<StoredCredentials> mapped = mapped(source);
        Optional<StoredCredentials> account = identity.isEmpty()
                ? Optional.of(mapped).filter(all -> all.size() == 1).map(List::getFirst) // else it has to say which
                : mapped.stream().filter(each -> isIdentity(identity, each, "")).findFirst();
        LoginResult result = account.isPresent() ? accept(account.get(), identity, "") : new LoginResult.Refused();
        sample.stop(meters.timer("postern.logins", "mechanism", "EXTERNAL", "outcome", outcome(result)));
        return result;
    }

    private List<StoredCredentials> mapped(LoginSource source) {
        if (source.clientCertificates().isEmpty()) {
            return List.of();
        }
        try {
            return certificates.accounts(source.clientCertificates()).stream()
                    .filter(address -> address.indexOf('@') > 0)
                    .flatMap(address -> directory.find(address).stream())
                    .filter(StoredCredentials::enabled)
                    .toList();
        } catch (RuntimeException e) {
            LOG.error("a client's certificate could not be judged", e);
            return List.of();
        }
    }

    private LoginResult judge(PlainCredentials credentials, LoginSource source) {
        Optional<byte[]> password = PasswordHasher.prepare(credentials.password());
        Optional<StoredCredentials> found = directory.find(credentials.loginName());
        StoredCredentials stored = found.filter(StoredCredentials::enabled).orElse(null);
        byte[] prepared = password.orElse(new byte[1]);
        try {
            if (stored != null && password.isPresent() && verified.contains(stored, prepared)) {
                return byPassword(stored, credentials.authorizationIdentity(), credentials.loginName());
            }
            if (stored != null && password.isPresent() && isAppPassword(stored, prepared, source.protocol())) {
                return accept(stored, credentials.authorizationIdentity(), credentials.loginName());
            }
            String hash = stored == null ? nobody : stored.passwordHash();
            Boolean matches = threads.run(source.address(), hasher -> {
                boolean same = hasher.verify(prepared, hash);
                if (same && stored != null) {
                    keep(stored, prepared, hasher);
                }
                return same;
            });
            if (matches == null) {
                return new LoginResult.Unavailable();
            }
            if (stored == null || password.isEmpty() || !matches) {
                return new LoginResult.Refused();
            }
            verified.add(stored, prepared);
            return byPassword(stored, credentials.authorizationIdentity(), credentials.loginName());
        } finally {
            Arrays.fill(prepared, (byte) 0);
        }
    }

    /// What can be made only while the password is at hand.
    private void keep(StoredCredentials stored, byte[] prepared, PasswordHasher hasher) {
        if (PasswordHasher.isOutdated(stored.passwordHash())) {
            directory.rehashed(stored.account(), stored.version(), hasher.hash(prepared));
        }
        for (ScramHash hash : scramKept) {
            if (stored.scram().isPresent() && stored.scram(hash).isEmpty()) {
                directory.scramMade(
                        stored.account(),
                        hash,
                        PasswordHasher.scramVerifier(
                                hash, prepared, stored.scram().get()));
            }
        }
    }

    /// By what may have leaked. Told apart from a wrong password only where the right one was shown.
    private static LoginResult byPassword(StoredCredentials stored, String identity, String loginName) {
        LoginResult result = accept(stored, identity, loginName);
        boolean due =
                stored.passwordDue().filter(at -> !Instant.now().isBefore(at)).isPresent();
        return due && result instanceof LoginResult.Accepted ? new LoginResult.PasswordDue() : result;
    }

    private static boolean isAppPassword(StoredCredentials stored, byte[] prepared, String protocol) {
        Instant now = Instant.now();
        return stored.appPasswords().stream().anyMatch(each -> each.permits(prepared, protocol, now));
    }

    /// RFC 4616 §2: an authorization identity must be one that the authenticated account may act as; that is
    /// itself.
    private static LoginResult accept(StoredCredentials stored, String identity, String loginName) {
        if (!identity.isEmpty() && !isIdentity(identity, stored, loginName)) {
            return new LoginResult.Refused();
        }
        return new LoginResult.Accepted(new Principal(stored.account(), stored.address(), stored.version()));
    }

    private static boolean isIdentity(String identity, StoredCredentials stored, String loginName) {
        return identity.equals(loginName)
                || identity.toLowerCase(Locale.ROOT).equals(stored.address().toLowerCase(Locale.ROOT));
    }

    private static String outcome(LoginResult result) {
        return switch (result) {
            case LoginResult.Accepted accepted -> "accepted";
            case LoginResult.Refused refused -> "refused";
            case LoginResult.PasswordDue due -> "password-due";
            case LoginResult.Unavailable unavailable -> "unavailable";
        };
    }

    @Override
    public void close() {
        threads.close();
    }
}
