package org.postern.server;

import java.util.List;
import org.postern.store.Accounts;
import org.postern.store.Accounts.DomainInformation;
import org.postern.store.Deliveries;
import org.postern.store.PosternStore;
import org.postern.store.RecipientVerdict;

/// Mail domains, with the names on certificates that follow them.
final class DomainManagement {
    private final Accounts accounts;
    private final Deliveries deliveries;
    private final CertificateKeeper certificates;
    private final DnsKeeper dns;

    DomainManagement(PosternStore store, CertificateKeeper certificates, DnsKeeper dns) {
        this.dns = dns;
        this.accounts = store.accounts();
        this.deliveries = store.deliveries();
        this.certificates = certificates;
    }

    Answer execute(Request.Domain request) {
        return switch (request) {
            case Request.Domain.Add(String domain) -> {
                accounts.addDomain(domain);
                certificates.refresh();
                dns.refresh();
                yield shown(domain);
            }
            case Request.Domain.Remove(String domain) -> {
                accounts.removeDomain(domain);
                certificates.refresh();
                dns.refresh();
                yield Answer.Removed.of("domain", domain);
            }
            case Request.Domain.List() -> new Answer.Domains(all());
            case Request.Domain.Show(String domain) -> shown(domain);
        };
    }

    List<Answer.Domain> all() {
        return accounts.domainInformation().stream().map(this::answer).toList();
    }

    private Answer.Domain shown(String domain) {
        return answer(require(accounts, domain));
    }

    /// Of its name in A-labels or in U-labels.
    static DomainInformation require(Accounts accounts, String domain) {
        return accounts.domain(domain)
                .orElseThrow(() -> new RequestRefused(
                        "there is no domain " + domain + " here: add it first (postern domain add " + domain + ")"));
    }

    private Answer.Domain answer(DomainInformation domain) {
        return new Answer.Domain(
                domain.name(),
                domain.unicode(),
                domain.accounts(),
                domain.aliases(),
                domain.quota().bytes(),
                domain.quota().messages(),
                hasPostmaster(deliveries, domain.name()));
    }

    /// RFC 5321 §4.5.1: postmaster of each domain must be there.
    static boolean hasPostmaster(Deliveries deliveries, String domain) {
        return deliveries.resolve("postmaster@" + domain) instanceof RecipientVerdict.Accepted;
    }
}
