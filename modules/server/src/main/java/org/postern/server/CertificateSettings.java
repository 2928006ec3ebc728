package org.postern.server;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigObject;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.postern.acme.AcmeSettings;
import org.postern.acme.ChallengeKind;
import org.postern.server.Configuration.Certificates;
import org.postern.tls.ClientAuthority;
import org.postern.tls.KeyKind;
import org.postern.tls.PemPair;

/// Reads where the server's certificates come from, and which clients' certificates count: the section `tls`.
final class CertificateSettings {
    private final Settings settings;

    CertificateSettings(Settings settings) {
        this.settings = settings;
    }

    Certificates certificates() {
        String source = settings.oneOf("tls.certificates", "own-authority", Set.of("own-authority", "files", "acme"));
        Optional<Certificates> acme = acme(source.equals("acme"));
        List<String> hosts = settings.list("tls.own-authority.hosts", List.of(), Settings::host);
        List<String> addresses = settings.list("tls.own-authority.addresses", List.of(), text -> {
            Settings.address(text);
            return text;
        });
        List<Certificates.Pair> pairs = settings.objects("tls.files", "{ chain = …, key = … }").stream()
                .map(this::pair)
                .toList();
        List<Path> directories = settings.list("tls.directories", List.of(), Settings::absolute);
        if (source.equals("own-authority")) {
            return new Certificates.OwnAuthority(hosts, addresses);
        }
        if (acme.isPresent()) {
            return acme.get();
        }
        if (pairs.isEmpty() && directories.isEmpty()) {
            settings.problem(settings.origin("tls.certificates")
                    + "tls.certificates = files needs tls.files = [{ chain = \"….pem\", key = \"….pem\" }],"
                    + " or tls.directories");
        }
        return new Certificates.Files(pairs, directories);
    }

    /// @param used whether the settings are those of the configured source
    private Optional<Certificates> acme(boolean used) {
        URI directory = settings.value(
                "tls.acme.directory",
                URI.create("https://acme-v02.api.letsencrypt.org/directory"),
                from -> https(from.getString("tls.acme.directory")));
        List<URI> contacts = settings.list("tls.acme.contacts", List.of(), text -> {
            if (!text.matches("mailto:[^@ ]+@[^@ ]+")) {
                throw new IllegalArgumentException("'" + text + "' is not as mailto:postmaster@example.org");
            }
            return URI.create(text);
        });
        boolean agreed = settings.flag("tls.acme.agree-to-terms", false);
        String challenge = settings.oneOf("tls.acme.challenge", "http-01", Set.of("http-01", "tls-alpn-01", "dns-01"));
        List<String> hosts = settings.list("tls.acme.hosts", List.of(), Settings::host);
        boolean mailDomains = settings.flag("tls.acme.mail-domains", false);
        String keys = settings.oneOf("tls.acme.keys", "ec", Set.of("ec", "rsa", "both"));
        boolean reuse = settings.flag("tls.acme.reuse-key", false);
        InetSocketAddress http = responder("http", 80);
        InetSocketAddress alpn = responder("tls-alpn", 443);
        String identifier = settings.text("tls.acme.external-account.key-id", "");
        String secret = settings.text("tls.acme.external-account.secret", "");
        String trust = settings.text("tls.acme.trust", "");
        if (!used) {
            return Optional.empty();
        }
        if (!agreed) {
            settings.problem(settings.origin("tls.certificates")
                    + "tls.certificates = acme needs tls.acme.agree-to-terms = true: read"
                    + " the terms of the authority at " + directory + " first");
        }
        if (identifier.isEmpty() != secret.isEmpty()) {
            settings.problem(settings.place() + "tls.acme.external-account has key-id and secret, or neither");
        }
        return Optional.of(new Certificates.Acme(
                new AcmeSettings(
                        directory,
                        contacts,
                        switch (challenge) {
                            case "http-01" -> ChallengeKind.HTTP_01;
                            case "tls-alpn-01" -> ChallengeKind.TLS_ALPN_01;
                            default -> ChallengeKind.DNS_01;
                        },
                        http,
                        alpn,
                        switch (keys) {
                            case "ec" -> List.of(KeyKind.EC_P256);
                            case "rsa" -> List.of(KeyKind.RSA_2048);
                            default -> List.of(KeyKind.EC_P256, KeyKind.RSA_2048);
                        },
                        reuse,
                        identifier.isEmpty()
                                ? Optional.empty()
                                : Optional.of(new AcmeSettings.ExternalAccount(identifier, secret)),
                        trust.isEmpty() ? Optional.empty() : Optional.of(Path.of(trust))),
                hosts,
                mailDomains));
    }

    /// dns-01 needs a zone that Postern can change, for each name. Mail domains come later than the configuration: what
    /// is wrong with theirs is told when a certificate is ordered.
    ///
    /// @param host the server's own
    void checkChallenge(String host, Certificates certificates, DnsSettings dns) {
        if (!(certificates instanceof Certificates.Acme acme)
                || acme.settings().challenge() != ChallengeKind.DNS_01
                || !Settings.isHost(host)) {
            return;
        }
        Stream.concat(Stream.of(host), acme.hosts().stream())
                .distinct()
                .map(AcmeRecords::owner)
                .filter(owner -> dns.zoneOf(owner)
                        .filter(zone -> !(zone.by() instanceof DnsSettings.Way.Text))
                        .isEmpty())
                .forEach(owner -> settings.problem(settings.origin("tls.acme.challenge")
                        + "tls.acme.challenge = dns-01 needs " + owner
                        + " in a zone of dns.zones that Postern can change, by update or own-server"));
    }

    private InetSocketAddress responder(String name, int registered) {
        String path = "tls.acme." + name;
        InetAddress address = settings.value(
                path + ".address",
                InetAddress.ofLiteral("0.0.0.0"),
                from -> Settings.address(from.getString(path + ".address")));
        return new InetSocketAddress(address, settings.number(path + ".port", registered, 1, 65_535));
    }

    private static URI https(String text) {
        URI uri = URI.create(text);
        if (!"https".equals(uri.getScheme()) || uri.getHost() == null) {
            throw new IllegalArgumentException("'" + text + "' is no https URL");
        }
        return uri;
    }

    List<ClientAuthority.Settings> clientAuthorities() {
        return settings.objects("tls.client-authorities", "{ file = …, domains = [ … ] }").stream()
                .flatMap(authority -> clientAuthority(authority).stream())
                .toList();
    }

    /// R8314-40: an authority without a mapping to accounts is a mistake.
    private Optional<ClientAuthority.Settings> clientAuthority(ConfigObject object) {
        String place = settings.place(object.origin());
        Config authority = object.toConfig();
        Set<String> others = new LinkedHashSet<>(object.keySet());
        others.removeAll(Set.of("file", "domains", "address-in", "revocation-lists", "ocsp-responses"));
        if (!others.isEmpty() || !authority.hasPath("file") || !authority.hasPath("domains")) {
            settings.problem(place + "an entry of tls.client-authorities has the keys file and domains, and may have"
                    + " address-in, revocation-lists and ocsp-responses"
                    + (others.isEmpty() ? "" : ", not " + others));
            return Optional.empty();
        }
        try {
            List<String> domains = authority.getStringList("domains").stream()
                    .map(Settings::host)
                    .toList();
            if (domains.isEmpty()) {
                throw new IllegalArgumentException("it vouches for no domain");
            }
            return Optional.of(new ClientAuthority.Settings(
                    Path.of(authority.getString("file")),
                    domains,
                    addressIn(authority.hasPath("address-in") ? authority.getString("address-in") : "email"),
                    paths(authority, "revocation-lists"),
                    paths(authority, "ocsp-responses")));
        } catch (ConfigException | IllegalArgumentException wrong) {
            settings.problem(place + "tls.client-authorities: " + wrong.getMessage());
            return Optional.empty();
        }
    }

    private static ClientAuthority.AddressIn addressIn(String word) {
        return switch (word) {
            case "email" -> ClientAuthority.AddressIn.EMAIL;
            case "common-name" -> ClientAuthority.AddressIn.COMMON_NAME;
            case String other ->
                throw new IllegalArgumentException("address-in is email or common-name, not '" + other + "'");
        };
    }

    private static List<Path> paths(Config config, String key) {
        return config.hasPath(key)
                ? config.getStringList(key).stream().map(Settings::absolute).toList()
                : List.of();
    }

    private Certificates.Pair pair(ConfigObject object) {
        Set<String> keys = object.keySet();
        if (!keys.equals(Set.of("chain", "key"))) {
            settings.problem(
                    settings.place(object.origin()) + "an entry of tls.files has the keys chain and key, not " + keys);
            return new Certificates.Pair(new PemPair(Path.of(""), Path.of("")), Optional.empty());
        }
        Config pair = object.toConfig();
        return new Certificates.Pair(
                new PemPair(Path.of(pair.getString("chain")), Path.of(pair.getString("key"))),
                Optional.of(settings.place(object.origin())));
    }
}
