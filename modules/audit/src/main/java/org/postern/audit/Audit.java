package org.postern.audit;

import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.stream.Stream;
import org.postern.identity.PathPolicy;
import org.postern.mua.Account;
import org.postern.mua.ClientRule;
import org.postern.mua.Decision;
import org.postern.mua.Discovery;
import org.postern.mua.Judge;
import org.postern.mua.Lookups;
import org.postern.mua.OldTls;
import org.postern.mua.Phase;
import org.postern.mua.Policy;
import org.postern.mua.Probe;
import org.postern.mua.Prober;
import org.postern.mua.Protocol;
import org.postern.mua.Purpose;
import org.postern.mua.Server;
import org.postern.mua.Service;
import org.postern.mua.SrvSet;
import org.postern.mua.Target;
import org.postern.resolver.DnsRecord;
import org.postern.resolver.DomainName;
import org.postern.resolver.Hop;
import org.postern.resolver.Lookup;

/// Looks at a mail domain from outside. Blocking; endpoints are visited at the same time, a few at once.
///
/// ```java
/// AuditReport report = new Audit(AuditSettings.of(Policy.STRICT), resolver::lookup).of(new DomainName("example.org"));
/// report.findings().forEach(System.out::println);
/// ```
public final class Audit {
    private static final int AT_ONCE = 8;

    private final AuditSettings settings;
    private final Lookups lookups;
    private final Prober prober;

    public Audit(AuditSettings settings, Lookups lookups) {
        this.settings = settings;
        this.lookups = lookups;
        this.prober = new Prober(settings.patience());
    }

    /// Judges one domain. Never throws for what DNS or a server does: that is what the report is of.
    public AuditReport of(DomainName domain) {
        Discovery discovery = new Discovery(lookups, new Random()); // the order is not asked for
        List<SrvSet> sets = Stream.of(Purpose.ACCESS, Purpose.SUBMISSION)
                .flatMap(purpose -> discovery.find(domain, purpose, Protocol.IMAP).sets().stream())
                .filter(set -> set.service() != Service.SMTP) // a client may guess so; a provider should not ask it to
                .toList();
        List<ServiceReport> services = sets.stream().map(ServiceReport::new).toList();
        List<EndpointReport> endpoints = visitAll(domain, sets);
        Lookup smtps = lookups.lookup(domain.child("_smtps._tcp"), DnsRecord.Type.SRV);
        Lookup mx = lookups.lookup(domain, DnsRecord.Type.MX);
        return new AuditReport(
                domain,
                settings.policy(),
                settings.clock().instant(),
                services,
                endpoints,
                new Findings(settings, lookups).of(domain, services, smtps, mx, endpoints));
    }

    private List<EndpointReport> visitAll(DomainName domain, List<SrvSet> sets) {
        Semaphore places = new Semaphore(AT_ONCE);
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            List<CompletableFuture<EndpointReport>> reports = sets.stream()
                    .flatMap(set -> servers(domain, set).stream())
                    .map(server -> CompletableFuture.supplyAsync(() -> visit(server, places), executor))
                    .toList();
            return reports.stream().map(CompletableFuture::join).toList();
        }
    }

    private EndpointReport visit(Server server, Semaphore places) {
        places.acquireUninterruptibly();
        try {
            return visit(server);
        } finally {
            places.release();
        }
    }

    private static List<Server> servers(DomainName domain, SrvSet set) {
        return set.usable().stream()
                .map(record -> new Server(
                        set.service(),
                        record.target().text(),
                        record.port(),
                        set.secure() ? Server.Origin.SECURE_SRV : Server.Origin.INSECURE_SRV,
                        domain,
                        Duration.ZERO))
                .distinct()
                .toList();
    }

    private EndpointReport visit(Server server) {
        EndpointReport alone = look(server);
        if (server.origin() != Server.Origin.INSECURE_SRV || alone.passes(Policy.STANDARD)) {
            return alone;
        }
        // RFC 8314 §5.1: in setup a client asks its user, and then the host's own name counts too
        EndpointReport asked = look(new Server(
                server.service(),
                server.host(),
                server.port(),
                Server.Origin.CONFIRMED_SRV,
                server.mailDomain(),
                server.timeToLive()));
        return asked.passes(Policy.STANDARD) ? asked : alone;
    }

    private EndpointReport look(Server server) {
        Target target = Target.resolve(server, lookups);
        List<VisitReport> visits = new ArrayList<>();
        if (usable(target.addressSecurity())) {
            for (InetAddress address : target.addresses()) {
                if (settings.allowPrivate() || PublicAddress.is(address)) {
                    visits.add(look(target, address));
                }
            }
        }
        return new EndpointReport(server, target, visits);
    }

    static boolean usable(Hop.Security security) {
        return switch (security) {
            case SECURE, INSECURE -> true;
            case BOGUS, INDETERMINATE -> false;
        };
    }

    private VisitReport look(Target target, InetAddress address) {
        Probe probe = prober.probe(target, address);
        Optional<String> old = probe.fault()
                        .filter(fault -> fault.rule() == ClientRule.UNREACHABLE)
                        .isPresent()
                ? Optional.empty()
                : OldTls.accepted(target, address, settings.patience());
        return new VisitReport(
                address, probe, judge(Policy.STRICT, target, probe), judge(Policy.STANDARD, target, probe), old);
    }

    private Decision judge(Policy policy, Target target, Probe probe) {
        Instant now = settings.clock().instant();
        return Judge.judge(
                policy, target, probe, Account.named("audit"), Phase.NORMAL, PathPolicy.at(now, settings.anchors()));
    }

    static String at(Server server, InetAddress address) {
        return server + " at " + address.getHostAddress();
    }
}
