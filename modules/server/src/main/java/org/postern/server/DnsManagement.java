package org.postern.server;

import java.net.IDN;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;
import org.postern.dns.FrontEnd;
import org.postern.dns.Gate;
import org.postern.dns.PublicationException;
import org.postern.dns.RecordDifference;
import org.postern.dns.RecordSet;
import org.postern.dns.RecordType;
import org.postern.dns.UpdatePublisher;
import org.postern.dns.WantedRecords;
import org.postern.resolver.DomainName;
import org.postern.store.Accounts;

/// The records of mail domains: what they ought to be, and what is published.
final class DnsManagement {
    private final DnsKeeper dns;
    private final DnsPublishers publishers;
    private final Accounts accounts;
    private final DnsLint lint;

    DnsManagement(DnsKeeper dns, DnsPublishers publishers, CertificateKeeper certificates, Accounts accounts) {
        this.lint = new DnsLint(dns, certificates);
        this.dns = dns;
        this.publishers = publishers;
        this.accounts = accounts;
    }

    Answer execute(Request.Dns request) {
        return switch (request) {
            case Request.Dns.Show(Optional<String> domain, Optional<String> zone) -> show(domain, zone);
            case Request.Dns.Check(String domain) -> lint.of(mailDomain(domain));
            case Request.Dns.Diff(Optional<String> domain, Optional<String> zone) -> diff(domain, zone);
            case Request.Dns.Journal(Optional<String> zone) -> journal(zone);
            case Request.Dns.Adopt(String owner, String type) -> adopt(owner, type);
        };
    }

    private Answer.DnsRecords show(Optional<String> domain, Optional<String> zone) {
        List<Answer.DnsWaiting> waiting = waiting(domain, zone);
        Gate.Passage passage = dns.passage(sets(domain, zone));
        return new Answer.DnsRecords(
                passage.permitted().stream().map(this::answer).toList(), withheld(passage), waiting);
    }

    private Answer.DnsDifferences diff(Optional<String> domain, Optional<String> zone) {
        List<Answer.DnsWaiting> waiting = waiting(domain, zone);
        List<RecordSet> sets = sets(domain, zone);
        Gate.Passage passage = dns.passage(sets);
        Predicate<DomainName> concerned = concerned(domain, zone);
        RecordDifference.Comparison comparison = RecordDifference.compare(
                passage.permitted(), dns.leftovers(passage.permitted(), passage.withheld(), concerned), dns.servers());
        return new Answer.DnsDifferences(
                comparison.same(),
                comparison.differences().stream().map(this::answer).toList(),
                comparison.failures(),
                withheld(passage),
                waiting);
    }

    private Answer.DnsJournal journal(Optional<String> zone) {
        Optional<DomainName> named = zone.map(DnsManagement::name);
        List<Answer.DnsJournalEntry> entries = new ArrayList<>();
        for (DnsSettings.Zone each : dns.settings().zones()) {
            if (named.isEmpty() || named.get().equals(each.name())) {
                updates(each)
                        .ifPresent(publisher -> publisher
                                .journal()
                                .forEach(entry -> entries.add(new Answer.DnsJournalEntry(
                                        each.name().text(),
                                        entry.time(),
                                        entry.number(),
                                        entry.outcome(),
                                        entry.text(),
                                        entry.changes()))));
            }
        }
        return new Answer.DnsJournal(entries);
    }

    private Optional<UpdatePublisher> updates(DnsSettings.Zone zone) {
        try {
            return publishers.updates(zone);
        } catch (PublicationException e) {
            throw new RequestRefused(String.valueOf(e.getMessage()));
        }
    }

    private Answer.DnsAdopted adopt(String owner, String type) {
        DomainName name = name(owner);
        UpdatePublisher publisher = dns.settings()
                .zoneOf(name)
                .flatMap(this::updates)
                .orElseThrow(() -> new RequestRefused(name + " is in no zone that dns.zones has with by = update"));
        try {
            List<String> adopted = publisher.adopt(name, type(type));
            dns.refresh();
            return new Answer.DnsAdopted(adopted);
        } catch (PublicationException e) {
            throw new RequestRefused(String.valueOf(e.getMessage()));
        }
    }

    private static RecordType type(String text) {
        try {
            return RecordType.valueOf(text.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw new RequestRefused("'" + text + "' is no type of records that Postern publishes");
        }
    }

    /// What record groups lead to is asked before what may be published is.
    private List<Answer.DnsWaiting> waiting(Optional<String> domain, Optional<String> zone) {
        Predicate<DomainName> concerned = zone.map(DnsManagement::name)
                .map(name -> (Predicate<DomainName>) owner -> owner.isWithin(name))
                .orElse(_ -> true);
        return dns.askGroups(domain.map(this::mailDomain)).stream()
                .filter(each -> concerned.test(each.prospect().key().owner()))
                .map(each -> new Answer.DnsWaiting(
                        each.prospect().group().word(),
                        each.state().word(),
                        each.prospect().key().owner().text(),
                        each.prospect().key().type().name(),
                        each.prospect().set().map(this::answer),
                        each.standing().map(this::answer),
                        each.prospect().obstacle().orElse("")))
                .toList();
    }

    private List<RecordSet> sets(Optional<String> domain, Optional<String> zone) {
        WantedRecords wanted = dns.wanted();
        List<RecordSet> sets = domain.map(name -> wanted.of(mailDomain(name))).orElseGet(wanted::all);
        return zone.map(DnsManagement::name)
                .map(name ->
                        sets.stream().filter(set -> set.owner().isWithin(name)).toList())
                .orElse(sets);
    }

    private Predicate<DomainName> concerned(Optional<String> domain, Optional<String> zone) {
        Predicate<DomainName> ofDomain = domain.map(
                        text -> concerning(mailDomain(text), dns.settings().frontEnds()))
                .orElse(_ -> true);
        return zone.map(DnsManagement::name)
                .map(name -> ofDomain.and(owner -> owner.isWithin(name)))
                .orElse(ofDomain);
    }

    /// Names in a mail domain, and those of the front ends.
    static Predicate<DomainName> concerning(DomainName domain, List<FrontEnd> frontEnds) {
        return owner -> owner.isWithin(domain)
                || frontEnds.stream()
                        .anyMatch(each -> owner.isWithin(each.host())
                                || each.tlsaAt().filter(owner::equals).isPresent());
    }

    private DomainName mailDomain(String text) {
        return new DomainName(DomainManagement.require(accounts, text).name());
    }

    private static DomainName name(String text) {
        try {
            return new DomainName(IDN.toASCII(text));
        } catch (IllegalArgumentException e) {
            throw new RequestRefused("'" + text + "' is not the name of a zone");
        }
    }

    private List<Answer.DnsWithheld> withheld(Gate.Passage passage) {
        return passage.withheld().stream()
                .map(each -> new Answer.DnsWithheld(answer(each.set()), each.reason()))
                .toList();
    }

    private Answer.DnsRecordSet answer(RecordSet set) {
        return new Answer.DnsRecordSet(
                dns.settings().zoneOf(set.owner()).map(zone -> zone.name().text()),
                set.owner().text(),
                set.type().name(),
                set.timeToLive().toSeconds(),
                set.data());
    }

    private Answer.DnsDifference answer(RecordDifference difference) {
        return new Answer.DnsDifference(
                DnsWatch.word(DnsWatch.check(difference)),
                difference.key().owner().text(),
                difference.key().type().name(),
                difference.wanted().map(this::answer),
                difference.found().map(this::answer),
                difference.servers());
    }
}
