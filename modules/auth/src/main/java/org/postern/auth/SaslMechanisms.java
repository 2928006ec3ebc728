package org.postern.auth;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// The SASL mechanisms that sessions may offer, in the order in which they are advertised. They are the
/// same on every protocol; whether a session may offer any is the session layer's decision.
public final class SaslMechanisms {
    private static final List<String> NAMES = List.of("SCRAM-SHA-256", "PLAIN", "LOGIN");

    private final Authenticator authenticator;

    public SaslMechanisms(Authenticator authenticator) {
        this.authenticator = authenticator;
    }

    /// IANA names, strongest first.
    public List<String> names() {
        return NAMES;
    }

    /// A new exchange of the named mechanism, without regard to case; empty if it is not offered.
    public Optional<SaslExchange> start(String name, LoginSource source) {
        return switch (name.toUpperCase(Locale.ROOT)) {
            case "SCRAM-SHA-256" -> Optional.of(new ScramExchange(authenticator.scramLogins(source)));
            case "PLAIN" -> Optional.of(new PlainExchange());
            case "LOGIN" -> Optional.of(new LoginExchange());
            default -> Optional.empty();
        };
    }
}
