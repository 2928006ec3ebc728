package org.postern.server;

import java.util.Arrays;
import java.util.Optional;
import org.postern.auth.PasswordHasher;
import org.postern.auth.ScramVerifier;
import org.postern.session.Listeners;
import org.postern.store.AccountException;
import org.postern.store.Accounts;
import org.postern.store.Accounts.AccountInformation;

/// Accounts and their passwords.
final class AccountManagement {
    private final Accounts accounts;
    private final Listeners listeners;

    AccountManagement(Accounts accounts, Listeners listeners) {
        this.accounts = accounts;
        this.listeners = listeners;
    }

    Answer execute(Request.Account request, byte[] secret) {
        return switch (request) {
            case Request.Account.Add(String address) -> {
                Hashed hashed = Hashed.of(secret);
                accounts.addAccount(address, hashed.hash(), Optional.of(hashed.scram()));
                yield shown(address);
            }
            case Request.Account.Remove(String address) -> {
                accounts.removeAccount(require(accounts, address).id());
                yield Answer.Removed.of("account", address);
            }
            case Request.Account.Password(String address) -> {
                Hashed hashed = Hashed.of(secret);
                accounts.setPassword(require(accounts, address).id(), hashed.hash(), Optional.of(hashed.scram()));
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
            case Request.Account.List() ->
                new Answer.Accounts(accounts.accounts().stream()
                        .map(AccountManagement::answer)
                        .toList());
            case Request.Account.Show(String address) -> details(require(accounts, address));
        };
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
                account.sentCopy());
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
}
