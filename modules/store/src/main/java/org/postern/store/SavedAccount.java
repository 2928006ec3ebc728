package org.postern.store;

import java.util.List;
import java.util.Optional;
import org.postern.auth.AppPassword;
import org.postern.auth.ScramVerifier;

/// An account as a backup has it, but for its mail.
///
/// @param ownQuota false where its domain's limits applied
/// @param aliases that lead to it, and to nothing else on the way
/// @param uidValidity the last one that it had given
public record SavedAccount(
        String address,
        boolean enabled,
        String passwordHash,
        Optional<ScramVerifier> scram,
        List<AppPassword> appPasswords,
        Accounts.Quota quota,
        boolean ownQuota,
        boolean sentCopy,
        List<String> aliases,
        long uidValidity) {
    public SavedAccount {
        appPasswords = List.copyOf(appPasswords);
        aliases = List.copyOf(aliases);
    }

    /// Without its secrets.
    @Override
    public String toString() {
        return "account " + address + ", " + appPasswords.size() + " app passwords, aliases " + aliases;
    }
}
