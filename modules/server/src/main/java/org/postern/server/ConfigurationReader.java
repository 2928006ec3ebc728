package org.postern.server;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
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
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.postern.auth.SaslSettings;
import org.postern.auth.ScramHash;
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
import org.postern.tls.RetiredVersions;
import org.postern.tls.TlsEngine;
import org.postern.tls.TlsSettings;
import org.postern.tls.UnknownServerName;

/// Reads `conf/postern.conf` (HOCON) and the environment. All problems are collected, each with file and
/// line, so that one look at the output is enough; an unknown key is a problem.
final class ConfigurationReader {
    static final String DEFAULT_DATA_DIRECTORY = "/var/lib/postern";
    static final int DEFAULT_METRICS_PORT = 9090;

    private static final Set<String> LOG_LEVELS = Set.of("error", "warn", "info", "debug");
    private static final Set<String> LIVE = Set.of(
            "server.host",
            "server.proxies",
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
            "dns.",
            "nameserver.",
            "log.level");
    /// Exceptions from a section that is otherwise live.
    private static final Set<String> NOT_LIVE = Set.of(
            "tls.engine",
            "tls.retired-versions",
            "tls.client-certificates-from",
            "nameserver.addresses",
            "nameserver.port");

    private static final String OVERRIDE = "POSTERN_";

    private final Settings settings;

    private ConfigurationReader(Settings settings) {
        this.settings = settings;
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
            throw new ConfigurationException(List.of(Settings.at(file, malformed.origin()) + malformed.getMessage()));
        }
        List<String> problems = new ArrayList<>();
        Config overridden = withOverrides(parsed, environment, problems);
        Configuration configuration = new ConfigurationReader(new Settings(overridden, file, problems)).read();
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
        Path data = Path.of(settings.text("server.data-directory", DEFAULT_DATA_DIRECTORY));
        String host = settings.required("server.host", "the server's own name, as mail.example.org", Settings::host);
        List<InetAddress> addresses = settings.list("server.addresses", List.of("0.0.0.0", "::"), Settings::address);
        List<Network> lmtpClients = settings.list("lmtp.allowed-networks", List.of(), Network::parse);
        List<Network> proxies = settings.list("server.proxies", List.of(), ConfigurationReader::proxy);
        List<Listener> listeners = new ArrayList<>();
        for (Service service : Service.values()) {
            listeners.addAll(listeners(service, addresses, lmtpClients));
        }
        lmtpSocket().ifPresent(listeners::add);
        if (listeners.isEmpty()) {
            settings.problem(settings.place() + "no listener is enabled");
        }
        StoreSettings store = new StoreSettings(
                data,
                settings.optional("auth.default-domain", Settings::host),
                separator("store.detail-separator"),
                settings.flag("store.first-mailboxes", true),
                settings.octets("store.view-memory", Runtime.getRuntime().maxMemory() / 4, 1 << 20, Long.MAX_VALUE),
                segments());
        var connections = new ConnectionLimits(
                settings.number("limits.connections", ConnectionLimits.DEFAULT.total(), 1, 1_000_000),
                settings.number("limits.connections-per-address", ConnectionLimits.DEFAULT.perAddress(), 1, 1_000_000),
                settings.number("limits.connections-per-account", ConnectionLimits.DEFAULT.perAccount(), 1, 1_000_000),
                settings.number("limits.handshakes", ConnectionLimits.DEFAULT.handshakes(), 1, 1_000_000));
        long message = settings.octets("limits.message", ImapSettings.DEFAULT.messageOctets(), 64 << 10, 2_000_000_000);
        int failedLogins = settings.number("auth.failed-logins", ImapSettings.DEFAULT.failedLogins(), 1, 100);
        var sessions = new SessionLimits(
                settings.duration("sessions.handshake", SessionLimits.DEFAULT.handshake(), Duration.ofSeconds(1)),
                settings.duration("sessions.before-login", SessionLimits.DEFAULT.beforeLogin(), Duration.ofSeconds(1)),
                settings.duration("sessions.until-login", SessionLimits.DEFAULT.untilLogin(), Duration.ofSeconds(1)),
                // RFC 3501 §5.4: an autologout timer is at least 30 minutes
                settings.duration("sessions.after-login", SessionLimits.DEFAULT.afterLogin(), Duration.ofMinutes(30)),
                settings.duration("sessions.write", SessionLimits.DEFAULT.write(), Duration.ofSeconds(1)));
        Duration longestLoginDelay = settings.duration("auth.longest-delay", Duration.ofSeconds(30), Duration.ZERO);
        var imap = new ImapSettings(
                message,
                ImapSettings.DEFAULT.lineOctets(),
                ImapSettings.DEFAULT.literalBeforeLogin(),
                failedLogins,
                settings.oneOf("imap.literals", "plus", Set.of("plus", "minus")).equals("minus")
                        ? ImapSettings.Literals.MINUS
                        : ImapSettings.Literals.PLUS,
                settings.oneOf("imap.eight-bit-headers", "accept", Set.of("accept", "refuse"))
                                .equals("refuse")
                        ? ImapSettings.EightBitHeaders.REFUSE
                        : ImapSettings.EightBitHeaders.ACCEPT,
                settings.flag("imap.preauth", false));
        var pop3 = new Pop3Settings(
                failedLogins,
                settings.duration(
                        "pop3.after-login", Pop3Settings.DEFAULT.afterLogin(), Pop3Settings.LEAST_AFTER_LOGIN));
        var submission = new SubmissionSettings(
                host,
                message,
                settings.number("submission.recipients", 100, 100, 10_000), // RFC 5321 §4.5.3.1.8: at least 100
                failedLogins,
                settings.flag("submission.hide-client-address", true));
        var lmtp = new LmtpSettings(
                host,
                message,
                settings.number("lmtp.recipients", 1_000, 100, 10_000),
                settings.oneOf("lmtp.full-mailbox", "try-later", Set.of("try-later", "refuse"))
                                .equals("refuse")
                        ? LmtpSettings.FullMailbox.REFUSE
                        : LmtpSettings.FullMailbox.TRY_LATER);
        var tls = new TlsSettings(
                settings.oneOf("tls.engine", "jdk", Set.of("jdk", "boringssl")).equals("boringssl")
                        ? TlsEngine.BORINGSSL
                        : TlsEngine.JDK,
                settings.oneOf("tls.retired-versions", "refuse", Set.of("refuse", "explain"))
                                .equals("explain")
                        ? RetiredVersions.EXPLAIN
                        : RetiredVersions.REFUSE,
                settings.oneOf("tls.client-certificates-from", "1.3", Set.of("1.2", "1.3"))
                        .equals("1.2"));
        var section = new CertificateSettings(settings);
        Certificates certificates = section.certificates();
        UnknownServerName unknownSni =
                settings.oneOf("tls.unknown-sni", "default-certificate", Set.of("default-certificate", "refuse"))
                                .equals("refuse")
                        ? UnknownServerName.REFUSE
                        : UnknownServerName.DEFAULT_CERTIFICATE;
        List<ClientAuthority.Settings> clientAuthorities = section.clientAuthorities();
        SaslSettings sasl = sasl();
        Optional<InetSocketAddress> metrics = metrics();
        DnsSettings dns = new DnsSection(settings).read(host, certificates);
        section.checkChallenge(host, certificates, dns);
        Optional<Configuration.NameServer> nameServer = new NameServerSection(settings).read(dns);
        String level = settings.oneOf("log.level", "info", LOG_LEVELS);
        settings.findUnknownKeys();
        if (!settings.problems().isEmpty()) {
            throw new ConfigurationException(settings.problems());
        }
        return new Configuration(
                host,
                data,
                listeners,
                proxies,
                tls,
                certificates,
                unknownSni,
                clientAuthorities,
                sasl,
                store,
                connections,
                sessions,
                longestLoginDelay,
                imap,
                pop3,
                submission,
                lmtp,
                metrics,
                dns,
                nameServer,
                level);
    }

    private List<Listener> listeners(Service service, List<InetAddress> addresses, List<Network> lmtpClients) {
        String section = "listeners." + service.serviceName();
        int port = settings.number(section + ".port", service.port, 1, 65_535);
        boolean enabled = settings.flag(section + ".enabled", service.forClients());
        List<InetAddress> own = settings.list(section + ".addresses", List.of(), Settings::address);
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

    private static Network proxy(String text) {
        Network network = Network.parse(text);
        if (network.prefix() == 0) {
            throw new IllegalArgumentException(
                    "'" + text + "' is everybody: anybody could then say that the connection is somebody else's");
        }
        return network;
    }

    private SaslSettings sasl() {
        boolean bind = settings.oneOf("auth.channel-binding", "offer", Set.of("offer", "off"))
                .equals("offer");
        EnumSet<ScramHash> kept = EnumSet.noneOf(ScramHash.class);
        EnumSet<ScramHash> offered = EnumSet.noneOf(ScramHash.class);
        for (ScramHash hash : List.of(ScramHash.SHA_1, ScramHash.SHA_512)) {
            String setting = "auth." + hash.mechanism().toLowerCase(Locale.ROOT);
            String state = settings.oneOf(setting, "off", Set.of("off", "prepare", "offer"));
            if (!state.equals("off")) {
                kept.add(hash);
            }
            if (state.equals("offer")) {
                offered.add(hash);
            }
        }
        return new SaslSettings(bind, kept, offered);
    }

    private Optional<InetSocketAddress> metrics() {
        boolean enabled = settings.flag("metrics.enabled", false);
        InetAddress address = settings.value(
                "metrics.address",
                InetAddress.ofLiteral("127.0.0.1"),
                from -> Settings.address(from.getString("metrics.address")));
        int port = settings.number("metrics.port", DEFAULT_METRICS_PORT, 1, 65_535);
        return enabled ? Optional.of(new InetSocketAddress(address, port)) : Optional.empty();
    }

    /// Whoever may connect may deliver: this machine, and networks that are named.
    private List<Listener> inbound(Service service, int port, List<InetAddress> own, List<Network> allowed) {
        String path = "listeners." + service.serviceName() + ".addresses";
        if (allowed.isEmpty()) {
            own.stream()
                    .filter(address -> !address.isLoopbackAddress())
                    .forEach(address -> settings.problem(settings.origin(path)
                            + path + ": " + address.getHostAddress()
                            + " is not an address of the loopback interface, and there is no login on this listener:"
                            + " name who may deliver in lmtp.allowed-networks, or use 127.0.0.1 or ::1"));
        }
        if (port == 25) { // RFC 2033 §5
            settings.problem(settings.origin("listeners." + service.serviceName() + ".port") + "listeners."
                    + service.serviceName() + ".port: 25 is where servers expect SMTP; LMTP's is 24");
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
        Optional<Path> socket = settings.value(
                "lmtp.socket",
                Optional.empty(),
                from -> Optional.of(from.getString("lmtp.socket"))
                        .filter(text -> !text.isEmpty())
                        .map(Settings::absolute));
        String permissions =
                settings.oneOf("lmtp.socket-permissions", "rw-rw----", Set.of("rw-------", "rw-rw----", "rw-rw-rw-"));
        return socket.map(path -> new Listener(
                Service.LMTP, new Endpoint.UnixSocket(path, PosixFilePermissions.fromString(permissions))));
    }

    private SegmentSettings segments() {
        SegmentSettings usual = SegmentSettings.DEFAULT;
        return new SegmentSettings(
                settings.octets("store.segment", usual.octets(), 1 << 20, 64L << 30),
                settings.oneOf("store.compression", "off", Set.of("off", "zstd"))
                        .equals("zstd"),
                settings.number("store.compaction.dead-share", usual.deadShare(), 10, 100),
                settings.octets("store.compaction.rate", usual.rate(), 64 << 10, 10L << 30),
                settings.duration("store.compaction.pause", usual.pause(), Duration.ofSeconds(1)),
                settings.octets("store.disk-reserve", usual.reserve(), 0, 1L << 50));
    }

    private char separator(String path) {
        return settings.value(path, '+', from -> {
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
}
