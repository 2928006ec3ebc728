package org.postern.resolver;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DNAMERecord;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.NameTooLongException;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/// Looks names up and says how far the answer can be trusted: the face of this module.
///
/// ```java
/// Resolver resolver = new Resolver(ResolverSettings.of(Upstream.ofResolvConf(Path.of("/etc/resolv.conf"))));
/// switch (resolver.lookup(new DomainName("_imaps._tcp.example.org"), DnsRecord.Type.SRV)) {
///     case Lookup.Secure secure -> use(secure.records(DnsRecord.Srv.class));
///     case Lookup.Insecure insecure -> askTheUser(insecure.records(DnsRecord.Srv.class));
///     case Lookup.Bogus bogus -> report(bogus.reason(), bogus.steps());
///     case Lookup.Indeterminate failed -> tryLater(failed.reason());
/// }
/// ```
///
/// Blocking, for virtual threads; one instance for any number of threads. Holds no thread and no open socket
/// between lookups, so there is nothing to close.
public final class Resolver {
    private static final int MAXIMUM_HOPS = 10;

    private final ResolverSettings settings;
    private final MessageCache cache;
    private final AtomicInteger preferred = new AtomicInteger();

    public Resolver(ResolverSettings settings) {
        this.settings = settings;
        this.cache = new MessageCache(settings.cacheEntries());
    }

    private sealed interface Alias {
        record None() implements Alias {}

        /// The alias is there, judged as `hop`.
        record Followed(Hop hop) implements Alias {}

        record Broken(Hop.Security security, String reason, List<String> steps) implements Alias {}
    }

    /// Never throws for what DNS or the network does; that is [Lookup.Indeterminate]. Aliases are followed, but
    /// where a CNAME itself is asked for.
    public Lookup lookup(DomainName name, DnsRecord.Type type) {
        Transport transport = new Transport(
                settings.upstreams(),
                preferred,
                cache,
                !settings.trustedPath(),
                System.nanoTime() + settings.deadline().toNanos());
        Validation validation = new Validation(settings, transport);
        List<Hop> hops = new ArrayList<>();
        Set<DomainName> seen = new HashSet<>();
        Hop.Security security = Hop.Security.SECURE;
        DomainName current = name;
        try {
            while (true) {
                if (!seen.add(current) || hops.size() > MAXIMUM_HOPS) {
                    return failed(Hop.Security.INDETERMINATE, current, "the aliases never end", hops, List.of());
                }
                Alias alias =
                        type == DnsRecord.Type.CNAME ? new Alias.None() : alias(transport, validation, current, type);
                switch (alias) {
                    case Alias.Broken broken -> {
                        return failed(broken.security(), current, broken.reason(), hops, broken.steps());
                    }
                    case Alias.Followed followed -> {
                        hops.add(followed.hop());
                        security = security.worse(followed.hop().security());
                        current = followed.hop().to();
                    }
                    case Alias.None() -> {
                        return finish(validation, current, type, security, hops);
                    }
                }
            }
        } catch (IOException e) {
            return failed(Hop.Security.INDETERMINATE, current, String.valueOf(e.getMessage()), hops, List.of());
        }
    }

    private static Lookup failed(
            Hop.Security security, DomainName name, String reason, List<Hop> hops, List<String> steps) {
        return security == Hop.Security.BOGUS
                ? new Lookup.Bogus(name, reason, hops, steps)
                : new Lookup.Indeterminate(name, reason, hops, steps);
    }

    private static Lookup finish(
            Validation validation, DomainName name, DnsRecord.Type type, Hop.Security soFar, List<Hop> hops)
            throws IOException {
        Validation.Judged judged = validation.judge(Wire.question(name, type.number));
        Hop.Security security = soFar.worse(judged.security());
        if (security == Hop.Security.BOGUS || security == Hop.Security.INDETERMINATE) {
            return failed(security, name, judged.reason(), hops, judged.steps());
        }
        List<DnsRecord> records = Wire.answer(judged.message(), name.toName(), type.number);
        Lookup.Absence absence = judged.message().getRcode() == Rcode.NXDOMAIN
                ? Lookup.Absence.NO_NAME
                : records.isEmpty() ? Lookup.Absence.NO_DATA : Lookup.Absence.NONE;
        var life = MessageCache.timeToLive(judged.message());
        return security == Hop.Security.SECURE
                ? new Lookup.Secure(name, records, absence, life, hops, judged.steps())
                : new Lookup.Insecure(name, records, absence, life, hops, judged.steps());
    }

    /// Looks at the unvalidated answer whether there is an alias at the name, and then has that alias validated by
    /// itself, for a verdict on the whole answer would mix the zones on the way. Whoever forges the first look
    /// gains nothing: a forged alias is not validated, and one that is kept back is missing in an answer that then
    /// is bogus.
    private static Alias alias(Transport transport, Validation validation, DomainName name, DnsRecord.Type type)
            throws IOException {
        Name owner = name.toName();
        Message look = transport.fetch(Wire.question(name, type.number));
        DomainName dname = null;
        boolean cname = false;
        for (Record record : look.getSection(Section.ANSWER)) {
            if (record instanceof DNAMERecord && owner.subdomain(record.getName()) && !owner.equals(record.getName())) {
                dname = DomainName.of(record.getName());
            }
            cname |= record instanceof CNAMERecord && record.getName().equals(owner);
        }
        if (dname != null) {
            return followDname(validation, name, dname);
        }
        return cname ? followCname(validation, name) : new Alias.None();
    }

    private static Alias followCname(Validation validation, DomainName name) throws IOException {
        Validation.Judged judged = validation.judge(Wire.question(name, Type.CNAME));
        return Wire.answer(judged.message(), name.toName(), Type.CNAME).stream()
                .map(DnsRecord.Cname.class::cast)
                .findFirst()
                .map(alias -> follow(judged, name, Hop.Kind.CNAME, alias.target()))
                .orElseGet(() -> missing(judged, name));
    }

    // RFC 6672 §3.2: the substitution is ours; the CNAME that a server synthesised is unsigned and not looked at
    private static Alias followDname(Validation validation, DomainName name, DomainName owner) throws IOException {
        Validation.Judged judged = validation.judge(Wire.question(owner, Type.DNAME));
        Optional<DNAMERecord> dname = judged.message().getSection(Section.ANSWER).stream()
                .filter(record ->
                        record instanceof DNAMERecord && record.getName().equals(owner.toName()))
                .map(DNAMERecord.class::cast)
                .findFirst();
        if (dname.isEmpty()) {
            return missing(judged, name);
        }
        try {
            return follow(
                    judged, name, Hop.Kind.DNAME, DomainName.of(name.toName().fromDNAME(dname.get())));
        } catch (NameTooLongException e) {
            return new Alias.Broken(
                    Hop.Security.INDETERMINATE, "the DNAME makes the name too long: " + name, judged.steps());
        }
    }

    private static Alias follow(Validation.Judged judged, DomainName from, Hop.Kind kind, DomainName to) {
        return judged.security() == Hop.Security.BOGUS
                ? new Alias.Broken(judged.security(), judged.reason(), judged.steps())
                : new Alias.Followed(new Hop(from, kind, to, judged.security(), judged.steps()));
    }

    private static Alias missing(Validation.Judged judged, DomainName name) {
        return new Alias.Broken(
                judged.security() == Hop.Security.INSECURE ? Hop.Security.INDETERMINATE : Hop.Security.BOGUS,
                judged.reason().isEmpty()
                        ? "an alias at " + name + " is in one answer and not in the other"
                        : judged.reason(),
                judged.steps());
    }

    /// Messages in the cache.
    int cached() {
        return cache.size();
    }
}
