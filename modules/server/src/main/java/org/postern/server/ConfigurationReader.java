package org.postern.server;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigOrigin;
import com.typesafe.config.ConfigOriginFactory;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigSyntax;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.postern.acme.AcmeSettings;
import org.postern.acme.ChallengeKind;
import org.postern.imap.ImapSettings;
import org.postern.inbound.LmtpSettings;
import org.postern.pop3.Pop3Settings;
import org.postern.server.Configuration.Certificates;
import org.postern.server.Configuration.Listener;
import org.postern.server.Configuration.Service;
import org.postern.session.ConnectionLimits;
import org.postern.session.Endpoint;
import org.postern.session.Network;
import org.postern.session.SessionLimits;
import org.postern.store.SegmentSettings;
import org.postern.store.StoreSettings;
import org.postern.submission.SubmissionSettings;
import org.postern.tls.ClientAuthority;
import org.postern.tls.KeyKind;
import org.postern.tls.PemPair;
import org.postern.tls.RetiredVersions;
import org.postern.tls.TlsEngine;
import org.postern.tls.TlsSettings;
import org.postern.tls.UnknownServerName;

/// Reads `conf/postern.conf` (HOCON) and the environment. All problems are collected, each with file and
/// line, so that one look at the output is enough; an unknown key is a problem.
final class ConfigurationReader {
    static final String DEFAULT_DATA_DIRECTORY = "/var/lib/postern";
    static final int DEFAULT_METRICS_PORT = 9090;

    private static final Pattern HOST =
            Pattern.compile("(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*");
    private static final Set<String> LOG_LEVELS = Set.of("error", "warn", "info", "debug");
    private static final Set<String> LIVE = Set.of(
            "server.host",
            "server.addresses",
            "listeners.",
            "tls.",
            "auth.failed-logins",
            "sessions.",
            "limits.",
            "imap.",
            "pop3.",
            "submission.",
            "lmtp.",
            "log.level");
    /// Exceptions from a section that is otherwise live.
    private static final Set<String> NOT_LIVE = Set.of("tls.engine", "tls.retired-versions");

    private static final String OVERRIDE = "POSTERN_";

    private final Config config;
    private final Path file;
    private final List<String> problems = new ArrayList<>();
    private final Set<String> known = new LinkedHashSet<>();

    private ConfigurationReader(Config config, Path file) {
        this.config = config;
        this.file = file;
    }

    /// A configuration, and the settings that it is made of.
    ///
    /// @param settings those that are not left at their defaults, as text, by name
    record Loaded(Configuration configuration, SortedMap<String, String> settings) {}

    /// Settings that a running server takes over; the others wait for a restart. Each one's comment in
    /// `conf/postern.conf` says the same.
    static boolean isLive(String setting) {
        return !NOT_LIVE.contains(setting)
                && LIVE.stream().anyMatch(live -> live.endsWith(".") ? setting.startsWith(live) : setting.equals(live));
    }

    static Configuration read(Path file, Map<String, String> environment) {
        return load(file, environment).configuration();
    }

    /// @param environment overrides as `POSTERN_SECTION__KEY`, dashes written as underscores; with `_FILE`
    ///   behind it the value stands in that file
    /// @throws ConfigurationException with every problem found
    static Loaded load(Path file, Map<String, String> environment) {
        Config parsed;
        try {
            parsed = ConfigFactory.parseFile(
                            file.toFile(),
                            ConfigParseOptions.defaults()
                                    .setAllowMissing(false)
                                    .setSyntax(ConfigSyntax.CONF)
                                    .setOriginDescription(file.toString()))
                    .resolve();
        } catch (ConfigException.IO missing) {
            throw new ConfigurationException(List.of(file + ": cannot be read; start from the commented"
                    + " conf/postern.conf, or name another file with --config"));
        } catch (ConfigException malformed) {
            throw new ConfigurationException(List.of(at(file, malformed.origin()) + malformed.getMessage()));
        }
        List<String> problems = new ArrayList<>();
        Config overridden = withOverrides(parsed, environment, problems);
        ConfigurationReader reader = new ConfigurationReader(overridden, file);
        reader.problems.addAll(problems);
        Configuration configuration = reader.read();
        SortedMap<String, String> settings = new TreeMap<>();
        for (Map.Entry<String, ConfigValue> entry : overridden.entrySet()) {
            settings.put(entry.getKey().replace("\"", ""), entry.getValue().render(ConfigRenderOptions.concise()));
        }
        return new Loaded(configuration, settings);
    }

    private static Config withOverrides(Config parsed, Map<String, String> environment, List<String> problems) {
        Config config = parsed;
        for (Map.Entry<String, String> variable : new TreeMap<>(environment).entrySet()) {
            String name = variable.getKey();
            if (!name.startsWith(OVERRIDE) || !name.contains("__")) {
                continue;
            }
            String value = variable.getValue();
            String key = name.substring(OVERRIDE.length());
            if (key.endsWith("_FILE")) {
                try {
                    value = Files.readString(Path.of(value)).strip();
                    key = key.substring(0, key.length() - "_FILE".length());
                } catch (IOException e) {
                    problems.add("environment variable " + name + ": " + value + " cannot be read");
                    continue;
                }
            }
            String path = key.toLowerCase(Locale.ROOT).replace("__", ".").replace('_', '-');
            ConfigOrigin origin = ConfigOriginFactory.newSimple("environment variable " + name);
            ConfigValue override = ConfigValueFactory.fromAnyRef(value).withOrigin(origin);
            try {
                if (value.startsWith("[")) { // lists are written as in the file
                    override = ConfigFactory.parseString("v = " + value)
                            .getValue("v")
                            .withOrigin(origin);
                }
                config = config.withValue(path, override);
            } catch (ConfigException malformed) {
                problems.add("environment variable " + name + ": malformed");
            }
        }
        return config;
    }

    private Configuration read() {
        Path data = Path.of(text("server.data-directory", DEFAULT_DATA_DIRECTORY));
        String host = required("server.host", "the server's own name, as mail.example.org", this::host);
        List<InetAddress> addresses = list("server.addresses", List.of("0.0.0.0", "::"), this::address);
        List<Network> lmtpClients = list("lmtp.allowed-networks", List.of(), Network::parse);
        List<Listener> listeners = new ArrayList<>();
        for (Service service : Service.values()) {
            listeners.addAll(listeners(service, addresses, lmtpClients));
        }
        lmtpSocket().ifPresent(listeners::add);
        if (listeners.isEmpty()) {
            problems.add(file + ": no listener is enabled");
        }
        StoreSettings store = new StoreSettings(
                data,
                optional("auth.default-domain", this::host),
                separator("store.detail-separator"),
                flag("store.first-mailboxes", true),
                octets("store.view-memory", Runtime.getRuntime().maxMemory() / 4, 1 << 20, Long.MAX_VALUE),
                segments());
        var connections = new ConnectionLimits(
                number("limits.connections", ConnectionLimits.DEFAULT.total(), 1, 1_000_000),
                number("limits.connections-per-address", ConnectionLimits.DEFAULT.perAddress(), 1, 1_000_000),
                number("limits.connections-per-account", ConnectionLimits.DEFAULT.perAccount(), 1, 1_000_000),
                number("limits.handshakes", ConnectionLimits.DEFAULT.handshakes(), 1, 1_000_000));
        long message = octets("limits.message", ImapSettings.DEFAULT.messageOctets(), 64 << 10, 2_000_000_000);
        int failedLogins = number("auth.failed-logins", ImapSettings.DEFAULT.failedLogins(), 1, 100);
        var sessions = new SessionLimits(
                duration("sessions.handshake", SessionLimits.DEFAULT.handshake(), Duration.ofSeconds(1)),
                duration("sessions.before-login", SessionLimits.DEFAULT.beforeLogin(), Duration.ofSeconds(1)),
                duration("sessions.until-login", SessionLimits.DEFAULT.untilLogin(), Duration.ofSeconds(1)),
                // RFC 3501 §5.4: an autologout timer is at least 30 minutes
                duration("sessions.after-login", SessionLimits.DEFAULT.afterLogin(), Duration.ofMinutes(30)),
                duration("sessions.write", SessionLimits.DEFAULT.write(), Duration.ofSeconds(1)));
        Duration longestLoginDelay = duration("auth.longest-delay", Duration.ofSeconds(30), Duration.ZERO);
        var imap = new ImapSettings(
                message,
                ImapSettings.DEFAULT.lineOctets(),
                ImapSettings.DEFAULT.literalBeforeLogin(),
                failedLogins,
                oneOf("imap.literals", "plus", Set.of("plus", "minus")).equals("minus")
                        ? ImapSettings.Literals.MINUS
                        : ImapSettings.Literals.PLUS,
                oneOf("imap.eight-bit-headers", "accept", Set.of("accept", "refuse"))
                                .equals("refuse")
                        ? ImapSettings.EightBitHeaders.REFUSE
                        : ImapSettings.EightBitHeaders.ACCEPT,
                flag("imap.preauth", false));
        var pop3 = new Pop3Settings(
                failedLogins,
                duration("pop3.after-login", Pop3Settings.DEFAULT.afterLogin(), Pop3Settings.LEAST_AFTER_LOGIN));
        var submission = new SubmissionSettings(
                host,
                message,
                number("submission.recipients", 100, 100, 10_000), // RFC 5321 §4.5.3.1.8: at least 100
                failedLogins,
                flag("submission.hide-client-address", true));
        var lmtp = new LmtpSettings(
                host,
                message,
                number("lmtp.recipients", 1_000, 100, 10_000),
                oneOf("lmtp.full-mailbox", "try-later", Set.of("try-later", "refuse"))
                                .equals("refuse")
                        ? LmtpSettings.FullMailbox.REFUSE
                        : LmtpSettings.FullMailbox.TRY_LATER);
        var tls = new TlsSettings(
                oneOf("tls.engine", "jdk", Set.of("jdk", "boringssl")).equals("boringssl")
                        ? TlsEngine.BORINGSSL
                        : TlsEngine.JDK,
                oneOf("tls.retired-versions", "refuse", Set.of("refuse", "explain"))
                                .equals("explain")
                        ? RetiredVersions.EXPLAIN
                        : RetiredVersions.REFUSE);
        Certificates certificates = certificates();
        UnknownServerName unknownSni =
                oneOf("tls.unknown-sni", "default-certificate", Set.of("default-certificate", "refuse"))
                                .equals("refuse")
                        ? UnknownServerName.REFUSE
                        : UnknownServerName.DEFAULT_CERTIFICATE;
        List<ClientAuthority.Settings> clientAuthorities = clientAuthorities();
        boolean channelBinding =
                oneOf("auth.channel-binding", "offer", Set.of("offer", "off")).equals("offer");
        Optional<InetSocketAddress> metrics = metrics();
        String level = oneOf("log.level", "info", LOG_LEVELS);
        findUnknownKeys();
        if (!problems.isEmpty()) {
            throw new ConfigurationException(problems);
        }
        return new Configuration(
                host,
                data,
                listeners,
                tls,
                certificates,
                unknownSni,
                clientAuthorities,
                channelBinding,
                store,
                connections,
                sessions,
                longestLoginDelay,
                imap,
                pop3,
                submission,
                lmtp,
                metrics,
                level);
    }

    private List<Listener> listeners(Service service, List<InetAddress> addresses, List<Network> lmtpClients) {
        String section = "listeners." + service.serviceName();
        int port = number(section + ".port", service.port, 1, 65_535);
        boolean enabled = flag(section + ".enabled", service.forClients());
        List<InetAddress> own = list(section + ".addresses", List.of(), this::address);
        if (!enabled) {
            return List.of();
        }
        if (!service.forClients()) {
            return inbound(service, port, own, lmtpClients);
        }
        return (own.isEmpty() ? addresses : own)
                .stream()
                        // decisions: a host without IPv6 is no error
                        .map(address -> new Listener(
                                service,
                                address,
                                port,
                                address.isAnyLocalAddress() && address.getAddress().length == 16))
                        .toList();
    }

    private Optional<InetSocketAddress> metrics() {
        boolean enabled = flag("metrics.enabled", false);
        InetAddress address = value(
                "metrics.address",
                InetAddress.ofLiteral("127.0.0.1"),
                from -> address(from.getString("metrics.address")));
        int port = number("metrics.port", DEFAULT_METRICS_PORT, 1, 65_535);
        return enabled ? Optional.of(new InetSocketAddress(address, port)) : Optional.empty();
    }

    /// Whoever may connect may deliver: this machine, and networks that are named.
    private List<Listener> inbound(Service service, int port, List<InetAddress> own, List<Network> allowed) {
        String path = "listeners." + service.serviceName() + ".addresses";
        if (allowed.isEmpty()) {
            own.stream()
                    .filter(address -> !address.isLoopbackAddress())
                    .forEach(address -> problems.add(origin(path)
                            + path + ": " + address.getHostAddress()
                            + " is not an address of the loopback interface, and there is no login on this listener:"
                            + " name who may deliver in lmtp.allowed-networks, or use 127.0.0.1 or ::1"));
        }
        List<Network> clients = new ArrayList<>(Network.LOOPBACK);
        clients.addAll(allowed);
        List<InetAddress> addresses =
                own.isEmpty() ? List.of(InetAddress.ofLiteral("127.0.0.1"), InetAddress.ofLiteral("::1")) : own;
        return addresses.stream()
                .map(address -> new Listener(
                        service,
                        new Endpoint.Port(
                                new InetSocketAddress(address, port), clients, address.getAddress().length == 16)))
                .toList();
    }

    private Optional<Listener> lmtpSocket() {
        Optional<Path> socket = value(
                "lmtp.socket",
                Optional.empty(),
                from -> Optional.of(from.getString("lmtp.socket"))
                        .filter(text -> !text.isEmpty())
                        .map(ConfigurationReader::absolute));
        String permissions =
                oneOf("lmtp.socket-permissions", "rw-rw----", Set.of("rw-------", "rw-rw----", "rw-rw-rw-"));
        return socket.map(path -> new Listener(
                Service.LMTP, new Endpoint.UnixSocket(path, PosixFilePermissions.fromString(permissions))));
    }

    private static Path absolute(String text) {
        Path path = Path.of(text);
        if (!path.isAbsolute()) {
            throw new IllegalArgumentException("'" + text + "' is no absolute path");
        }
        return path;
    }

    private Certificates certificates() {
        String source = oneOf("tls.certificates", "own-authority", Set.of("own-authority", "files", "acme"));
        Optional<Certificates> acme = acme(source.equals("acme"));
        List<String> hosts = list("tls.own-authority.hosts", List.of(), this::host);
        List<String> addresses = list("tls.own-authority.addresses", List.of(), text -> {
            address(text);
            return text;
        });
        List<Certificates.Pair> pairs = new ArrayList<>();
        if (config.hasPath("tls.files")) {
            known.add("tls.files");
            try {
                for (ConfigObject pair : config.getObjectList("tls.files")) {
                    pairs.add(pair(pair));
                }
            } catch (ConfigException.WrongType wrong) {
                problems.add(at(file, wrong.origin()) + "tls.files is a list of { chain = …, key = … }");
            }
        }
        List<Path> directories = list("tls.directories", List.of(), ConfigurationReader::absolute);
        if (source.equals("own-authority")) {
            return new Certificates.OwnAuthority(hosts, addresses);
        }
        if (acme.isPresent()) {
            return acme.get();
        }
        if (pairs.isEmpty() && directories.isEmpty()) {
            problems.add(origin("tls.certificates")
                    + "tls.certificates = files needs tls.files = [{ chain = \"….pem\", key = \"….pem\" }],"
                    + " or tls.directories");
        }
        return new Certificates.Files(pairs, directories);
    }

    /// @param used whether the settings are those of the configured source
    private Optional<Certificates> acme(boolean used) {
        URI directory = value(
                "tls.acme.directory",
                URI.create("https://acme-v02.api.letsencrypt.org/directory"),
                from -> https(from.getString("tls.acme.directory")));
        List<URI> contacts = list("tls.acme.contacts", List.of(), text -> {
            if (!text.matches("mailto:[^@ ]+@[^@ ]+")) {
                throw new IllegalArgumentException("'" + text + "' is not as mailto:postmaster@example.org");
            }
            return URI.create(text);
        });
        boolean agreed = flag("tls.acme.agree-to-terms", false);
        String challenge = oneOf("tls.acme.challenge", "http-01", Set.of("http-01", "tls-alpn-01"));
        List<String> hosts = list("tls.acme.hosts", List.of(), this::host);
        boolean mailDomains = flag("tls.acme.mail-domains", false);
        String keys = oneOf("tls.acme.keys", "ec", Set.of("ec", "rsa", "both"));
        boolean reuse = flag("tls.acme.reuse-key", false);
        InetSocketAddress http = responder("http", 80);
        InetSocketAddress alpn = responder("tls-alpn", 443);
        String identifier = text("tls.acme.external-account.key-id", "");
        String secret = text("tls.acme.external-account.secret", "");
        String trust = text("tls.acme.trust", "");
        if (!used) {
            return Optional.empty();
        }
        if (!agreed) {
            problems.add(
                    origin("tls.certificates") + "tls.certificates = acme needs tls.acme.agree-to-terms = true: read"
                            + " the terms of the authority at " + directory + " first");
        }
        if (identifier.isEmpty() != secret.isEmpty()) {
            problems.add(file + ": tls.acme.external-account has key-id and secret, or neither");
        }
        return Optional.of(new Certificates.Acme(
                new AcmeSettings(
                        directory,
                        contacts,
                        challenge.equals("http-01") ? ChallengeKind.HTTP_01 : ChallengeKind.TLS_ALPN_01,
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

    private InetSocketAddress responder(String name, int registered) {
        String path = "tls.acme." + name;
        InetAddress address = value(
                path + ".address",
                InetAddress.ofLiteral("0.0.0.0"),
                from -> address(from.getString(path + ".address")));
        return new InetSocketAddress(address, number(path + ".port", registered, 1, 65_535));
    }

    private static URI https(String text) {
        URI uri = URI.create(text);
        if (!"https".equals(uri.getScheme()) || uri.getHost() == null) {
            throw new IllegalArgumentException("'" + text + "' is no https URL");
        }
        return uri;
    }

    private List<ClientAuthority.Settings> clientAuthorities() {
        List<ClientAuthority.Settings> authorities = new ArrayList<>();
        if (config.hasPath("tls.client-authorities")) {
            known.add("tls.client-authorities");
            try {
                for (ConfigObject authority : config.getObjectList("tls.client-authorities")) {
                    clientAuthority(authority).ifPresent(authorities::add);
                }
            } catch (ConfigException.WrongType wrong) {
                problems.add(
                        at(file, wrong.origin()) + "tls.client-authorities is a list of { file = …, domains = [ … ] }");
            }
        }
        return authorities;
    }

    /// R8314-40: an authority without a mapping to accounts is a mistake.
    private Optional<ClientAuthority.Settings> clientAuthority(ConfigObject object) {
        String place = at(file, object.origin());
        Config authority = object.toConfig();
        Set<String> others = new LinkedHashSet<>(object.keySet());
        others.removeAll(Set.of("file", "domains", "address-in", "revocation-lists", "ocsp-responses"));
        if (!others.isEmpty() || !authority.hasPath("file") || !authority.hasPath("domains")) {
            problems.add(place + "an entry of tls.client-authorities has the keys file and domains, and may have"
                    + " address-in, revocation-lists and ocsp-responses"
                    + (others.isEmpty() ? "" : ", not " + others));
            return Optional.empty();
        }
        try {
            List<String> domains =
                    authority.getStringList("domains").stream().map(this::host).toList();
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
            problems.add(place + "tls.client-authorities: " + wrong.getMessage());
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
                ? config.getStringList(key).stream()
                        .map(ConfigurationReader::absolute)
                        .toList()
                : List.of();
    }

    private Certificates.Pair pair(ConfigObject object) {
        Set<String> keys = object.keySet();
        if (!keys.equals(Set.of("chain", "key"))) {
            problems.add(at(file, object.origin()) + "an entry of tls.files has the keys chain and key, not " + keys);
            return new Certificates.Pair(new PemPair(Path.of(""), Path.of("")), Optional.empty());
        }
        Config pair = object.toConfig();
        return new Certificates.Pair(
                new PemPair(Path.of(pair.getString("chain")), Path.of(pair.getString("key"))),
                Optional.of(at(file, object.origin())));
    }

    // ---- values

    private <T> T value(String path, T otherwise, Function<Config, T> read) {
        known.add(path);
        if (!config.hasPath(path)) {
            return otherwise;
        }
        try {
            return read.apply(config);
        } catch (ConfigException.WrongType | ConfigException.BadValue wrong) {
            String message = String.valueOf(wrong.getMessage());
            // "file: 3: path has type X rather than Y": the place is said already
            int start = message.indexOf(path);
            problems.add(origin(path)
                    + (start < 0
                            ? path + ": " + message
                            : message.substring(start).replaceFirst("^([^ ]+)':", "$1:")));
        } catch (IllegalArgumentException wrong) {
            problems.add(origin(path) + path + ": " + wrong.getMessage());
        }
        return otherwise;
    }

    private SegmentSettings segments() {
        SegmentSettings usual = SegmentSettings.DEFAULT;
        return new SegmentSettings(
                octets("store.segment", usual.octets(), 1 << 20, 64L << 30),
                oneOf("store.compression", "off", Set.of("off", "zstd")).equals("zstd"),
                number("store.compaction.dead-share", usual.deadShare(), 10, 100),
                octets("store.compaction.rate", usual.rate(), 64 << 10, 10L << 30),
                duration("store.compaction.pause", usual.pause(), Duration.ofSeconds(1)),
                octets("store.disk-reserve", usual.reserve(), 0, 1L << 50));
    }

    private String text(String path, String otherwise) {
        return value(path, otherwise, from -> from.getString(path));
    }

    private String required(String path, String meaning, Function<String, String> check) {
        if (!config.hasPath(path)) {
            known.add(path);
            problems.add(file + ": " + path + " is missing: " + meaning);
            return "";
        }
        return value(path, "", from -> check.apply(from.getString(path)));
    }

    private Optional<String> optional(String path, Function<String, String> check) {
        return value(
                path,
                Optional.empty(),
                from -> Optional.of(from.getString(path))
                        .filter(text -> !text.isEmpty())
                        .map(check));
    }

    private boolean flag(String path, boolean otherwise) {
        return value(path, otherwise, from -> from.getBoolean(path));
    }

    private int number(String path, int otherwise, int least, int most) {
        return value(path, otherwise, from -> {
            int number = from.getInt(path);
            if (number < least || number > most) {
                throw new IllegalArgumentException(number + " is not from " + least + " to " + most);
            }
            return number;
        });
    }

    private long octets(String path, long otherwise, long least, long most) {
        return value(path, otherwise, from -> {
            long octets = from.getBytes(path);
            if (octets < least || octets > most) {
                throw new IllegalArgumentException(octets + " octets are not from " + least + " to " + most);
            }
            return octets;
        });
    }

    private Duration duration(String path, Duration otherwise, Duration least) {
        return value(path, otherwise, from -> {
            Duration duration = from.getDuration(path);
            if (duration.compareTo(least) < 0 || duration.compareTo(Duration.ofDays(1)) > 0) {
                throw new IllegalArgumentException("is not from " + least.toSeconds() + " s to "
                        + Duration.ofDays(1).toHours() + " h");
            }
            return duration;
        });
    }

    private String oneOf(String path, String otherwise, Set<String> allowed) {
        return value(path, otherwise, from -> {
            String text = from.getString(path);
            if (!allowed.contains(text)) {
                throw new IllegalArgumentException("'" + text + "' is none of "
                        + String.join(", ", allowed.stream().sorted().toList()));
            }
            return text;
        });
    }

    private char separator(String path) {
        return value(path, '+', from -> {
            String text = from.getString(path);
            if (text.length() != 1
                    || "@\"\\<>()[],;: .".contains(text)
                    || text.charAt(0) <= ' '
                    || text.charAt(0) > '~') {
                throw new IllegalArgumentException("is one character that may stand in a local part, such as + or -");
            }
            return text.charAt(0);
        });
    }

    private <T> List<T> list(String path, List<String> otherwise, Function<String, T> convert) {
        return value(
                path,
                otherwise.stream().map(convert).toList(),
                from -> from.getStringList(path).stream().map(convert).toList());
    }

    /// An A-label name.
    static boolean isHost(String name) {
        return HOST.matcher(name).matches();
    }

    private String host(String text) {
        String name = text.toLowerCase(Locale.ROOT);
        if (!isHost(name)) {
            throw new IllegalArgumentException(
                    "'" + text + "' is no host name in its ASCII form (A-labels, xn--… for others)");
        }
        return name;
    }

    private InetAddress address(String text) {
        try {
            return InetAddress.ofLiteral(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("'" + text + "' is no IPv4 or IPv6 address", e);
        }
    }

    // ---- places

    private String origin(String path) {
        return at(file, config.getValue(path).origin());
    }

    private static String at(Path file, ConfigOrigin origin) {
        if (origin == null || (origin.lineNumber() < 0 && !origin.description().startsWith("environment"))) {
            return file + ": ";
        }
        return origin.description().startsWith("environment")
                ? origin.description() + ": "
                : file + ":" + origin.lineNumber() + ": ";
    }

    private void findUnknownKeys() {
        for (Map.Entry<String, ConfigValue> entry : config.entrySet()) {
            String path = entry.getKey().replace("\"", "");
            if (!known.contains(path)) {
                problems.add(at(file, entry.getValue().origin()) + path + " is no setting" + similar(path));
            }
        }
    }

    private String similar(String path) {
        String last = path.substring(path.lastIndexOf('.') + 1);
        return known.stream()
                .filter(key -> key.endsWith("." + last) || distance(key, path) <= 3)
                .findFirst()
                .map(key -> "; is " + key + " meant?")
                .orElse("");
    }

    /// Levenshtein's.
    private static int distance(String left, String right) {
        int[] row = new int[right.length() + 1];
        Arrays.setAll(row, index -> index);
        for (int i = 1; i <= left.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= right.length(); j++) {
                int changed = diagonal + (left.charAt(i - 1) == right.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(changed, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[right.length()];
    }
}
