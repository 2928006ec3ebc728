package org.postern.auth;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/// The SASL mechanisms that sessions may offer, in the order in which they are advertised. They are the
/// same on every protocol; whether a session may offer any is the session layer's decision.
public final class SaslMechanisms {
    private static final List<String> PASSWORDS = List.of("PLAIN", "LOGIN");

    private final Authenticator authenticator;
    private final SaslSettings settings;
    private final List<String> unbound;
    private final List<String> bound;

    public SaslMechanisms(Authenticator authenticator) {
        this(authenticator, SaslSettings.DEFAULT);
    }

    public SaslMechanisms(Authenticator authenticator, SaslSettings settings) {
        this.authenticator = authenticator;
        this.settings = settings;
        List<ScramHash> strongestFirst = List.copyOf(settings.usable()).reversed();
        List<String> names = new ArrayList<>();
        strongestFirst.forEach(hash -> names.add(hash.mechanism()));
        names.addAll(PASSWORDS);
        this.unbound = List.copyOf(names);
        names.addAll(0, strongestFirst.stream().map(ScramHash::boundMechanism).toList());
        this.bound = List.copyOf(names);
    }

    /// IANA names, strongest first; those with channel binding where the connection has something to bind to.
    public List<String> names(LoginSource source) {
        // TLS-11: no second exchange over the same binding
        List<String> names = !canBind(source) || source.channelBindingSpent() ? unbound : bound;
        return authenticator.recognizes(source) // TLS-9: absent without a certificate that is somebody's
                ? Stream.concat(Stream.of("EXTERNAL"), names.stream()).toList()
                : names;
    }

    private boolean canBind(LoginSource source) {
        return settings.channelBinding() && !source.channelBindings().isEmpty();
    }

    /// A new exchange of the named mechanism, without regard to case; empty if it is not offered.
    public Optional<SaslExchange> start(String name, LoginSource source) {
        String wanted = name.toUpperCase(Locale.ROOT);
        if (!names(source).contains(wanted)) {
            return Optional.empty();
        }
        for (ScramHash hash : ScramHash.values()) {
            ScramLogins logins = authenticator.scramLogins(hash, wanted, source);
            if (wanted.equals(hash.boundMechanism())) {
                return Optional.of(ScramExchange.bound(hash, logins, source.channelBindings()));
            }
            if (wanted.equals(hash.mechanism())) {
                return Optional.of(ScramExchange.unbound(hash, logins, canBind(source)));
            }
        }
        return Optional.of(
                switch (wanted) {
                    case "EXTERNAL" -> new ExternalExchange(identity -> authenticator.external(identity, source));
                    case "PLAIN" -> new PlainExchange();
                    case "LOGIN" -> new LoginExchange();
                    default -> throw new IllegalStateException("offered, but unknown: " + wanted);
                });
    }
}
