package org.postern.server;

import java.util.OptionalLong;
import org.postern.store.Accounts;
import org.postern.store.Accounts.AccountInformation;
import org.postern.store.Accounts.DomainInformation;

/// What accounts may hold. A name without `@` is a domain's, for the default of its accounts.
final class QuotaManagement {
    private final Accounts accounts;

    QuotaManagement(Accounts accounts) {
        this.accounts = accounts;
    }

    Answer execute(Request.Quota request) {
        return switch (request) {
            case Request.Quota.Show(String name) -> shown(name);
            case Request.Quota.Set set -> {
                var quota = new Accounts.Quota(set.octets(), set.messages());
                if (isAddress(set.name())) {
                    accounts.setQuota(
                            AccountManagement.require(accounts, set.name()).id(), quota);
                } else {
                    accounts.setDomainQuota(set.name(), quota);
                }
                yield shown(set.name());
            }
            case Request.Quota.Clear(String address) -> {
                accounts.followDomainQuota(
                        AccountManagement.require(accounts, address).id());
                yield shown(address);
            }
        };
    }

    private static boolean isAddress(String name) {
        return name.contains("@");
    }

    private Answer.Quota shown(String name) {
        if (isAddress(name)) {
            AccountInformation account = AccountManagement.require(accounts, name);
            return new Answer.Quota(
                    account.address(),
                    "account",
                    account.hasOwnQuota(),
                    OptionalLong.of(account.usedBytes()),
                    account.quota().bytes(),
                    OptionalLong.of(account.usedMessages()),
                    account.quota().messages());
        }
        DomainInformation domain = DomainManagement.require(accounts, name);
        return new Answer.Quota(
                domain.name(),
                "domain",
                true,
                OptionalLong.empty(),
                domain.quota().bytes(),
                OptionalLong.empty(),
                domain.quota().messages());
    }
}
