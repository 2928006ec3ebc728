package org.postern.server;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedSet;
import java.util.StringJoiner;
import java.util.TreeSet;
import org.postern.auth.AppPassword;
import org.postern.auth.PasswordHasher;
import org.postern.auth.ScramVerifier;
import org.postern.session.Listeners;
import org.postern.session.SessionInformation;
import org.postern.store.AccountException;
import org.postern.store.Accounts;
import org.postern.store.Accounts.AccountInformation;
import org.postern.store.PosternStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What an operator does to a running server. Every change is written to the log `org.postern.audit`.
final class Management {
    private static final SortedSet<String> APP_PASSWORD_PROTOCOLS = new TreeSet<>(Set.of("imap", "pop3", "submission"));

    private static final Logger AUDIT = LoggerFactory.getLogger("org.postern.audit");

    private final PosternStore store;
    private final CertificateKeeper certificates;
    private final Listeners listeners;

    Management(PosternStore store, CertificateKeeper certificates, Listeners listeners) {
        this.store = store;
        this.certificates = certificates;
        this.listeners = listeners;
    }

    /// Carries out one command.
    ///
    /// @param words the command and its arguments: `account`, `add`, `alice@example.test`
    /// @param secret the new password where the command sets one, else empty; wiped
    /// @param by who asks, for the audit log
    /// @return what to show, each line ended
    /// @throws AccountException telling why it is refused
    String run(List<String> words, byte[] secret, String by) {
        try {
            String answer = execute(words, secret);
            if (!words.getLast().equals("list")
                    && !is(words, 3, "app-password", "show")
                    && !words.getFirst().equals("status")) {
                AUDIT.info("{} by {}", String.join(" ", words), by);
            }
            return answer;
        } finally {
            Arrays.fill(secret, (byte) 0);
        }
    }

    private String execute(List<String> words, byte[] secret) {
        Accounts accounts = store.accounts();
        return switch (words) {
            case List<String> w when is(w, 1, "status") -> status();
            case List<String> w when is(w, 2, "domain", "list") -> lines(accounts.domains());
            case List<String> w
            when is(w, 3, "domain", "add") -> {
                accounts.addDomain(w.get(2));
                certificates.refresh();
                yield "added domain " + w.get(2) + "\n";
            }
            case List<String> w
            when is(w, 3, "domain", "remove") -> {
                accounts.removeDomain(w.get(2));
                certificates.refresh();
                yield "removed domain " + w.get(2) + "\n";
            }
            case List<String> w
            when is(w, 2, "account", "list") ->
                lines(accounts.accounts().stream().map(Management::line).toList());
            case List<String> w
            when is(w, 3, "account", "add") -> {
                addAccount(w.get(2), secret);
                yield "added account " + w.get(2) + "\n";
            }
            case List<String> w
            when is(w, 3, "account", "remove") -> {
                accounts.removeAccount(account(w.get(2)).id());
                yield "removed account " + w.get(2) + " and its mail\n";
            }
            case List<String> w
            when is(w, 3, "account", "password") -> {
                Hashed hashed = Hashed.of(secret);
                accounts.setPassword(account(w.get(2)).id(), hashed.hash(), Optional.of(hashed.scram()));
                yield "changed the password of " + w.get(2) + "; its sessions were ended\n";
            }
            case List<String> w
            when is(w, 3, "account", "enable") -> {
                accounts.setEnabled(account(w.get(2)).id(), true);
                yield "enabled " + w.get(2) + "\n";
            }
            case List<String> w
            when is(w, 3, "account", "disable") -> {
                accounts.setEnabled(account(w.get(2)).id(), false);
                yield "disabled " + w.get(2) + "; its sessions were ended\n";
            }
            case List<String> w
            when is(w, 5, "account", "quota") -> {
                accounts.setQuota(account(w.get(2)).id(), new Accounts.Quota(limit(w.get(3)), limit(w.get(4))));
                yield "set the quota of " + w.get(2) + "\n";
            }
            case List<String> w
            when is(w, 6, "app-password", "add") -> addAppPassword(w.get(2), w.get(3), w.get(4), w.get(5));
            case List<String> w
            when is(w, 4, "app-password", "remove") -> {
                accounts.removeAppPassword(account(w.get(2)).id(), w.get(3));
                yield "removed the app password " + w.get(3) + " of " + w.get(2)
                        + "; the account's sessions were ended\n";
            }
            case List<String> w
            when is(w, 3, "app-password", "show") ->
                lines(accounts.appPasswords(account(w.get(2)).id()).stream()
                        .map(Management::line)
                        .toList());
            case List<String> w
            when is(w, 2, "alias", "list") ->
                lines(accounts.aliases().stream()
                        .map(alias -> alias.address() + " -> " + alias.target())
                        .toList());
            case List<String> w
            when is(w, 4, "alias", "add") -> {
                accounts.addAlias(w.get(2), w.get(3));
                yield "added alias " + w.get(2) + " -> " + w.get(3) + "\n";
            }
            case List<String> w
            when is(w, 4, "alias", "remove") -> {
                accounts.removeAlias(w.get(2), w.get(3));
                yield "removed alias " + w.get(2) + " -> " + w.get(3) + "\n";
            }
            case List<String> w
            when is(w, 2, "session", "list") ->
                lines(listeners.sessions().stream().map(Management::line).toList());
            case List<String> w
            when is(w, 3, "session", "end") -> {
                if (!listeners.endSession(w.get(2))) {
                    throw new AccountException("there is no session " + w.get(2));
                }
                yield "ended session " + w.get(2) + "\n";
            }
            default -> throw new AccountException("unknown command: " + String.join(" ", words));
        };
    }

    private static boolean is(List<String> words, int count, String... beginning) {
        return words.size() == count && words.subList(0, beginning.length).equals(List.of(beginning));
    }

    private record Hashed(String hash, ScramVerifier scram) {
        static Hashed of(byte[] password) {
            byte[] prepared = PasswordHasher.prepare(password)
                    .orElseThrow(
                            () -> new AccountException(
                                    "a password is not empty, and holds neither control characters nor anything that is not UTF-8"));
            try {
                return new Hashed(new PasswordHasher().hash(prepared), PasswordHasher.scramVerifier(prepared));
            } finally {
                Arrays.fill(prepared, (byte) 0);
            }
        }
    }

    /// Answers with the password: it is told this once.
    private String addAppPassword(String address, String name, String protocols, String expires) {
        Set<String> named = Set.of(protocols.split(",", -1));
        if (!APP_PASSWORD_PROTOCOLS.containsAll(named)) {
            throw new AccountException("the protocols of an app password are some of "
                    + String.join(", ", APP_PASSWORD_PROTOCOLS) + ", with commas between, not " + protocols);
        }
        Optional<Instant> until;
        try { // to the end of the day that is named
            until = expires.equals("never")
                    ? Optional.empty()
                    : Optional.of(LocalDate.parse(expires)
                            .plusDays(1)
                            .atStartOfDay(ZoneOffset.UTC)
                            .toInstant());
        } catch (DateTimeParseException e) {
            throw new AccountException("not a day: " + expires + " (expected as 2027-01-31, or never)");
        }
        String password = AppPassword.generate();
        store.accounts()
                .addAppPassword(
                        account(address).id(),
                        AppPassword.of(name, password.getBytes(StandardCharsets.US_ASCII), named, until));
        return password + "\n";
    }

    private static String line(AppPassword password) {
        return "%s  %s  %s"
                .formatted(
                        password.name(),
                        String.join(",", new TreeSet<>(password.protocols())),
                        password.expires()
                                .map(at -> (at.isAfter(Instant.now()) ? "until " : "EXPIRED ") + at)
                                .orElse("for ever"));
    }

    /// Makes an account; its first mailboxes with it.
    void addAccount(String address, byte[] password) {
        Hashed hashed = Hashed.of(password);
        store.accounts().addAccount(address, hashed.hash(), Optional.of(hashed.scram()));
    }

    private AccountInformation account(String address) {
        return store.accounts()
                .account(address)
                .orElseThrow(() -> new AccountException("there is no account " + address));
    }

    private static OptionalLong limit(String text) {
        return text.equals("none") ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(text));
    }

    private static String lines(List<String> lines) {
        StringJoiner joined = new StringJoiner("");
        lines.forEach(line -> joined.add(line + "\n"));
        return joined.toString();
    }

    private static String line(AccountInformation account) {
        return "%s  %s  %d messages%s  %d octets%s"
                .formatted(
                        account.address(),
                        account.enabled() ? "enabled" : "disabled",
                        account.usedMessages(),
                        of(account.quota().messages()),
                        account.usedBytes(),
                        of(account.quota().bytes()));
    }

    private static String of(OptionalLong limit) {
        return limit.isPresent() ? " of " + limit.getAsLong() : "";
    }

    private static String line(SessionInformation session) {
        return "%s  %s  %s  since %s  %s  %s  %s"
                .formatted(
                        session.id(),
                        session.listener(),
                        session.remote().getHostAddress(),
                        session.started(),
                        session.phase(),
                        session.tls()
                                .map(tls -> tls.version() + " " + tls.cipherSuite())
                                .orElse("no TLS yet"),
                        session.account().orElse("-"));
    }

    private String status() {
        StringBuilder text = new StringBuilder();
        text.append("process ").append(ProcessHandle.current().pid()).append('\n');
        text.append("store ").append(store.healthy() ? "accepts changes" : "ACCEPTS NO CHANGES: restart, see the log");
        text.append("\nsessions ").append(listeners.sessions().size()).append('\n');
        listeners
                .bound()
                .forEach((name, addresses) -> addresses.forEach(address -> text.append("listens ")
                        .append(name)
                        .append(' ')
                        .append(address.getAddress().getHostAddress())
                        .append(' ')
                        .append(address.getPort())
                        .append('\n')));
        return text.toString();
    }
}
