package org.postern.server;

import java.io.IOException;
import java.io.PrintStream;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.postern.auth.SaslSettings;
import org.postern.dns.FrontEnd;
import org.postern.dns.TlsaParameters;
import org.postern.files.DurableFile;
import org.postern.imap.ImapSettings;
import org.postern.inbound.LmtpSettings;
import org.postern.nameserver.NameServer;
import org.postern.nameserver.NameServerSettings;
import org.postern.nameserver.ZoneSettings;
import org.postern.pop3.Pop3Settings;
import org.postern.resolver.DomainName;
import org.postern.resolver.Upstream;
import org.postern.server.Configuration.Certificates;
import org.postern.server.Configuration.Listener;
import org.postern.server.Configuration.Service;
import org.postern.session.ConnectionLimits;
import org.postern.session.SessionLimits;
import org.postern.store.Accounts;
import org.postern.store.StoreSettings;
import org.postern.submission.SubmissionSettings;
import org.postern.tls.TlsSettings;
import org.postern.tls.UnknownServerName;

/// A whole server without configuration: a domain, accounts with passwords, sample messages, ports above
/// 1024 on the loopback addresses, and a file that tells programs where everything is.
final class Quickstart {
    static final int DEFAULT_OFFSET = 10_000;
    private static final int DNS_PORT = 53;
    private static final List<InetAddress> LOOPBACK =
            List.of(InetAddress.ofLiteral("127.0.0.1"), InetAddress.ofLiteral("::1"));
    private static final String DEFAULT_DOMAIN = "example.test";
    private static final List<String> DEFAULT_ACCOUNTS = List.of("alice", "bob");
    private static final String ENVIRONMENT = "quickstart.env";
    private static final Pattern DOMAIN =
            Pattern.compile("(?=.{1,200}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+");
    private static final Pattern LOCAL_PART = Pattern.compile("[A-Za-z0-9_.-]{1,64}");

    /// What was asked for; null where nothing was said, so that what the directory remembers holds.
    record Options(
            Path directory,
            @Nullable String domain,
            @Nullable List<String> accounts,
            List<InetAddress> addresses,
            int portOffset,
            String logLevel) {}

    private final Options options;
    private final QuickstartState state;
    private final String domain;
    private final List<String> accounts;

    /// @throws StartException for options that do not fit each other or the directory
    Quickstart(Options options) {
        this.options = options;
        this.state = QuickstartState.read(options.directory());
        this.domain = chosenDomain();
        this.accounts = chosenAccounts();
        int most = 65_535 - ConfigurationReader.DEFAULT_METRICS_PORT;
        if (options.portOffset() < 0 || options.portOffset() > most) {
            throw new StartException("--port-offset is from 0 to " + most + ", not " + options.portOffset());
        }
    }

    private String chosenDomain() {
        String remembered = state.domain();
        String asked = options.domain();
        if (asked == null) {
            return remembered == null ? DEFAULT_DOMAIN : remembered;
        }
        String wanted = asked.toLowerCase(Locale.ROOT);
        if (!DOMAIN.matcher(wanted).matches()) {
            throw new StartException("--domain takes a domain in its ASCII form, such as example.test, not " + asked);
        }
        if (remembered != null && !remembered.equals(wanted)) {
            throw new StartException(options.directory() + " belongs to the domain " + remembered
                    + ": leave --domain out, or choose another --data directory for " + wanted);
        }
        return wanted;
    }

    /// Those that the directory has already stay, and stand after those asked for.
    private List<String> chosenAccounts() {
        Set<String> chosen = new LinkedHashSet<>();
        List<String> asked = options.accounts();
        if (asked != null) {
            for (String name : asked) {
                if (!LOCAL_PART.matcher(name).matches()) {
                    throw new StartException("--accounts takes local parts such as alice,bob, not '" + name + "'");
                }
                chosen.add(name);
            }
        }
        chosen.addAll(state.accounts());
        if (chosen.size() < 2) {
            chosen.addAll(DEFAULT_ACCOUNTS);
        }
        return List.copyOf(chosen);
    }

    /// Starts everything, writes the environment file, and says what to type.
    PosternServer start(PrintStream out) {
        Path environment = options.directory().resolve(ENVIRONMENT);
        PosternServer server = new PosternServer(configuration());
        try {
            Files.deleteIfExists(environment); // of a process that was killed: now nobody listens
            provision(server);
            server.listen();
            server.awaitRecords(); // so that programs that read the file find all that it tells of
            DurableFile.replace(environment, environment(server));
        } catch (IOException e) {
            server.close();
            throw new StartException("cannot write " + environment + ": " + e.getMessage(), e);
        } catch (RuntimeException e) {
            server.close();
            throw e;
        }
        out.print(instructions(server, environment));
        out.flush();
        return server;
    }

    /// Called on a clean stop: from now on the file would tell what is not so.
    void stopped() {
        try {
            Files.deleteIfExists(options.directory().resolve(ENVIRONMENT));
        } catch (IOException e) {
            throw new StartException("cannot remove " + options.directory().resolve(ENVIRONMENT), e);
        }
    }

    private Configuration configuration() {
        Path data = options.directory();
        List<Listener> listeners = new ArrayList<>();
        for (Service service : Service.values()) {
            int port = service.port + options.portOffset();
            // LMTP asks nobody who he is: wherever clients are let in, it stays on this machine.
            for (InetAddress address : service.forClients() ? options.addresses() : LOOPBACK) {
                listeners.add(new Listener(service, address, port, address instanceof Inet6Address));
            }
        }
        String host = "mail." + domain;
        Names names = names(host);
        return new Configuration(
                host,
                data,
                listeners,
                List.of(),
                TlsSettings.DEFAULT,
                new Certificates.OwnAuthority(List.of(domain, "localhost"), List.of("127.0.0.1", "::1")),
                UnknownServerName.DEFAULT_CERTIFICATE,
                List.of(),
                SaslSettings.DEFAULT,
                StoreSettings.in(data).withDefaultDomain(domain),
                ConnectionLimits.DEFAULT,
                SessionLimits.DEFAULT,
                Duration.ofSeconds(1), // it is there to be tried
                ImapSettings.DEFAULT,
                Pop3Settings.DEFAULT,
                SubmissionSettings.of(host),
                LmtpSettings.of(host),
                Optional.of(new InetSocketAddress(
                        InetAddress.ofLiteral("127.0.0.1"),
                        ConfigurationReader.DEFAULT_METRICS_PORT + options.portOffset())),
                names.records(),
                Optional.of(names.server()),
                options.logLevel());
    }

    /// The domain as a signed zone, served and validated by itself.
    private record Names(Configuration.NameServer server, DnsSettings records) {}

    private Names names(String host) {
        List<InetAddress> served = options.addresses();
        int wanted = DNS_PORT + options.portOffset();
        int port = FreePort.from(wanted, served);
        List<InetAddress> present =
                served.stream().filter(address -> FreePort.isHere(address)).toList();
        DomainName zone = new DomainName(domain);
        ZoneSettings settings = new ZoneSettings(
                zone,
                List.of(new DomainName(host)),
                new DomainName("hostmaster." + domain),
                Optional.empty(),
                ZoneSettings.Algorithm.ECDSA_P256,
                ZoneSettings.Denial.NSEC,
                ZoneSettings.KeyScheme.CSK,
                ZoneSettings.Timing.DEFAULT,
                List.of());
        NameServerSettings server = NameServerSettings.of(
                present.stream()
                        .map(address -> new InetSocketAddress(address, port))
                        .toList(),
                List.of(settings));
        // what clients reach from here, also where it listens on every address
        List<InetAddress> reached = present.stream().anyMatch(InetAddress::isAnyLocalAddress) ? LOOPBACK : present;
        InetAddress asked = reached.getFirst();
        return new Names(
                new Configuration.NameServer(server, List.of()),
                new DnsSettings(
                        List.of(new Upstream(asked, port)),
                        Optional.of(options.directory()
                                .resolve(NameServerManagement.DIRECTORY)
                                .resolve(NameServer.ANCHORS)),
                        Duration.ofMinutes(5),
                        List.of(new FrontEnd(new DomainName(host), 0, reached)),
                        List.of(TlsaParameters.USUAL),
                        false,
                        List.of(),
                        List.of(new DnsSettings.Zone(
                                zone, new DnsSettings.Way.OwnServer(), List.of(new InetSocketAddress(asked, port))))));
    }

    private void provision(PosternServer server) throws IOException {
        Accounts known = server.store().accounts();
        state.decide(domain);
        accounts.forEach(state::password);
        state.write(); // before the accounts: a crash here must not leave accounts whose passwords nobody knows
        if (!known.domains().contains(domain)) {
            server.management().execute(new Request.Domain.Add(domain), "quickstart");
        }
        for (String name : accounts) {
            String address = name + "@" + domain;
            if (known.account(address).isEmpty()) {
                server.management()
                        .execute(
                                new Request.Account.Add(address),
                                state.password(name).getBytes(StandardCharsets.UTF_8),
                                "quickstart",
                                Progress.NONE);
                SampleMail.deliver(server.store(), address);
            }
        }
        String postmaster = "postmaster@" + domain;
        if (known.aliases().stream().noneMatch(alias -> alias.address().equals(postmaster))
                && known.account(postmaster).isEmpty()) {
            known.addAlias(postmaster, accounts.getFirst() + "@" + domain);
        }
    }

    /// Shell syntax. Values hold nothing that a shell would look at, but paths, which are quoted.
    private String environment(PosternServer server) {
        Map<String, String> values = new TreeMap<>();
        values.put("POSTERN_DOMAIN", domain);
        values.put("POSTERN_HOST", "mail." + domain);
        values.put("POSTERN_PID", Long.toString(ProcessHandle.current().pid()));
        server.authorityFile()
                .ifPresent(file -> values.put(
                        "POSTERN_CA_FILE", quoted(file.toAbsolutePath().toString())));
        for (int user = 1; user <= 2; user++) {
            String name = accounts.get(user - 1);
            values.put("POSTERN_USER" + user, name + "@" + domain);
            values.put("POSTERN_PASSWORD" + user, state.password(name));
        }
        for (Map.Entry<String, List<InetSocketAddress>> bound : server.bound().entrySet()) {
            values.put(
                    "POSTERN_" + bound.getKey().toUpperCase(Locale.ROOT) + "_PORT",
                    Integer.toString(bound.getValue().getFirst().getPort()));
        }
        server.metricsAddress()
                .ifPresent(address -> values.put("POSTERN_METRICS_PORT", Integer.toString(address.getPort())));
        server.nameServer().ifPresent(names -> {
            values.put(
                    "POSTERN_DNS_PORT",
                    Integer.toString(names.addresses().getFirst().getPort()));
            values.put(
                    "POSTERN_TRUST_ANCHOR_FILE",
                    quoted(names.anchorFile().toAbsolutePath().toString()));
            values.put(
                    "POSTERN_DELV_ANCHOR_FILE",
                    quoted(names.delvAnchorFile().toAbsolutePath().toString()));
        });
        StringBuilder text = new StringBuilder();
        values.forEach(
                (name, value) -> text.append(name).append('=').append(value).append('\n'));
        return text.toString();
    }

    private static String quoted(String text) {
        return "'" + text.replace("'", "'\\''") + "'";
    }

    private static int port(Map<String, List<InetSocketAddress>> bound, Service service) {
        return Objects.requireNonNull(bound.get(service.serviceName()))
                .getFirst()
                .getPort();
    }

    private String instructions(PosternServer server, Path environment) {
        StringBuilder text = new StringBuilder("\nPostern is running. In a mail client, type:\n\n");
        for (String name : accounts.subList(0, 2)) {
            text.append("  %-10s %s@%s%n".formatted("address", name, domain));
            text.append("  %-10s %s%n%n".formatted("password", state.password(name)));
        }
        Map<String, List<InetSocketAddress>> bound = server.bound();
        for (Service service : Service.values()) {
            if (!service.forClients()) {
                continue;
            }
            int port = port(bound, service);
            text.append("  %-10s %s, port %d, %s%n"
                    .formatted(
                            switch (service.kind) {
                                case IMAP -> "IMAP";
                                case POP3 -> "POP3";
                                case SUBMISSION -> "SMTP";
                                case LMTP -> "LMTP";
                            },
                            "localhost",
                            port,
                            switch (service.security) {
                                case IMPLICIT_TLS -> "SSL/TLS";
                                case STARTTLS -> "STARTTLS";
                            }));
        }
        server.authorityFile().ifPresent(file -> text.append("""

                  The client has to trust the certificate authority in
                    %s
                """.formatted(file.toAbsolutePath())));
        NameServer names = server.nameServer().orElseThrow();
        text.append("""

                  Ask for its DNS records, and validate them:
                    delv @%s -p %d -a %s +root=%s _imaps._tcp.%s SRV

                  Read your mail:
                    curl --cacert %s --user %s@%s:%s 'imaps://localhost:%d/INBOX;MAILINDEX=1'

                  For programs: %s
                  To stop: Ctrl-C. Mail and passwords stay in %s

                """.formatted(
                        names.addresses().getFirst().getAddress().getHostAddress(),
                        names.addresses().getFirst().getPort(),
                        names.delvAnchorFile().toAbsolutePath(),
                        domain,
                        domain,
                        server.authorityFile()
                                .map(file -> file.toAbsolutePath().toString())
                                .orElse("ca.pem"),
                        accounts.getFirst(),
                        domain,
                        state.password(accounts.getFirst()),
                        port(bound, Service.IMAPS),
                        environment.toAbsolutePath(),
                        options.directory().toAbsolutePath()));
        return text.toString();
    }
}
