package org.postern.acme;

import java.net.MalformedURLException;
import java.net.URI;
import java.net.URL;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import org.postern.tls.CertificateNames;
import org.postern.tls.PemFiles;
import org.postern.tls.SigningRequest;
import org.shredzone.acme4j.Account;
import org.shredzone.acme4j.AccountBuilder;
import org.shredzone.acme4j.Authorization;
import org.shredzone.acme4j.Order;
import org.shredzone.acme4j.Problem;
import org.shredzone.acme4j.Session;
import org.shredzone.acme4j.Status;
import org.shredzone.acme4j.challenge.Challenge;
import org.shredzone.acme4j.connector.NetworkSettings;
import org.shredzone.acme4j.exception.AcmeException;
import org.shredzone.acme4j.exception.AcmeRateLimitedException;
import org.shredzone.acme4j.provider.AbstractAcmeProvider;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One order at an authority (RFC 8555 §7.1), from the account to the chain. Blocks its thread for as long as that
/// takes.
final class AcmeClient implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AcmeClient.class);
    private static final Duration CONNECT = Duration.ofSeconds(20);
    private static final Duration REQUEST = Duration.ofSeconds(60);
    private static final Duration VALIDATION = Duration.ofMinutes(3);

    private final AcmeSettings settings;
    private final ChallengeResponders responders;
    private final HttpClient http;
    private Optional<AcmeAccount> account = Optional.empty();

    AcmeClient(AcmeSettings settings, Optional<DnsPublisher> dns) throws AcmeFailedException {
        this.settings = settings;
        this.responders = new ChallengeResponders(settings, dns);
        HttpClient.Builder builder = HttpClient.newBuilder()
                .followRedirects(HttpClient.Redirect.NEVER) // an authority has no reason to send us elsewhere
                .connectTimeout(CONNECT);
        if (settings.trust().isPresent()) {
            builder.sslContext(trusting(settings.trust().get()));
        }
        http = builder.build();
    }

    private static SSLContext trusting(Path file) throws AcmeFailedException {
        try {
            return PemFiles.trusting(file);
        } catch (GeneralSecurityException e) {
            throw new AcmeFailedException(file + " cannot be trusted: " + e.getMessage(), e, Optional.empty());
        }
    }

    /// @throws AcmeFailedException in the operator's words
    List<X509Certificate> order(KeyPair accountKey, KeyPair key, List<String> names) throws AcmeFailedException {
        try {
            Session session = new Session(settings.directory(), new Provider(http));
            session.networkSettings().setTimeout(REQUEST);
            Account known = account(session, accountKey);
            account = Optional.of(new AcmeAccount(
                    settings.directory(),
                    known.getLocation().toString(),
                    List.copyOf(session.getMetadata().getCaaIdentities())));
            Order order = known.newOrder().domains(names).create();
            proveAll(order.getAuthorizations());
            require(order.waitUntilReady(VALIDATION) == Status.READY, "the order", order.getError());
            var request = new CertificateNames(names, List.of(), List.of(), List.of());
            order.execute(SigningRequest.of(key, request).encoded());
            require(order.waitForCompletion(VALIDATION) == Status.VALID, "the order", order.getError());
            return order.getCertificate().getCertificateChain();
        } catch (AcmeRateLimitedException limited) {
            throw failed(limited, limited.getRetryAfter());
        } catch (AcmeException e) {
            throw failed(e, Optional.empty());
        } catch (InterruptedException e) {
            throw new AcmeFailedException("the server stops"); // nobody interrupts: only a dying JVM gets here
        }
    }

    /// As the authority knows it, after an order.
    Optional<AcmeAccount> account() {
        return account;
    }

    /// The account of this key, which is made where it is not there (RFC 8555 §7.3.1).
    private Account account(Session session, KeyPair key) throws AcmeException {
        AccountBuilder builder = new AccountBuilder().useKeyPair(key).agreeToTermsOfService();
        settings.contacts().forEach(builder::addContact);
        settings.externalAccount()
                .ifPresent(external -> builder.withKeyIdentifier(external.keyIdentifier(), external.secret()));
        return builder.create(session);
    }

    private void proveAll(List<Authorization> authorizations)
            throws AcmeException, AcmeFailedException, InterruptedException {
        if (settings.challenge() == ChallengeKind.DNS_01) {
            // all at once: two of one name are two records of one set, and whoever asks may keep the set
            prove(authorizations);
        } else {
            for (Authorization authorization : authorizations) {
                prove(List.of(authorization)); // the answers share a port
            }
        }
    }

    private record Proof(String name, Challenge challenge) {}

    private void prove(List<Authorization> authorizations)
            throws AcmeException, AcmeFailedException, InterruptedException {
        Deque<AutoCloseable> answers = new ArrayDeque<>();
        try {
            List<Proof> proofs = new ArrayList<>();
            for (Authorization authorization : authorizations) {
                if (authorization.getStatus() == Status.VALID) {
                    continue; // of an order not long ago
                }
                String name = authorization.getIdentifier().getDomain();
                Challenge challenge = authorization
                        .findChallenge(settings.challenge().type())
                        .orElseThrow(() -> new AcmeFailedException("the authority does not offer "
                                + settings.challenge().type() + " for " + name));
                answers.push(responders.answer(challenge, authorization.getIdentifier()));
                proofs.add(new Proof(name, challenge));
            }
            for (Proof proof : proofs) {
                proof.challenge.trigger();
            }
            for (Proof proof : proofs) {
                Status status = proof.challenge.waitForCompletion(VALIDATION);
                require(
                        status == Status.VALID,
                        settings.challenge().type() + " for " + proof.name,
                        proof.challenge.getError());
            }
        } finally {
            answers.forEach(AcmeClient::close);
        }
    }

    /// What was proved is proved all the same.
    private static void close(AutoCloseable answer) {
        try {
            answer.close();
        } catch (Exception e) {
            LOG.warn("the answer to a challenge cannot be taken away: {}", e.getMessage(), e);
        }
    }

    private static void require(boolean done, String what, Optional<Problem> problem) throws AcmeFailedException {
        if (!done) {
            throw new AcmeFailedException(what + " was refused by the authority: "
                    + problem.map(Problem::toString).orElse("it did not say why, or not in time"));
        }
    }

    private AcmeFailedException failed(AcmeException cause, Optional<Instant> notBefore) {
        Throwable root = cause.getCause() == null ? cause : cause.getCause();
        return new AcmeFailedException(
                "the authority at " + settings.directory().getHost() + " did not do it: "
                        + (root.getMessage() == null ? root.getClass().getSimpleName() : root.getMessage()),
                cause,
                notBefore);
    }

    @Override
    public void close() {
        http.close();
    }

    /// The directory is where the settings say, and the HTTP client is ours.
    private static final class Provider extends AbstractAcmeProvider {
        private final HttpClient http;

        Provider(HttpClient http) {
            this.http = http;
        }

        @Override
        public boolean accepts(URI server) {
            return true;
        }

        @Override
        public URL resolve(URI server) {
            try {
                return server.toURL();
            } catch (MalformedURLException e) {
                throw new IllegalArgumentException(e);
            }
        }

        @Override
        public HttpClient createHttpClient(NetworkSettings network) {
            return http;
        }
    }
}
