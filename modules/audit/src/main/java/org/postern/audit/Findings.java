package org.postern.audit;

import java.net.InetAddress;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.postern.identity.DaneResult;
import org.postern.identity.PkixResult;
import org.postern.identity.Rule;
import org.postern.mua.Capabilities;
import org.postern.mua.Evidence;
import org.postern.mua.Facts;
import org.postern.mua.Lookups;
import org.postern.mua.Probe;
import org.postern.mua.Protocol;
import org.postern.mua.Server;
import org.postern.mua.Service;
import org.postern.mua.SrvSet;
import org.postern.mua.Target;
import org.postern.mua.TlsSession;
import org.postern.resolver.DnsRecord;
import org.postern.resolver.DomainName;
import org.postern.resolver.Lookup;

/// Holds what was seen against the [AuditRule]s. For one audit, on one thread.
final class Findings {
    private static final Duration SOON = Duration.ofDays(14);

    private final AuditSettings settings;
    private final Lookups lookups;
    private final List<Finding> found = new ArrayList<>();

    Findings(AuditSettings settings, Lookups lookups) {
        this.settings = settings;
        this.lookups = lookups;
    }

    List<Finding> of(
            DomainName domain, List<ServiceReport> services, Lookup smtps, Lookup mx, List<EndpointReport> endpoints) {
        services.forEach(this::service);
        boolean said = services.stream().anyMatch(service -> service.state() != ServiceReport.State.NOT_SAID);
        if (!said) {
            // one finding rather than six of the same
            found.clear();
            add(AuditRule.NOTHING_OFFERED, domain, "");
        }
        protocols(services);
        if (!smtps.records(DnsRecord.Srv.class).isEmpty()) {
            add(AuditRule.SMTPS_LABEL, domain, "");
        }
        mx(domain, mx);
        endpoints.forEach(this::endpoint);
        return found;
    }

    private void add(AuditRule rule, Object subject, String detail) {
        found.add(Finding.of(rule, subject, detail));
    }

    // ---- what the domain says

    /// R8314-45: of no matter to a mail program, so no more than notes.
    private void mx(DomainName domain, Lookup mx) {
        switch (mx) {
            case Lookup.Secure _, Lookup.Insecure _ -> {
                if (mx.records(DnsRecord.Mx.class).isEmpty()) {
                    add(AuditRule.MX_ABSENT, domain, "");
                } else if (mx instanceof Lookup.Insecure) {
                    add(AuditRule.MX_UNSIGNED, domain, "");
                }
            }
            case Lookup.Bogus _, Lookup.Indeterminate _ -> {} // the SRV records tell of it
        }
    }

    private void service(ServiceReport service) {
        SrvSet set = service.set();
        switch (service.state()) {
            case NOT_SAID -> add(AuditRule.NOT_SAID, set.owner(), "");
            case FAILED -> {
                if (set.failed()) {
                    add(AuditRule.SRV_FAILED, set.owner(), reason(set.lookup()));
                }
            }
            case OFFERED, NOT_OFFERED -> {
                if (!set.secure()) {
                    add(AuditRule.SRV_UNSIGNED, set.owner(), "");
                }
            }
        }
        set.faults().forEach(fault -> add(AuditRule.SRV_FAULTY, set.owner(), fault));
    }

    private void protocols(List<ServiceReport> services) {
        Map<Service, SrvSet> offered = new EnumMap<>(Service.class);
        services.stream()
                .filter(service -> service.state() == ServiceReport.State.OFFERED)
                .forEach(service -> offered.put(service.set().service(), service.set()));
        for (Protocol protocol : Protocol.values()) {
            Optional<SrvSet> implicit = of(offered, protocol, true);
            Optional<SrvSet> upgraded = of(offered, protocol, false);
            if (upgraded.isPresent() && implicit.isEmpty()) {
                add(AuditRule.NO_IMPLICIT_TLS, upgraded.get().owner(), "");
            } else if (upgraded.isPresent() && best(upgraded.get()) < best(implicit.get())) {
                add(
                        AuditRule.STARTTLS_PREFERRED,
                        upgraded.get().owner(),
                        best(upgraded.get()) + " is before " + best(implicit.get()));
            }
        }
    }

    private static Optional<SrvSet> of(Map<Service, SrvSet> offered, Protocol protocol, boolean implicitTls) {
        return offered.entrySet().stream()
                .filter(entry ->
                        entry.getKey().protocol() == protocol && entry.getKey().implicitTls() == implicitTls)
                .map(Map.Entry::getValue)
                .findFirst();
    }

    private static int best(SrvSet set) {
        return set.usable().stream().mapToInt(DnsRecord.Srv::priority).min().orElseThrow();
    }

    private static String reason(Lookup lookup) {
        return switch (lookup) {
            case Lookup.Bogus bogus -> bogus.reason();
            case Lookup.Indeterminate failed -> failed.reason();
            case Lookup.Secure _, Lookup.Insecure _ -> "";
        };
    }

    // ---- where its hosts are

    private void endpoint(EndpointReport endpoint) {
        Server server = endpoint.server();
        Target target = endpoint.target();
        String aliases = target.addressLookups().stream()
                .flatMap(lookup -> lookup.hops().stream())
                .map(hop -> hop.from() + " is " + hop.to())
                .distinct()
                .collect(Collectors.joining(", "));
        if (!aliases.isEmpty()) {
            add(AuditRule.SRV_ALIAS, server, aliases);
        }
        if (!Audit.usable(target.addressSecurity())) {
            add(AuditRule.ADDRESS_FAILED, server, reasons(target.addressLookups()));
        } else if (target.addresses().isEmpty()) {
            add(AuditRule.NO_ADDRESS, server, "");
        }
        if (!settings.allowPrivate()) {
            for (InetAddress address : target.addresses()) {
                if (!PublicAddress.is(address)) {
                    add(AuditRule.PRIVATE_ADDRESS, Audit.at(server, address), "");
                }
            }
        }
        tlsa(server, target);
        if (server.origin() == Server.Origin.CONFIRMED_SRV) {
            add(AuditRule.NEEDS_CONFIRMATION, server, "");
        }
        endpoint.visits().forEach(visit -> visit(server, visit));
    }

    private static String reasons(List<Lookup> lookups) {
        return lookups.stream()
                .map(Findings::reason)
                .filter(reason -> !reason.isEmpty())
                .distinct()
                .collect(Collectors.joining("; "));
    }

    private void tlsa(Server server, Target target) {
        switch (target.tlsaState()) {
            case BOGUS, INDETERMINATE -> add(AuditRule.TLSA_FAILED, server, reasons(target.tlsa()));
            case UNUSABLE ->
                add(
                        AuditRule.TLSA_UNUSABLE,
                        server,
                        target.tlsaRecords().stream().map(Object::toString).collect(Collectors.joining(", ")));
            case ABSENT -> {
                if (target.tlsa().stream().allMatch(Lookup.Secure.class::isInstance)) {
                    add(AuditRule.TLSA_ABSENT, server, "");
                }
            }
            case INSECURE -> add(AuditRule.TLSA_UNSIGNED, server, "");
            case NOT_QUERIED -> unsigned(server);
            case USABLE -> {
                return;
            }
        }
    }

    /// A client does not ask for TLSA records behind unsigned addresses (RFC 7673 §3.2); whoever published some should
    /// hear that nobody reads them.
    private void unsigned(Server server) {
        Lookup lookup =
                lookups.lookup(new DomainName(server.host()).child("_" + server.port() + "._tcp"), DnsRecord.Type.TLSA);
        if (!lookup.records(DnsRecord.Tlsa.class).isEmpty()) {
            add(AuditRule.TLSA_UNSIGNED, server, "");
        }
    }

    // ---- what its servers do

    private void visit(Server server, VisitReport visit) {
        String subject = Audit.at(server, visit.address());
        Probe probe = visit.probe();
        probe.fault().ifPresent(fault -> add(rule(fault), subject, fault.toString()));
        probe.before().filter(Findings::offersLogin).ifPresent(before -> add(AuditRule.LOGIN_BEFORE_TLS, subject, ""));
        visit.oldTls().ifPresent(version -> add(AuditRule.TLS_OLD, subject, version));
        certificate(subject, visit);
        if (visit.standard().evidence().dane() instanceof DaneResult.Refused refused) {
            add(
                    AuditRule.TLSA_MISMATCH,
                    subject,
                    refused.verdicts().stream().map(Object::toString).collect(Collectors.joining("; ")));
        }
    }

    private static boolean offersLogin(Capabilities before) {
        return before.offersPasswordCommand() || !before.mechanisms().isEmpty();
    }

    private static AuditRule rule(Probe.Fault fault) {
        return switch (fault.rule()) {
            case UNREACHABLE, NO_ADDRESS -> AuditRule.UNREACHABLE;
            case STARTTLS_NOT_OFFERED, STARTTLS_REFUSED, NO_CAPABILITIES -> AuditRule.STARTTLS_MISSING;
            case HANDSHAKE_FAILED,
                    VERSION_TOO_OLD,
                    WRONG_APPLICATION_PROTOCOL,
                    NO_RENEGOTIATION_INDICATION,
                    NO_EXTENDED_MASTER_SECRET,
                    RENEGOTIATION,
                    CLEAR_ON_TLS_PORT,
                    CLEAR_AFTER_STARTTLS -> AuditRule.TLS_WEAK;
            case STARTTLS_NONSENSE,
                    STARTTLS_INJECTED,
                    PREAUTH_IN_CLEAR,
                    PREAUTH,
                    GREETING_REFUSES,
                    GREETING_NONSENSE,
                    LINE_TOO_LONG,
                    DEADLINE,
                    CONNECTION_LOST,
                    BELOW_MINIMUM,
                    PIN_EXCUSES_NOT,
                    TLSA_GONE -> AuditRule.PROTOCOL_FAULT;
        };
    }

    private void certificate(String subject, VisitReport visit) {
        Evidence evidence = visit.standard().evidence();
        // a TLSA record of usage 2 or 3 is enough for clients that know DANE: not for the others
        AuditRule.Severity severity =
                visit.standard().mayContinue() && evidence.facts().dane() != Facts.Dane.NONE
                        ? AuditRule.Severity.WARNING
                        : AuditRule.Severity.ERROR;
        switch (evidence.pkix()) {
            case null -> {
                return;
            }
            case PkixResult.Authenticated _ -> soon(subject, visit.probe());
            case PkixResult.WrongName wrong ->
                found.add(new Finding(
                        AuditRule.CERTIFICATE_NAME,
                        severity,
                        subject,
                        wrong.name().comparisons().stream()
                                .map(Object::toString)
                                .collect(Collectors.joining("; "))));
            case PkixResult.InvalidPath invalid ->
                found.add(new Finding(
                        rule(invalid.rule()),
                        severity,
                        subject,
                        String.valueOf(invalid.path().fault())));
        }
    }

    private static AuditRule rule(Rule rule) {
        return switch (rule) {
            case EXPIRED, NOT_YET_VALID -> AuditRule.CERTIFICATE_DATES;
            case NO_PATH -> AuditRule.CERTIFICATE_UNTRUSTED;
            default -> AuditRule.CERTIFICATE_UNFIT;
        };
    }

    private void soon(String subject, Probe probe) {
        TlsSession tls = probe.tls().orElseThrow();
        X509Certificate leaf = tls.chain().getFirst();
        Instant end = leaf.getNotAfter().toInstant();
        if (end.isBefore(settings.clock().instant().plus(SOON))) {
            add(AuditRule.CERTIFICATE_ENDS_SOON, subject, "at " + end);
        }
    }
}
