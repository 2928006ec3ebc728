package org.postern.server;

import java.time.Instant;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.postern.auth.AccountId;
import org.postern.auth.PasswordHasher;
import org.postern.auth.ScramHash;
import org.postern.auth.ScramVerifier;
import org.postern.session.Listeners;
import org.postern.store.AccountException;
import org.postern.store.Accounts;
import org.postern.store.Accounts.AccountInformation;
import org.postern.store.Store;

/// Accounts and their passwords.
final class AccountManagement {
    private final Accounts accounts;
    private final Set<ScramHash> scramKept;
    private final TlsUseManagement tlsUses;
    private final Listeners listeners;

    /// @param scramKept for which accounts get SCRAM verifiers beside SHA-256
    AccountManagement(Store store, Set<ScramHash> scramKept, Listeners listeners) {
        this.accounts = store.accounts();
        this.scramKept = scramKept;
        this.tlsUses = new TlsUseManagement(accounts, store.tlsInventory());
        this.listeners = listeners;
    }

    Answer execute(Request.Account request, byte[] secret) {
        return switch (request) {
            case Request.Account.Add(String address) -> {
                Hashed hashed = hashed(secret);
                hashed.keepFurther(accounts, accounts.addAccount(address, hashed.hash(), Optional.of(hashed.scram())));
                yield shown(address);
            }
            case Request.Account.Remove(String address) -> {
                accounts.removeAccount(require(accounts, address).id());
                yield Answer.Removed.of("account", address);
            }
            case Request.Account.Password(String address) -> {
                Hashed hashed = hashed(secret);
                AccountId account = require(accounts, address).id();
                accounts.setPassword(account, hashed.hash(), Optional.of(hashed.scram()));
                hashed.keepFurther(accounts, account);
                yield shown(address);
            }
            case Request.Account.Enable(String address) -> {
                accounts.setEnabled(require(accounts, address).id(), true);
                yield shown(address);
            }
            case Request.Account.Disable(String address) -> {
                accounts.setEnabled(require(accounts, address).id(), false);
                yield shown(address);
            }
            case Request.Account.SentCopy(String address, boolean on) -> {
                accounts.setSentCopy(require(accounts, address).id(), on);
                yield shown(address);
            }
            case Request.Account.PasswordDue(String name, Optional<Instant> due) -> passwordDue(name, due);
            case Request.Account.List() ->
                new Answer.Accounts(accounts.accounts().stream()
                        .map(AccountManagement::answer)
                        .toList());
            case Request.Account.Show(String address) -> details(require(accounts, address));
            case Request.Account.Tls tls -> tlsUses.answer(tls, listeners.sessions());
        };
    }

    /// Of an account, or of all in a domain.
    private Answer passwordDue(String name, Optional<Instant> due) {
        List<AccountInformation> chosen = name.contains("@")
                ? List.of(require(accounts, name))
                : ofDomain(accounts.domain(name)
                        .orElseThrow(() -> new RequestRefused("there is no account and no domain " + name))
                        .name());
        chosen.forEach(account -> accounts.setPasswordDue(account.id(), due));
        return new Answer.Accounts(
                chosen.stream().map(account -> shown(account.address())).toList());
    }

    private List<AccountInformation> ofDomain(String domain) {
        return accounts.accounts().stream()
                .filter(account -> account.address().endsWith("@" + domain))
                .toList();
    }

    private Answer details(AccountInformation account) {
        return new Answer.AccountDetails(
                answer(account),
                accounts.aliases().stream()
                        .filter(alias -> alias.target().equalsIgnoreCase(account.address()))
                        .map(Accounts.Alias::address)
                        .toList(),
                accounts.appPasswords(account.id()).stream()
                        .map(AppPasswordManagement::answer)
                        .toList(),
                listeners.sessions().stream()
                        .filter(session -> session.account()
                                .filter(account.address()::equals)
                                .isPresent())
                        .map(SessionManagement::answer)
                        .toList());
    }

    private Answer.Account shown(String address) {
        return answer(require(accounts, address));
    }

    static AccountInformation require(Accounts accounts, String address) {
        return accounts.account(address).orElseThrow(() -> new AccountException("there is no account " + address));
    }

    static Answer.Account answer(AccountInformation account) {
        return new Answer.Account(
                account.address(),
                account.enabled(),
                account.usedBytes(),
                account.quota().bytes(),
                account.usedMessages(),
                account.quota().messages(),
                account.hasOwnQuota(),
                account.sentCopy(),
                account.scram().stream().map(ScramHash::mechanism).toList(),
                account.passwordDue());
    }

    private record Hashed(String hash, ScramVerifier scram, Map<ScramHash, ScramVerifier> further) {
        /// Where that fails, the next login by the password makes them.
        void keepFurther(Accounts accounts, AccountId account) {
            further.forEach((hash, verifier) -> accounts.scramMade(account, hash, verifier));
        }
    }

    private Hashed hashed(byte[] password) {
        byte[] prepared = PasswordHasher.prepare(password)
                .orElseThrow(
                        () -> new AccountException(
                                "a password is not empty, and holds neither control characters nor anything that is not UTF-8"));
        try {
            ScramVerifier scram = PasswordHasher.scramVerifier(prepared);
            Map<ScramHash, ScramVerifier> further = new EnumMap<>(ScramHash.class);
            scramKept.forEach(hash -> further.put(hash, PasswordHasher.scramVerifier(hash, prepared, scram)));
            return new Hashed(new PasswordHasher().hash(prepared), scram, further);
        } finally {
            Arrays.fill(prepared, (byte) 0);
        }
    }
}
