package org.postern.server;

import org.postern.store.Accounts;

/// Mail domains, with the names on certificates that follow them.
final class DomainManagement {
    private final Accounts accounts;
    private final CertificateKeeper certificates;

    DomainManagement(Accounts accounts, CertificateKeeper certificates) {
        this.accounts = accounts;
        this.certificates = certificates;
    }

    Answer execute(Request.Domain request) {
        return switch (request) {
            case Request.Domain.Add(String domain) -> {
                accounts.addDomain(domain);
                certificates.refresh();
                yield new Answer.Domain(domain);
            }
            case Request.Domain.Remove(String domain) -> {
                accounts.removeDomain(domain);
                certificates.refresh();
                yield Answer.Removed.of("domain", domain);
            }
            case Request.Domain.List() ->
                new Answer.Domains(
                        accounts.domains().stream().map(Answer.Domain::new).toList());
        };
    }
}
