package org.postern.server;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.postern.audit.AuditReport;
import org.postern.audit.EndpointReport;
import org.postern.audit.Finding;
import org.postern.audit.ServiceReport;
import org.postern.audit.VisitReport;
import org.postern.mua.Decision;
import org.postern.mua.Server;
import org.postern.resolver.DnsRecord;

/// An audit as `postern audit` prints it. What a server or a zone says is printed without control characters: it is
/// written by strangers.
final class AuditDisplay {
    private AuditDisplay() {}

    static Answer.Audit answer(AuditReport report) {
        return new Answer.Audit(
                report.domain().text(),
                word(report.policy()),
                report.passed(),
                report.time(),
                report.services().stream().map(AuditDisplay::service).toList(),
                report.endpoints().stream().map(AuditDisplay::endpoint).toList(),
                report.findings().stream().map(AuditDisplay::finding).toList());
    }

    private static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static Answer.AuditedService service(ServiceReport service) {
        return new Answer.AuditedService(
                service.set().service().label(),
                word(service.state()),
                service.set().secure(),
                service.set().lookup().records(DnsRecord.Srv.class).stream()
                        .map(record ->
                                record.priority() + " " + record.weight() + " " + record.port() + " " + record.target())
                        .toList());
    }

    private static Answer.AuditedEndpoint endpoint(EndpointReport endpoint) {
        Server server = endpoint.server();
        return new Answer.AuditedEndpoint(
                server.service().label(),
                server.host(),
                server.port(),
                server.origin() == Server.Origin.CONFIRMED_SRV,
                word(endpoint.target().tlsaState()),
                endpoint.visits().stream().map(AuditDisplay::visit).toList());
    }

    private static Answer.AuditedAddress visit(VisitReport visit) {
        return new Answer.AuditedAddress(
                visit.address().getHostAddress(),
                visit.probe().tls().map(tls -> tls.version()),
                visit.probe().tls().map(tls -> tls.suite()),
                visit.probe().tls().flatMap(tls -> tls.group()),
                verdict(visit.strict()),
                verdict(visit.standard()));
    }

    private static Answer.Verdict verdict(Decision decision) {
        String word = switch (decision) {
            case Decision.Continue _ -> "continue";
            case Decision.OfferPin _ -> "offer-pin";
            case Decision.Terminate _ -> "refuse";
        };
        return new Answer.Verdict(
                word,
                decision.evidence().row().id(),
                decision.evidence().lines().stream().map(AuditDisplay::clean).toList());
    }

    private static Answer.AuditFinding finding(Finding finding) {
        return new Answer.AuditFinding(
                word(finding.rule()),
                word(finding.severity()),
                finding.subject(),
                finding.rule().text(),
                clean(finding.detail()),
                finding.rule().source(),
                finding.rule().remedy());
    }

    /// Without control characters.
    static String clean(String text) {
        return text.codePoints()
                .map(point ->
                        Character.isISOControl(point) || Character.getType(point) == Character.FORMAT ? '?' : point)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    static String text(Answer.Audit audit) {
        StringBuilder text = new StringBuilder();
        Table services = new Table("SERVICE", "STATE", "SIGNED", "RECORDS");
        for (Answer.AuditedService service : audit.services()) {
            services.row(
                    service.service(),
                    service.state(),
                    service.signed() ? "yes" : "no",
                    service.records().isEmpty() ? "-" : String.join("; ", service.records()));
        }
        text.append(services).append('\n');
        Table endpoints = new Table("ENDPOINT", "ADDRESS", "TLS", "TLSA", "STRICT", "STANDARD");
        StringBuilder clauses = new StringBuilder();
        for (Answer.AuditedEndpoint endpoint : audit.endpoints()) {
            String name = endpoint.service() + "://" + endpoint.host() + ":" + endpoint.port();
            if (endpoint.addresses().isEmpty()) {
                endpoints.row(name, "-", "-", endpoint.tlsa(), "refuse", "refuse");
            }
            for (Answer.AuditedAddress address : endpoint.addresses()) {
                endpoints.row(
                        name,
                        address.address(),
                        address.version().orElse("-"),
                        endpoint.tlsa(),
                        address.strict().decision(),
                        address.standard().decision());
                clauses.append(clauses(name + " at " + address.address(), endpoint.confirmed(), address));
            }
        }
        text.append(endpoints);
        if (!clauses.isEmpty()) {
            text.append('\n').append(clauses);
        }
        text.append('\n');
        for (Answer.AuditFinding finding : audit.findings()) {
            text.append(finding.severity())
                    .append(": ")
                    .append(finding.subject())
                    .append(": ")
                    .append(finding.text())
                    .append(finding.detail().isEmpty() ? "" : ": " + finding.detail())
                    .append(" (")
                    .append(finding.source())
                    .append(")\n    ")
                    .append(finding.remedy())
                    .append('\n');
        }
        return text.append(audit.domain())
                .append(audit.passed() ? " passes" : " does not pass")
                .append(" under the policy ")
                .append(audit.policy())
                .append('\n')
                .toString();
    }

    private static String clauses(String name, boolean confirmed, Answer.AuditedAddress address) {
        List<String> lines = new ArrayList<>();
        lines.add(name + (confirmed ? ", after the user confirmed the host" : ""));
        if (address.strict().equals(address.standard())) {
            verdict(lines, "strict and standard", address.strict());
        } else {
            verdict(lines, "strict", address.strict());
            verdict(lines, "standard", address.standard());
        }
        return String.join("\n", lines) + "\n";
    }

    private static void verdict(List<String> lines, String policy, Answer.Verdict verdict) {
        lines.add("  " + policy + ": " + verdict.decision());
        verdict.evidence().forEach(line -> lines.add("    " + line));
    }
}
