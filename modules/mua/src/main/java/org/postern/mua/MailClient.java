package org.postern.mua;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Goes to servers and decides at each whether a password may follow: the face of this module for a mail client.
/// Blocking, for virtual threads; one instance for any number of them.
///
/// ```java
/// static String logIn(Lookups lookups, MailClientSettings settings, String address, char[] password) throws
/// IOException {
///     DomainName domain = new DomainName(address.substring(address.indexOf('@') + 1));
///     Discovery discovery = new Discovery(lookups, new SecureRandom());
///     if (!(discovery.find(domain, Purpose.ACCESS, Protocol.IMAP) instanceof Found.Offered found)) {
///         return "which server is yours?"; // and then Server.configured(Service.IMAPS, host)
///     }
///     List<Server> servers = new ArrayList<>();
///     for (Offer offer : found.offers()) {
///         switch (offer) {
///             case Offer.Ready ready -> servers.add(ready.server());
///             case Offer.Unconfirmed unconfirmed -> {
///                 return "is " + unconfirmed.host() + " yours?"; // and then unconfirmed.confirmedByUser()
///             }
///         }
///     }
///     MailClient client = new MailClient(settings, lookups);
///     return switch (client.connect(servers, Account.named(address), Phase.SETUP)) {
///         case Attempt.Continue go -> {
///             try (MailConnection connection = go.connection()) {
///                 yield connection.loginByAddress(new Credentials(address, password)).toString();
///             }
///         }
///         case Attempt.Stopped stopped -> String.join("\n", stopped.decision().evidence().lines());
///     };
/// }
/// ```
///
/// with `resolver::lookup` of a [org.postern.resolver.Resolver] and `MailClientSettings.of(Policy.STRICT)`.
public final class MailClient {
    private final MailClientSettings settings;
    private final Lookups lookups;
    private final Prober prober;

    public MailClient(MailClientSettings settings, Lookups lookups) {
        this.settings = settings;
        this.lookups = lookups;
        this.prober = new Prober(settings.patience());
    }

    /// To one server, whose addresses are tried until one answers.
    public Attempt connect(Server server, Account account, Phase phase) {
        return connect(List.of(server), account, phase);
    }

    /// To the first of these servers that may be used. They are of one protocol, and in the order of
    /// [Found.Offered]; a refusal leads to the next one, and never to weaker checks.
    ///
    /// @throws IllegalArgumentException if there is none, or their protocols differ
    public Attempt connect(List<Server> servers, Account account, Phase phase) {
        if (servers.stream()
                        .map(server -> server.service().protocol())
                        .distinct()
                        .count()
                != 1) {
            throw new IllegalArgumentException("servers of one protocol are expected: " + servers); // RFC 6186 §3.4
        }
        List<Decision> earlier = new ArrayList<>();
        for (Server server : servers) {
            Target target = Target.resolve(server, lookups);
            Prober.Visit visit = visit(target);
            Decision decision = Judge.judge(settings.policy(), target, visit.probe(), account, phase, settings.trust());
            if (decision instanceof Decision.Continue go && visit.wire().isPresent()) {
                return new Attempt.Continue(go, new MailConnection(visit, settings.patience()), earlier);
            }
            visit.leave();
            earlier.add(decision);
        }
        return new Attempt.Stopped(mostTelling(earlier), earlier);
    }

    /// An offer to pin, or what may be an attack, rather than that the last of the list did not answer.
    private static Decision mostTelling(List<Decision> decisions) {
        return decisions.stream()
                .filter(Decision.OfferPin.class::isInstance)
                .findFirst()
                .or(() -> decisions.stream()
                        .filter(decision -> decision.evidence().report() == DecisionTable.Report.ATTACK)
                        .findFirst())
                .orElse(decisions.getFirst());
    }

    private Prober.Visit visit(Target target) {
        Prober.Visit visit = nobody(target, ClientRule.NO_ADDRESS);
        // nothing is connected to where DNS already forbids it (DT-7, DT-8, DT-10)
        if (target.forbidden()) {
            return nobody(target, ClientRule.UNREACHABLE);
        }
        for (InetAddress address : target.addresses()) {
            visit = prober.visit(target, address);
            if (visit.probe().session() != Facts.Session.UNREACHABLE) {
                return visit;
            }
        }
        return visit;
    }

    private static Prober.Visit nobody(Target target, ClientRule rule) {
        Service service = target.server().service();
        Probe probe = new Probe(
                service,
                InetSocketAddress.createUnresolved(
                        target.server().host(), target.server().port()),
                "",
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.of(new Probe.Fault(rule, "")));
        return new Prober.Visit(probe, Dialogue.of(service.protocol()), Optional.empty());
    }
}
