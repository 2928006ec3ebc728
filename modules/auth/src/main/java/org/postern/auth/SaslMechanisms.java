package org.postern.auth;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// The SASL mechanisms that sessions may offer, in the order in which they are advertised. They are the
/// same on every protocol; whether a session may offer any is the session layer's decision.
public final class SaslMechanisms {
    private static final List<String> UNBOUND = List.of("SCRAM-SHA-256", "PLAIN", "LOGIN");
    private static final List<String> BOUND = List.of("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", "LOGIN");

    private final Authenticator authenticator;

    public SaslMechanisms(Authenticator authenticator) {
        this.authenticator = authenticator;
    }

    /// IANA names, strongest first; the one with channel binding where the connection has something to bind to.
    public List<String> names(LoginSource source) {
        // TLS-11: no second exchange over the same binding
        return source.channelBindings().isEmpty() || source.channelBindingSpent() ? UNBOUND : BOUND;
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
                                !source.channelBindings().isEmpty());
                    case "PLAIN" -> new PlainExchange();
                    case "LOGIN" -> new LoginExchange();
                    default -> throw new IllegalStateException("offered, but unknown: " + wanted);
                });
    }
}
