package org.postern.store;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.postern.auth.AccountDirectory;
import org.postern.auth.AccountId;
import org.postern.auth.AppPassword;
import org.postern.auth.ScramHash;
import org.postern.auth.ScramVerifier;

/// Domains, accounts and aliases. Every change is durable when its method returns.
public interface Accounts extends AccountDirectory {
    void addDomain(String domain);

    void removeDomain(String domain);

    List<String> domains();

    List<DomainInformation> domainInformation();

    /// By its name in A-labels or in U-labels.
    Optional<DomainInformation> domain(String name);

    /// Makes an account with its first mailboxes.
    /// @throws AccountException where the address is taken, malformed, or its domain is not ours
    AccountId addAccount(String address, String passwordHash, Optional<ScramVerifier> scram);

    void removeAccount(AccountId account);

    void setPassword(AccountId account, String passwordHash, Optional<ScramVerifier> scram);

    /// From when on the password must be changed before it is good for anything; empty for never. A new password is
    /// not due. App passwords and client keys go on.
    void setPasswordDue(AccountId account, Optional<Instant> due);

    /// Forgets the further SCRAM verifiers for all hashes but these: who steals them attacks the weakest.
    void keepScram(Set<ScramHash> kept);

    /// Adds a further password.
    /// @throws AccountException where the account has one of this name, or too many
    void addAppPassword(AccountId account, AppPassword password);

    /// Ends the account's sessions: any of them may have begun with it.
    /// @throws AccountException where there is none of this name
    void removeAppPassword(AccountId account, String name);

    List<AppPassword> appPasswords(AccountId account);

    /// Registers the key of a client's certificate: who has it may log in.
    /// @throws AccountException where the account has one of this name, or too many
    void addClientKey(AccountId account, ClientKey key);

    /// Ends the account's sessions.
    /// @throws AccountException where there is none of this name
    void removeClientKey(AccountId account, String name);

    List<ClientKey> clientKeys(AccountId account);

    /// The addresses of accounts that a key is registered for.
    List<String> addressesOfClientKey(byte[] digest);

    /// Whether any is registered at all. Costs nothing: each handshake asks.
    boolean hasClientKeys();

    void setEnabled(AccountId account, boolean enabled);

    /// Limits of the account's own, in place of its domain's default.
    void setQuota(AccountId account, Quota quota);

    /// The domain's default limits apply to the account, as they do to a new one.
    void followDomainQuota(AccountId account);

    /// What the accounts of a domain may hold that have no limits of their own.
    void setDomainQuota(String domain, Quota quota);

    /// Whether what the account submits is also put into its `\Sent` mailbox. Off for a new account: most mail
    /// programs do that themselves.
    void setSentCopy(AccountId account, boolean on);

    boolean keepsSentCopy(AccountId account);

    Optional<AccountInformation> account(String address);

    List<AccountInformation> accounts();

    void addAlias(String address, String target);

    void removeAlias(String address, String target);

    List<Alias> aliases();

    /// True if the account may send as this address: its own, with or without detail, or an alias that
    /// leads to it.
    boolean owns(AccountId account, String address);

    /// Called after an account's credentials changed, or it was disabled or removed: its sessions must end.
    void onRevoked(java.util.function.Consumer<AccountId> listener);

    /// Bytes are logical: each copy counts. Empty: no limit.
    record Quota(java.util.OptionalLong bytes, java.util.OptionalLong messages) {}

    /// A mail domain.
    ///
    /// @param name in A-labels
    /// @param unicode in U-labels, for people
    /// @param quota of accounts that have none of their own
    record DomainInformation(String name, String unicode, Quota quota, long accounts, long aliases) {}

    /// An account.
    ///
    /// @param quota that applies, its own or the domain's
    /// @param scram for which it has SCRAM verifiers
    /// @param passwordDue from then on the password must be changed first
    record AccountInformation(
            AccountId id,
            String address,
            boolean enabled,
            Quota quota,
            boolean hasOwnQuota,
            long usedBytes,
            long usedMessages,
            boolean sentCopy,
            Set<ScramHash> scram,
            Optional<Instant> passwordDue) {}

    record Alias(String address, String target) {}
}
