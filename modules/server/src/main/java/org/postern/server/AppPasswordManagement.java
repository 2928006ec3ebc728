package org.postern.server;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.postern.auth.AccountId;
import org.postern.auth.AppPassword;
import org.postern.store.Accounts;

/// Further passwords of accounts.
final class AppPasswordManagement {
    private static final SortedSet<String> PROTOCOLS = new TreeSet<>(Set.of("imap", "pop3", "submission"));

    private final Accounts accounts;

    AppPasswordManagement(Accounts accounts) {
        this.accounts = accounts;
    }

    Answer execute(Request.AppPassword request) {
        return switch (request) {
            case Request.AppPassword.Add add -> add(add);
            case Request.AppPassword.Remove(String address, String name) -> {
                accounts.removeAppPassword(account(address), name);
                yield Answer.Removed.of("appPassword", name);
            }
            case Request.AppPassword.List(String address) ->
                new Answer.AppPasswords(
                        address,
                        accounts.appPasswords(account(address)).stream()
                                .map(AppPasswordManagement::answer)
                                .toList());
        };
    }

    /// Answers with the password: it is told this once.
    private Answer add(Request.AppPassword.Add request) {
        if (request.protocols().isEmpty() || !PROTOCOLS.containsAll(request.protocols())) {
            throw new RequestRefused("the protocols of an app password are some of " + String.join(", ", PROTOCOLS)
                    + ", not " + String.join(", ", request.protocols()));
        }
        Optional<Instant> until = request.expires().map(AppPasswordManagement::endOf);
        String password = AppPassword.generate();
        AppPassword kept = AppPassword.of(
                request.name(), password.getBytes(StandardCharsets.US_ASCII), request.protocols(), until);
        accounts.addAppPassword(account(request.address()), kept);
        return new Answer.NewAppPassword(request.address(), answer(kept), password);
    }

    private AccountId account(String address) {
        return AccountManagement.require(accounts, address).id();
    }

    private static Instant endOf(String day) {
        try {
            return LocalDate.parse(day).plusDays(1).atStartOfDay(ZoneOffset.UTC).toInstant();
        } catch (DateTimeParseException e) {
            throw new RequestRefused("not a day: " + day + " (expected as 2027-01-31, or never)");
        }
    }

    static Answer.AppPassword answer(AppPassword password) {
        boolean expired =
                password.expires().map(at -> !at.isAfter(Instant.now())).orElse(false);
        return new Answer.AppPassword(
                password.name(), new TreeSet<>(password.protocols()), password.expires(), expired);
    }
}
