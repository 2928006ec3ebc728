package org.postern.server;

import java.time.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.postern.audit.Audit;
import org.postern.audit.AuditReport;
import org.postern.audit.AuditRule;
import org.postern.audit.AuditSettings;
import org.postern.audit.EndpointReport;
import org.postern.dns.DirectServers;
import org.postern.dns.Gate;
import org.postern.dns.Leftover;
import org.postern.dns.LintFinding;
import org.postern.dns.RecordLint;
import org.postern.dns.RecordSet;
import org.postern.dns.WantedRecords;
import org.postern.mua.Facts;
import org.postern.mua.Policy;
import org.postern.recordgroups.Prospect;
import org.postern.resolver.DomainName;
import org.postern.resolver.Resolver;
import org.postern.tls.CertificateFinding;

/// The second face of the audit: what clients make of a domain's records and of every endpoint behind them, and what
/// only the operator of the server can see besides. Looks anew: nothing of it comes from a cache of the server.
final class DnsLint {
    private final DnsKeeper dns;
    private final CertificateKeeper certificates;

    DnsLint(DnsKeeper dns, CertificateKeeper certificates) {
        this.dns = dns;
        this.certificates = certificates;
    }

    Answer.DnsChecked of(DomainName domain) {
        DnsSettings settings = dns.settings();
        Resolver resolver = settings.resolver();
        List<Answer.Finding> findings = new ArrayList<>();
        groups(domain, findings);
        records(domain, settings, resolver, findings);
        AuditReport report = new Audit(
                        AuditSettings.of(Policy.STRICT)
                                .withAnchors(certificates.anchors())
                                .withPrivateAddresses(true),
                        resolver::lookup)
                .of(domain);
        audit(report, findings);
        certificates(domain, findings);
        findings.sort(Comparator.comparing(finding -> !finding.state().equals("wrong"))); // what is wrong first
        boolean passed = findings.stream().noneMatch(finding -> finding.state().equals("wrong"));
        return new Answer.DnsChecked(domain.text(), passed, Clock.systemUTC().instant(), findings);
    }

    /// Whether what the records lead to answers, published or not.
    private void groups(DomainName domain, List<Answer.Finding> findings) {
        dns.askGroups(Optional.of(domain));
        for (Prospect each : dns.groups(domain)) {
            findings.add(new Answer.Finding(
                    each.group().word(),
                    each.key().toString(),
                    each.obstacle().isEmpty() ? "ok" : "wrong",
                    each.obstacle().orElse("leads to what answers")));
        }
    }

    private void records(DomainName domain, DnsSettings settings, Resolver resolver, List<Answer.Finding> findings) {
        WantedRecords wanted = dns.wanted();
        List<RecordSet> sets = wanted.of(domain);
        Predicate<DomainName> concerned = DnsManagement.concerning(domain, wanted.frontEnds());
        List<Leftover> left = dns.leftovers(sets, List.of(), concerned);
        new RecordLint(
                        new Gate(resolver, settings.diagnosis()),
                        new DirectServers(settings.resolvers(), settings.servers()),
                        Clock.systemUTC())
                .of(sets, left, wanted.frontEnds())
                .forEach(each -> findings.add(answer(each)));
    }

    private static Answer.Finding answer(LintFinding finding) {
        return new Answer.Finding(
                finding.check().word(),
                finding.subject(),
                switch (finding.state()) {
                    case OK -> "ok";
                    case WRONG -> "wrong";
                    case NOT_AVAILABLE -> "not-available";
                },
                finding.text());
    }

    // ---- what clients make of it

    private static void audit(AuditReport report, List<Answer.Finding> findings) {
        report.findings().stream()
                // the zone's state, and records that are missing, have been told of
                .filter(finding -> finding.rule() != AuditRule.SRV_UNSIGNED && finding.rule() != AuditRule.TLSA_ABSENT)
                .forEach(finding -> findings.add(new Answer.Finding(
                        finding.rule().name().toLowerCase(Locale.ROOT).replace('_', '-'),
                        finding.subject(),
                        // what could be better, as MX records that are not ours, is no fault of the records here
                        finding.severity() == AuditRule.Severity.NOTE ? "not-available" : "wrong",
                        finding.rule().text()
                                + (finding.detail().isEmpty() ? "" : ": " + AuditDisplay.clean(finding.detail())) + " ("
                                + finding.rule().source() + "): "
                                + finding.rule().remedy())));
        report.endpoints().forEach(endpoint -> endpoint(endpoint, findings));
        mixed(report.endpoints(), findings);
    }

    private static void endpoint(EndpointReport endpoint, List<Answer.Finding> findings) {
        endpoint.visits().forEach(visit -> {
            boolean strict = visit.strict().mayContinue();
            boolean standard = visit.standard().mayContinue();
            findings.add(new Answer.Finding(
                    "endpoint",
                    endpoint.server() + " at " + visit.address().getHostAddress(),
                    strict ? "ok" : "wrong",
                    (strict ? "every client goes on" : standard ? "a strict client refuses" : "clients refuse")
                            + ", TLSA " + word(endpoint.target().tlsaState()) + " ("
                            + visit.strict().evidence().row().id() + ")"));
        });
    }

    private static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /// RFC 7673 §9.1: clients do not choose a target for its TLSA records.
    private static void mixed(List<EndpointReport> endpoints, List<Answer.Finding> findings) {
        Map<Boolean, Set<String>> hosts = new LinkedHashMap<>();
        endpoints.forEach(endpoint -> hosts.computeIfAbsent(
                        endpoint.target().tlsaState() == Facts.Tlsa.USABLE, _ -> new TreeSet<>())
                .add(endpoint.server().host() + ":" + endpoint.server().port()));
        if (hosts.size() == 2) {
            findings.add(new Answer.Finding(
                    "mixed-targets",
                    String.join(", ", hosts.getOrDefault(false, Set.of())),
                    "wrong",
                    "has no TLSA record that clients can use, and "
                            + String.join(", ", hosts.getOrDefault(true, Set.of()))
                            + " has: an attacker sends clients to the one without (RFC 7673 §9.1)"));
        }
    }

    // ---- names on certificates

    private void certificates(DomainName domain, List<Answer.Finding> findings) {
        Set<String> names = new TreeSet<>();
        names.add(domain.text());
        dns.settings().frontEnds().forEach(each -> names.add(each.host().text()));
        for (CertificateFinding finding : certificates.watch().coverage()) {
            if (names.contains(finding.subject())) {
                findings.add(new Answer.Finding(
                        CertificateManagement.word(finding.check()),
                        finding.subject(),
                        CertificateManagement.word(finding.state()),
                        finding.text()));
            }
        }
    }
}
