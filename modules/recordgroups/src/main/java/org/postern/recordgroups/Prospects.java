package org.postern.recordgroups;

import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.postern.dns.RecordSet;
import org.postern.dns.RecordType;
import org.postern.identity.TrustAnchors;
import org.postern.recordgroups.GroupSettings.DkimSelector;
import org.postern.recordgroups.GroupSettings.KeySource;
import org.postern.recordgroups.GroupSettings.MailExchanger;
import org.postern.recordgroups.ReportAddresses.Mailbox;
import org.postern.resolver.DnsRecord;
import org.postern.resolver.DomainName;
import org.postern.tls.PemFiles;

/// The record groups of mail domains, and what is in their way. Asks those that the records lead to: blocking.
public final class Prospects {
    private static final int LONGEST_STRING = 255; // octets, RFC 1035 §3.3
    private static final int LONGEST_NAME = 253; // characters

    private final Surroundings surroundings;
    private final Duration timeToLive;
    private final Addresses addresses;
    private final MailExchangerProbe exchangers;
    /// Of servers that everybody goes to, and of those for this server's own clients.
    private final WebServer web;

    private final WebServer ownWeb;
    /// What was answered, for the rest of this look.
    private final Map<Asked, MailExchangerProbe.Answer> answers = new ConcurrentHashMap<>();

    private final Map<DomainName, MailExchangerProbe.Answer> unreachable = new ConcurrentHashMap<>();

    private record Asked(DomainName host, DomainName domain) {}

    public Prospects(Surroundings surroundings, Duration timeToLive) {
        this.surroundings = surroundings;
        this.timeToLive = timeToLive;
        addresses = new Addresses(surroundings.lookups());
        SSLContext everybody = trust(surroundings.publicAnchors());
        exchangers = new MailExchangerProbe(
                surroundings.host(), everybody, surroundings.ports().smtp());
        web = new WebServer(everybody, surroundings.ports());
        ownWeb = new WebServer(trust(surroundings.anchors()), surroundings.ports());
    }

    private static SSLContext trust(TrustAnchors anchors) {
        try {
            return PemFiles.trusting(anchors.certificates());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("the trust anchors cannot be used", e);
        }
    }

    // ---- which there are

    /// Owners and types of all sets that a domain's groups can have, those that lead to mail servers first.
    ///
    /// @param settings of the domain
    /// @param mailDomains of this server
    public static List<RecordSet.Key> keys(DomainName domain, GroupSettings settings, Set<DomainName> mailDomains) {
        List<RecordSet.Key> keys = new ArrayList<>();
        if (!fits(domain, settings)) {
            return keys;
        }
        if (!settings.exchangers().isEmpty()) {
            keys.add(new RecordSet.Key(domain, RecordType.MX));
        }
        settings.spf().ifPresent(_ -> keys.add(new RecordSet.Key(domain, RecordType.TXT)));
        selectors(domain, settings).forEach(selector -> keys.add(key(domain, selector)));
        settings.dmarc().ifPresent(text -> {
            keys.add(dmarcKey(domain));
            permitting(domain, text, mailDomains).forEach(owner -> keys.add(new RecordSet.Key(owner, RecordType.TXT)));
        });
        settings.policyHost().ifPresent(host -> {
            aliasKey(domain.child("mta-sts"), host).ifPresent(keys::add);
            keys.add(policyKey(domain));
        });
        settings.tlsReports().ifPresent(_ -> keys.add(tlsReportsKey(domain)));
        settings.autoconfigHost()
                .flatMap(host -> aliasKey(domain.child("autoconfig"), host))
                .ifPresent(keys::add);
        return keys;
    }

    /// Whether the names below a domain are none that are too long (RFC 1035 §3.1).
    private static boolean fits(DomainName domain, GroupSettings settings) {
        int longest = settings.selectors().stream()
                .mapToInt(each -> each.name().length() + "._domainkey.".length())
                .reduce("_smtp._tls.".length(), Math::max);
        return domain.text().length() + longest <= LONGEST_NAME;
    }

    /// Without those that would lead to themselves: the domain has the key that others' aliases lead to.
    private static List<DkimSelector> selectors(DomainName domain, GroupSettings settings) {
        return settings.selectors().stream()
                .filter(each -> !(each.source() instanceof KeySource.Alias(DomainName at)
                        && at.equals(key(domain, each).owner())))
                .toList();
    }

    private static RecordSet.Key key(DomainName domain, DkimSelector selector) {
        return new RecordSet.Key(
                domain.child(selector.name() + "._domainkey"),
                selector.source() instanceof KeySource.Alias ? RecordType.CNAME : RecordType.TXT);
    }

    private static RecordSet.Key dmarcKey(DomainName domain) {
        return new RecordSet.Key(domain.child("_dmarc"), RecordType.TXT);
    }

    private static RecordSet.Key policyKey(DomainName domain) {
        return new RecordSet.Key(domain.child("_mta-sts"), RecordType.TXT);
    }

    private static RecordSet.Key tlsReportsKey(DomainName domain) {
        return new RecordSet.Key(domain.child("_smtp._tls"), RecordType.TXT);
    }

    /// None where the web server itself has the name: its addresses are somebody else's business.
    private static Optional<RecordSet.Key> aliasKey(DomainName owner, DomainName host) {
        return host.equals(owner) ? Optional.empty() : Optional.of(new RecordSet.Key(owner, RecordType.CNAME));
    }

    // ---- and how they stand

    /// Each set, in the order of [#keys].
    ///
    /// @param settings of the domain
    public List<Prospect> of(DomainName domain, GroupSettings settings) {
        List<Prospect> prospects = new ArrayList<>();
        if (!fits(domain, settings)) {
            return prospects;
        }
        if (!settings.exchangers().isEmpty()) {
            prospects.add(exchangers(domain, settings.exchangers()));
        }
        boolean takesMail = prospects.stream().anyMatch(each -> each.obstacle().isEmpty());
        settings.spf().ifPresent(text -> prospects.add(spf(domain, text, takesMail)));
        selectors(domain, settings).forEach(selector -> prospects.add(dkim(domain, selector)));
        settings.dmarc().ifPresent(text -> prospects.addAll(dmarc(domain, text, List.copyOf(prospects))));
        settings.policyHost().ifPresent(host -> prospects.addAll(policy(domain, host, settings.exchangers())));
        settings.tlsReports().ifPresent(text -> prospects.add(tlsReports(domain, text)));
        settings.autoconfigHost().ifPresent(host -> autoconfig(domain, host).ifPresent(prospects::add));
        return List.copyOf(prospects);
    }

    private RecordSet set(RecordSet.Key key, List<String> data) {
        return new RecordSet(key.owner(), key.type(), timeToLive, data);
    }

    /// In character strings, as many as it takes (RFC 1035 §3.3.14).
    private RecordSet text(RecordSet.Key key, String text) {
        byte[] octets = text.getBytes(StandardCharsets.UTF_8);
        StringBuilder data = new StringBuilder();
        for (int start = 0; start < octets.length; start += LONGEST_STRING) {
            data.append(start == 0 ? "\"" : " \"");
            for (int index = start; index < Math.min(octets.length, start + LONGEST_STRING); index++) {
                int octet = octets[index] & 0xff;
                data.append(
                        switch (octet) {
                            case '"', '\\' -> "\\" + (char) octet;
                            default ->
                                octet < 0x20 || octet > 0x7e ? "\\%03d".formatted(octet) : String.valueOf((char) octet);
                        });
            }
            data.append('"');
        }
        return set(key, List.of(data.toString()));
    }

    /// What somebody finds out who asks.
    private interface Question {
        /// @throws IOException what is in the way, in words
        void ask() throws IOException;
    }

    private static Optional<String> obstacle(Question question) {
        try {
            question.ask();
            return Optional.empty();
        } catch (IOException | IllegalArgumentException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    // ---- mail between servers

    private Prospect exchangers(DomainName domain, List<MailExchanger> hosts) {
        RecordSet set = set(
                new RecordSet.Key(domain, RecordType.MX),
                hosts.stream()
                        .map(each -> each.preference() + " " + each.host() + ".")
                        .toList());
        return Prospect.of(RecordGroup.MX, set, obstacle(() -> {
            for (MailExchanger each : hosts) {
                if (addresses.isAlias(each.host())) { // RFC 2181 §10.3
                    throw new IOException(each.host() + " is an alias: an MX record names the host itself");
                }
                Optional<String> refusal = ask(each.host(), domain).refusal();
                if (refusal.isPresent()) {
                    throw new IOException(refusal.get());
                }
            }
        }));
    }

    private MailExchangerProbe.Answer ask(DomainName host, DomainName domain) throws IOException {
        Asked asked = new Asked(host, domain);
        MailExchangerProbe.Answer known = unreachable.getOrDefault(host, answers.get(asked));
        if (known != null) {
            return known;
        }
        MailExchangerProbe.Answer answer = exchangers.ask(host, addresses.of(host), domain);
        answers.put(asked, answer);
        if (!answer.reached()) {
            unreachable.put(host, answer);
        }
        return answer;
    }

    private Prospect spf(DomainName domain, String text, boolean takesMail) {
        return Prospect.of(
                RecordGroup.SPF,
                text(new RecordSet.Key(domain, RecordType.TXT), text),
                new SpfCheck(addresses, domain, takesMail).obstacle(SpfRecord.parse(text)));
    }

    private Prospect dkim(DomainName domain, DkimSelector selector) {
        RecordSet.Key key = key(domain, selector);
        return switch (selector.source()) {
            case KeySource.Alias(DomainName at) ->
                Prospect.of(RecordGroup.DKIM, set(key, List.of(at + ".")), obstacle(() -> {
                    if (addresses.records(at, DnsRecord.Type.TXT, DnsRecord.Txt.class).stream()
                            .noneMatch(record -> DkimKey.isKey(record.toString()))) {
                        throw new IOException("there is no key at " + at);
                    }
                }));
            case KeySource.KeyFile(String path) -> {
                try {
                    yield Prospect.of(
                            RecordGroup.DKIM,
                            text(key, DkimKey.read(Path.of(path)).record()),
                            Optional.empty());
                } catch (IOException e) {
                    yield Prospect.unknown(RecordGroup.DKIM, key, String.valueOf(e.getMessage()));
                }
            }
        };
    }

    /// @param others of the domain
    private List<Prospect> dmarc(DomainName domain, String text, List<Prospect> others) {
        ReportAddresses reports = ReportAddresses.ofDmarc(TagList.parse(text));
        List<Prospect> prospects = new ArrayList<>();
        prospects.add(Prospect.of(RecordGroup.DMARC, text(dmarcKey(domain), text), obstacle(() -> {
            boolean authentic = others.stream()
                    .anyMatch(each -> (each.group() == RecordGroup.SPF || each.group() == RecordGroup.DKIM)
                            && each.obstacle().isEmpty());
            if (!authentic && addresses.texts(domain, SpfRecord::isOne).isEmpty()) {
                throw new IOException("there is neither SPF nor DKIM, on which DMARC rests");
            }
            for (Mailbox mailbox : reports.mailboxes()) {
                requireMailbox(mailbox);
                requirePermission(domain, mailbox);
            }
        })));
        for (DomainName owner : permitting(domain, text, surroundings.mailDomains())) {
            RecordSet.Key key = new RecordSet.Key(owner, RecordType.TXT);
            prospects.add(Prospect.of(RecordGroup.DMARC, text(key, "v=DMARC1"), Optional.empty()));
        }
        return prospects;
    }

    /// RFC 7489 §7.1: a domain here that takes reports about another says so.
    private static List<DomainName> permitting(DomainName domain, String text, Set<DomainName> mailDomains) {
        return ReportAddresses.ofDmarc(TagList.parse(text)).mailboxes().stream()
                .map(Mailbox::domain)
                .filter(mailDomains::contains)
                .filter(other -> isForeign(other, domain))
                .filter(other -> (domain + "._report._dmarc." + other).length() <= LONGEST_NAME)
                .map(other -> other.child(domain + "._report._dmarc"))
                .distinct()
                .toList();
    }

    private static boolean isForeign(DomainName other, DomainName domain) {
        return !other.isWithin(domain) && !domain.isWithin(other);
    }

    private void requirePermission(DomainName domain, Mailbox mailbox) throws IOException {
        DomainName other = mailbox.domain();
        if (isForeign(other, domain) && !surroundings.mailDomains().contains(other)) {
            DomainName owner = other.child(domain + "._report._dmarc");
            if (addresses.texts(owner, text -> TagList.isOf("DMARC1", text)).isEmpty()) {
                throw new IOException(other + " does not say that it takes reports about " + domain
                        + ": a TXT record \"v=DMARC1\" at " + owner + " does (RFC 7489 §7.1)");
            }
        }
    }

    private void requireMailbox(Mailbox mailbox) throws IOException {
        DomainName domain = mailbox.domain();
        if (surroundings.mailDomains().contains(domain)) {
            if (!surroundings.mailboxes().test(mailbox.address())) {
                throw new IOException("there is no mailbox " + mailbox);
            }
        } else if (addresses
                .records(domain, DnsRecord.Type.MX, DnsRecord.Mx.class)
                .isEmpty()) {
            addresses.of(domain); // RFC 5321 §5.1
        }
    }

    private Prospect tlsReports(DomainName domain, String text) {
        ReportAddresses reports = ReportAddresses.ofTlsReports(TagList.parse(text));
        return Prospect.of(RecordGroup.TLSRPT, text(tlsReportsKey(domain), text), obstacle(() -> {
            for (Mailbox mailbox : reports.mailboxes()) {
                requireMailbox(mailbox);
            }
            for (URI url : reports.urls()) {
                web.require(url, addresses.of(new DomainName(host(url))));
            }
        }));
    }

    private static String host(URI url) {
        @Nullable String host = url.getHost();
        if (host == null) {
            throw new IllegalArgumentException(url + " names no host");
        }
        return host;
    }

    // ---- web servers

    private List<Prospect> policy(DomainName domain, DomainName host, List<MailExchanger> exchangers) {
        List<Prospect> prospects = new ArrayList<>();
        DomainName name = domain.child("mta-sts"); // RFC 8461 §3.3
        // a certificate for the name may have to wait for the name
        aliasKey(name, host)
                .ifPresent(key ->
                        prospects.add(Prospect.of(RecordGroup.MTA_STS, set(key, List.of(host + ".")), obstacle(() -> {
                            if (!web.listens(addresses.of(host))) {
                                throw new IOException("no web server answers at " + host);
                            }
                        }))));
        RecordSet.Key key = policyKey(domain);
        try {
            TransportPolicy policy = fetchPolicy(name, addresses.of(host));
            prospects.add(Prospect.of(
                    RecordGroup.MTA_STS,
                    text(key, "v=STSv1; id=" + policy.id()),
                    obstacle(() -> requireFit(domain, policy, exchangers))));
        } catch (IOException e) {
            prospects.add(Prospect.unknown(RecordGroup.MTA_STS, key, String.valueOf(e.getMessage())));
        }
        return prospects;
    }

    private TransportPolicy fetchPolicy(DomainName name, List<InetAddress> at) throws IOException {
        WebServer.Page page = web.get(name, at, "/.well-known/mta-sts.txt");
        if (!page.mediaType().equals("text/plain")) { // RFC 8461 §3.2
            throw new IOException("the policy is of type " + page.mediaType() + ", it ought to be text/plain");
        }
        try {
            return TransportPolicy.parse(page.content());
        } catch (IllegalArgumentException e) {
            throw new IOException("the policy at " + name + " cannot be read: " + e.getMessage(), e);
        }
    }

    /// A policy that leaves a server out keeps mail away from it; one that is enforced, from a server without TLS.
    private void requireFit(DomainName domain, TransportPolicy policy, List<MailExchanger> exchangers)
            throws IOException {
        List<DomainName> hosts = new ArrayList<>();
        exchangers.forEach(each -> hosts.add(each.host()));
        addresses.records(domain, DnsRecord.Type.MX, DnsRecord.Mx.class).stream()
                .map(DnsRecord.Mx::exchange)
                .filter(host -> !host.isRoot() && !hosts.contains(host))
                .forEach(hosts::add);
        if (hosts.isEmpty()) {
            throw new IOException(domain + " has no MX record");
        }
        for (DomainName host : hosts) {
            if (!policy.exchangers().isEmpty() && !policy.names(host)) {
                throw new IOException("the policy names " + String.join(", ", policy.exchangers())
                        + ", and mail goes to " + host + " too");
            }
            Optional<String> withoutTls = policy.enforced() ? withoutTls(host, domain, exchangers) : Optional.empty();
            if (withoutTls.isPresent()) {
                throw new IOException("the policy is enforced, and " + withoutTls.get());
            }
        }
    }

    /// Who is named by DNS alone is asked in public networks only.
    private Optional<String> withoutTls(DomainName host, DomainName domain, List<MailExchanger> known)
            throws IOException {
        if (known.stream().noneMatch(each -> each.host().equals(host))) {
            for (InetAddress address : addresses.of(host)) {
                if (Addresses.isPrivate(address)) {
                    throw new IOException(host + " has the address " + address.getHostAddress()
                            + ", which is not public, and mx does not name it: it is not asked");
                }
            }
        }
        return ask(host, domain).withoutTls();
    }

    private Optional<Prospect> autoconfig(DomainName domain, DomainName host) {
        DomainName name = domain.child("autoconfig");
        return aliasKey(name, host)
                .map(key -> Prospect.of(RecordGroup.AUTOCONFIG, set(key, List.of(host + ".")), obstacle(() -> {
                    WebServer.Page page = ownWeb.get(
                            name, addresses.of(host), "/mail/config-v1.1.xml?emailaddress=postmaster%40" + domain);
                    Optional<String> disagreement = AutoconfigFile.parse(page.content(), domain)
                            .disagreement(surroundings.frontEnds(), surroundings.services());
                    if (disagreement.isPresent()) {
                        throw new IOException("the settings at " + name + " lead elsewhere: " + disagreement.get());
                    }
                })));
    }
}
