package org.postern.auth;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/// The SASL mechanisms that sessions may offer, in the order in which they are advertised. They are the
/// same on every protocol; whether a session may offer any is the session layer's decision.
public final class SaslMechanisms {
    private static final List<String> UNBOUND = List.of("SCRAM-SHA-256", "PLAIN", "LOGIN");
    private static final List<String> BOUND = List.of("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", "LOGIN");

    private final Authenticator authenticator;
    private final boolean bind;

    public SaslMechanisms(Authenticator authenticator) {
        this(authenticator, true);
    }

    /// @param bind whether mechanisms with channel binding are offered
    public SaslMechanisms(Authenticator authenticator, boolean bind) {
        this.authenticator = authenticator;
        this.bind = bind;
    }

    /// IANA names, strongest first; the one with channel binding where the connection has something to bind to.
    public List<String> names(LoginSource source) {
        // TLS-11: no second exchange over the same binding
        List<String> names =
                !bind || source.channelBindings().isEmpty() || source.channelBindingSpent() ? UNBOUND : BOUND;
        return authenticator.recognizes(source) // TLS-9: absent without a certificate that is somebody's
                ? Stream.concat(Stream.of("EXTERNAL"), names.stream()).toList()
                : names;
    }

    /// A new exchange of the named mechanism, without regard to case; empty if it is not offered.
    public Optional<SaslExchange> start(String name, LoginSource source) {
        String wanted = name.toUpperCase(Locale.ROOT);
        if (!names(source).contains(wanted)) {
            return Optional.empty();
        }
        return Optional.of(
                switch (wanted) {
                    case "SCRAM-SHA-256-PLUS" ->
                        ScramExchange.bound(authenticator.scramLogins(wanted, source), source.channelBindings());
                    case "SCRAM-SHA-256" ->
                        ScramExchange.unbound(
                                authenticator.scramLogins(wanted, source),
                                bind && !source.channelBindings().isEmpty());
                    case "EXTERNAL" -> new ExternalExchange(identity -> authenticator.external(identity, source));
                    case "PLAIN" -> new PlainExchange();
                    case "LOGIN" -> new LoginExchange();
                    default -> throw new IllegalStateException("offered, but unknown: " + wanted);
                });
    }
}
