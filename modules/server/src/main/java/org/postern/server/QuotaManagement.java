package org.postern.server;

import org.postern.store.Accounts;

/// What accounts may hold.
final class QuotaManagement {
    private final Accounts accounts;

    QuotaManagement(Accounts accounts) {
        this.accounts = accounts;
    }

    Answer execute(Request.Quota request) {
        return switch (request) {
            case Request.Quota.Set set -> {
                accounts.setQuota(
                        AccountManagement.require(accounts, set.address()).id(),
                        new Accounts.Quota(set.octets(), set.messages()));
                yield AccountManagement.answer(AccountManagement.require(accounts, set.address()));
            }
        };
    }
}
