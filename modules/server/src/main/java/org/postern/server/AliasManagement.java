package org.postern.server;

import org.postern.store.Accounts;

/// Further addresses of accounts.
final class AliasManagement {
    private final Accounts accounts;

    AliasManagement(Accounts accounts) {
        this.accounts = accounts;
    }

    Answer execute(Request.Alias request) {
        return switch (request) {
            case Request.Alias.Add(String address, String target) -> {
                accounts.addAlias(address, target);
                yield new Answer.Alias(address, target);
            }
            case Request.Alias.Remove(String address, String target) -> {
                accounts.removeAlias(address, target);
                yield Answer.Removed.of("alias", address);
            }
            case Request.Alias.List() ->
                new Answer.Aliases(accounts.aliases().stream()
                        .map(alias -> new Answer.Alias(alias.address(), alias.target()))
                        .toList());
        };
    }
}
