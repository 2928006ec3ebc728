package org.postern.recordgroups;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.postern.resolver.DomainName;

/// What an operator decides about the record groups of a mail domain; what is empty is off. In texts and in the names
/// of key files `{domain}` stands for the domain.
///
/// @param exchangers servers that take mail for it
/// @param spf the text of its SPF record (RFC 7208)
/// @param selectors of the keys that sign its mail
/// @param dmarc the text of its DMARC record (RFC 7489 §6.3)
/// @param policyHost the web server of its MTA-STS policy (RFC 8461 §3.3)
/// @param tlsReports the text of its TLSRPT record (RFC 8460 §3)
/// @param autoconfigHost the web server of settings for mail programs
public record GroupSettings(
        List<MailExchanger> exchangers,
        Optional<String> spf,
        List<DkimSelector> selectors,
        Optional<String> dmarc,
        Optional<DomainName> policyHost,
        Optional<String> tlsReports,
        Optional<DomainName> autoconfigHost) {
    /// All off.
    public static final GroupSettings NONE = new GroupSettings(
            List.of(),
            Optional.empty(),
            List.of(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty());

    private static final String DOMAIN = "{domain}";

    public GroupSettings {
        exchangers = List.copyOf(exchangers);
        selectors = List.copyOf(selectors);
    }

    /// A server that takes mail.
    ///
    /// @param preference the least is asked first (RFC 5321 §5.1)
    public record MailExchanger(DomainName host, int preference) {
        public MailExchanger {
            if (preference < 0 || preference > 65_535) {
                throw new IllegalArgumentException("not the preference of an MX record: " + preference);
            }
        }
    }

    /// The name of a key (RFC 6376 §3.1), and where it comes from.
    public record DkimSelector(String name, KeySource source) {
        public DkimSelector {
            new DomainName(name + "._domainkey"); // throws where it is none
        }
    }

    /// Where a key comes from.
    public sealed interface KeySource {
        /// A private or public key in PEM.
        record KeyFile(String path) implements KeySource {}

        /// The record is somebody else's: an alias leads there.
        record Alias(DomainName at) implements KeySource {}
    }

    /// For one domain.
    public GroupSettings of(DomainName domain) {
        return new GroupSettings(
                exchangers,
                spf.map(text -> filled(text, domain)),
                selectors.stream()
                        .map(each -> each.source() instanceof KeySource.KeyFile(String path)
                                ? new DkimSelector(each.name(), new KeySource.KeyFile(filled(path, domain)))
                                : each)
                        .toList(),
                dmarc.map(text -> filled(text, domain)),
                policyHost,
                tlsReports.map(text -> filled(text, domain)),
                autoconfigHost);
    }

    private static String filled(String text, DomainName domain) {
        return text.replace(DOMAIN, domain.text());
    }

    /// Whether each text can be read, with a domain in its place.
    ///
    /// @throws IllegalArgumentException where one is none of its kind
    public void requireReadable() {
        GroupSettings example = of(new DomainName("example.org"));
        example.spf.ifPresent(text -> require(RecordGroup.SPF, () -> SpfRecord.parse(text)));
        example.dmarc.ifPresent(text -> require(RecordGroup.DMARC, () -> ReportAddresses.ofDmarc(TagList.parse(text))));
        example.tlsReports.ifPresent(
                text -> require(RecordGroup.TLSRPT, () -> ReportAddresses.ofTlsReports(TagList.parse(text))));
        Set<String> names = new HashSet<>();
        example.selectors.stream()
                .map(each -> each.name().toLowerCase(Locale.ROOT))
                .filter(name -> !names.add(name))
                .forEach(name -> {
                    throw new IllegalArgumentException("dkim: the selector " + name + " is there twice");
                });
        example.selectors.stream()
                .map(DkimSelector::source)
                .filter(KeySource.KeyFile.class::isInstance)
                .map(source -> Path.of(((KeySource.KeyFile) source).path()))
                .filter(path -> !path.isAbsolute())
                .forEach(path -> {
                    throw new IllegalArgumentException("dkim: a key file is named by its whole path, not " + path);
                });
    }

    private static void require(RecordGroup group, Runnable reader) {
        try {
            reader.run();
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(group.word() + ": " + e.getMessage(), e);
        }
    }
}
