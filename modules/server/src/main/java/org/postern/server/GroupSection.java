package org.postern.server;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigObject;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.postern.recordgroups.GroupSettings;
import org.postern.recordgroups.GroupSettings.DkimSelector;
import org.postern.recordgroups.GroupSettings.KeySource;
import org.postern.recordgroups.GroupSettings.MailExchanger;
import org.postern.resolver.DomainName;

/// Reads the list `dns.groups`.
final class GroupSection {
    private static final Set<String> KEYS =
            Set.of("domains", "mx", "spf", "dkim", "dmarc", "mta-sts", "tlsrpt", "autoconfig");
    private static final int USUAL_PREFERENCE = 10;

    private final Settings settings;

    GroupSection(Settings settings) {
        this.settings = settings;
    }

    List<DnsSettings.Groups> read() {
        List<DnsSettings.Groups> all = new ArrayList<>();
        Set<DomainName> named = new HashSet<>();
        for (ConfigObject object : settings.objects("dns.groups", "{ domains = [ … ], mx = [ … ], spf = … }")) {
            String place = settings.place(object.origin());
            try {
                DnsSettings.Groups groups = groups(object);
                if (groups.domains().isEmpty()
                        && all.stream().anyMatch(each -> each.domains().isEmpty())) {
                    throw new IllegalArgumentException("two entries without domains: one is for all others");
                }
                for (DomainName domain : groups.domains()) {
                    if (!named.add(domain)) {
                        throw new IllegalArgumentException("the domain " + domain + " is there twice");
                    }
                }
                all.add(groups);
            } catch (ConfigException | IllegalArgumentException wrong) {
                settings.problem(place + "dns.groups: " + wrong.getMessage());
            }
        }
        return all;
    }

    private static DnsSettings.Groups groups(ConfigObject object) {
        Set<String> others = new LinkedHashSet<>(object.keySet());
        others.removeAll(KEYS);
        if (!others.isEmpty()) {
            throw new IllegalArgumentException("no such keys in an entry: " + others);
        }
        Config entry = object.toConfig();
        GroupSettings groups = new GroupSettings(
                texts(entry, "mx").stream().map(GroupSection::exchanger).toList(),
                text(entry, "spf"),
                selectors(entry),
                text(entry, "dmarc"),
                host(entry, "mta-sts"),
                text(entry, "tlsrpt"),
                host(entry, "autoconfig"));
        groups.requireReadable();
        Set<DomainName> domains = new LinkedHashSet<>();
        texts(entry, "domains").forEach(domain -> domains.add(new DomainName(Settings.host(domain))));
        if (entry.hasPath("domains") && domains.isEmpty()) {
            throw new IllegalArgumentException("domains names none; without the key an entry is for all others");
        }
        return new DnsSettings.Groups(domains, groups);
    }

    private static List<String> texts(Config entry, String key) {
        return entry.hasPath(key) ? entry.getStringList(key) : List.of();
    }

    private static Optional<String> text(Config entry, String key) {
        return entry.hasPath(key)
                ? Optional.of(entry.getString(key)).filter(text -> !text.isEmpty())
                : Optional.empty();
    }

    private static Optional<DomainName> host(Config entry, String key) {
        return text(entry, key).map(host -> new DomainName(Settings.host(host)));
    }

    /// `mx.example.org`, or `20 mx.example.org`.
    private static MailExchanger exchanger(String text) {
        String[] words = text.strip().split(" +", -1);
        try {
            return switch (words.length) {
                case 1 -> new MailExchanger(new DomainName(Settings.host(words[0])), USUAL_PREFERENCE);
                case 2 -> new MailExchanger(new DomainName(Settings.host(words[1])), Integer.parseInt(words[0]));
                default -> throw new IllegalArgumentException("too many words");
            };
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "mx has hosts, with a preference before each where they are several (\"20 mx.example.org\"), not '"
                            + text + "'",
                    e);
        }
    }

    private static List<DkimSelector> selectors(Config entry) {
        List<DkimSelector> selectors = new ArrayList<>();
        if (entry.hasPath("dkim")) {
            for (Config each : entry.getConfigList("dkim")) {
                if (!each.hasPath("selector")
                        || each.hasPath("key-file") == each.hasPath("at")
                        || each.root().size() != 2) {
                    throw new IllegalArgumentException(
                            "an entry of dkim has selector, and key-file (a key in PEM) or at (the name of another record), not "
                                    + each.root().keySet());
                }
                KeySource source = each.hasPath("key-file")
                        ? new KeySource.KeyFile(each.getString("key-file"))
                        : new KeySource.Alias(new DomainName(each.getString("at")));
                selectors.add(new DkimSelector(each.getString("selector"), source));
            }
        }
        return selectors;
    }
}
