package org.postern.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postern.dns.DirectServers;
import org.postern.dns.RecordType;
import org.postern.identity.TlsaRecord;
import org.postern.mua.Probe;
import org.postern.mua.Prober;
import org.postern.mua.Server;
import org.postern.mua.Target;
import org.postern.resolver.DnsRecord;
import org.postern.resolver.DomainName;
import org.postern.resolver.Resolver;
import org.postern.resolver.ResolverSettings;
import org.postern.resolver.TrustAnchorFile;
import org.postern.resolver.Upstream;
import org.postern.server.Configuration.Service;
import org.postern.testkit.FreePorts;
import org.postern.testkit.Requirement;

/// Records that come and go where Postern publishes by itself: never before what they promise is there, and never after
/// it has gone.
class DnsWithdrawalTest {
    private static final Duration TIME_TO_LIVE = Duration.ofSeconds(3);
    private static final DomainName POP3 = new DomainName("_pop3._tcp.example.test");

    @TempDir
    Path directory;

    private int port;
    private String further = "";

    private String configuration(String timeToLive) {
        return ConfiguredServer.ownZone(directory, port) + "dns.time-to-live = " + timeToLive + "\n" + further;
    }

    /// The zone's key is nobody's anchor yet.
    private ConfiguredServer start(String others) throws Exception {
        port = FreePorts.next(1).getFirst();
        Files.writeString(directory.resolve("others.zone"), others);
        Files.writeString(
                directory.resolve("anchors"),
                "example.test. DS 1 13 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n");
        return new ConfiguredServer(directory, configuration("2 seconds"));
    }

    private void openTheGate(ConfiguredServer server) throws Exception {
        Files.writeString(directory.resolve("anchors"), server.done("dns", "ds", "example.test"));
        server.configure(configuration("3 seconds"));
        server.done("reload");
    }

    /// One that remembers nothing.
    private Resolver resolver() throws Exception {
        return new Resolver(ResolverSettings.of(List.of(new Upstream(InetAddress.ofLiteral("127.0.0.1"), port)))
                .withAnchors(TrustAnchorFile.of(directory.resolve("anchors")))
                .withCacheEntries(1));
    }

    /// All records of a zone come at once.
    private boolean isPublishedAnew() {
        InetSocketAddress server = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port);
        return new DirectServers(List.of(), Map.of(new DomainName("example.test"), List.of(server)))
                .ask(POP3, RecordType.SRV).stream()
                        .flatMap(answer -> answer.found().stream())
                        .anyMatch(set -> set.timeToLive().equals(TIME_TO_LIVE));
    }

    private static boolean leadThere(Resolver resolver, int listener) {
        return resolver.lookup(POP3, DnsRecord.Type.SRV).records(DnsRecord.Srv.class).stream()
                        .anyMatch(each -> each.port() == listener)
                || hasTlsa(resolver, listener);
    }

    private static boolean hasTlsa(Resolver resolver, int listener) {
        return !resolver.lookup(new DomainName("_" + listener + "._tcp.mail.example.test"), DnsRecord.Type.TLSA)
                .records(DnsRecord.Tlsa.class)
                .isEmpty();
    }

    /// Whether a client gets in that has read the records before.
    private static boolean getsIn(Target target) {
        Probe probe = new Prober(Duration.ofSeconds(30))
                .probe(target, target.addresses().getFirst());
        return probe.tls()
                .filter(tls -> target.tlsaRecords()
                        .contains(TlsaRecord.of(3, 1, 1, tls.chain().getFirst())))
                .isPresent();
    }

    /// @param more nothing, or aliases from each port to one place
    @ParameterizedTest
    @ValueSource(strings = {"", "dns.front-ends = [{ host = mail.example.test, tlsa-at = _dane.example.test }]\n"})
    @Requirement({"DANE-14", "DANE-16", "R6186-6"})
    void aListenersRecordsGoFirstAndItGoesWhenNoCacheCanHaveThem(String more) throws Exception {
        further = more;
        String without = "listeners.pop3.enabled = false\n";
        try (ConfiguredServer server = start("mail A 127.0.0.1\nns A 127.0.0.1\n")) {
            openTheGate(server);
            Resolver resolver = resolver();
            int pop3 = server.port(Service.POP3);
            ConfiguredServer.await(() -> hasTlsa(resolver, pop3));

            Target target = Target.resolve(
                    Server.configured(org.postern.mua.Service.POP3, "mail.example.test", pop3), resolver::lookup);
            assertThat(target.tlsaRecords()).isNotEmpty();
            server.configure(configuration("3 seconds") + without);
            long lastSeen = System.nanoTime(); // a cache may have got them then
            server.done("reload");
            staysWhileACacheMayHaveItsRecords(target, resolver, pop3, lastSeen);
            assertThat(leadThere(resolver, pop3)).isFalse();
            assertThat(resolver.lookup(POP3, DnsRecord.Type.SRV).records(DnsRecord.Srv.class))
                    .containsExactly(new DnsRecord.Srv(0, 0, 0, DomainName.ROOT));
            assertThat(server.server.bound()).doesNotContainKey("pop3").containsKey("pop3s");
            assertThat(server.run("reload", "--json").json().get("closing")).isEmpty();
            assertThat(hasTlsa(resolver, server.port(Service.POP3S))).isTrue();

            // it comes back; and when it is to go and somebody changes his mind, it stays, and so do its records
            server.configure(configuration("5 minutes"));
            server.done("reload");
            ConfiguredServer.await(() -> leadThere(resolver, pop3) && hasTlsa(resolver, pop3));
            assertThat(getsIn(target)).isTrue();
            server.configure(configuration("5 minutes") + without);
            server.done("reload");
            ConfiguredServer.await(() -> !leadThere(resolver, pop3));
            assertThat(server.done("reload"))
                    .contains("closes later: pop3 on 127.0.0.1 port " + pop3 + ", at the latest at ");
            assertThat(server.run("reload", "--json").json().get("closing")).hasSize(1);
            assertThat(getsIn(target)).isTrue();
            server.configure(configuration("5 minutes"));
            assertThat(server.done("reload")).doesNotContain("closes later");
            ConfiguredServer.await(() -> leadThere(resolver, pop3) && hasTlsa(resolver, pop3));
            assertThat(getsIn(target)).isTrue();
        }
    }

    /// Returns when nobody gets in any more.
    private static void staysWhileACacheMayHaveItsRecords(Target target, Resolver resolver, int listener, long known) {
        long lastSeen = known;
        boolean open = true;
        while (open) {
            long asked = System.nanoTime();
            if (leadThere(resolver, listener)) {
                lastSeen = asked;
            }
            open = getsIn(target);
            assertThat(open || System.nanoTime() - lastSeen >= TIME_TO_LIVE.toNanos())
                    .as("shut out with records that are still good")
                    .isTrue();
        }
    }

    /// A restart does not make caches forget.
    @Test
    @Requirement({"DANE-14", "R6186-6"})
    void aListenerThatGoesStaysOverRestartsWhileCachesMayHaveItsRecords() throws Exception {
        String without = "listeners.pop3.enabled = false\n";
        ConfiguredServer server = start("mail A 127.0.0.1\nns A 127.0.0.1\n");
        try {
            openTheGate(server);
            Resolver resolver = resolver();
            int pop3 = server.port(Service.POP3);
            ConfiguredServer.await(() -> leadThere(resolver, pop3) && hasTlsa(resolver, pop3));
            Target target = Target.resolve(
                    Server.configured(org.postern.mua.Service.POP3, "mail.example.test", pop3), resolver::lookup);

            long known = System.nanoTime();
            server = server.restarted(configuration("3 seconds") + without);
            staysWhileACacheMayHaveItsRecords(target, resolver, pop3, known);
            assertThat(leadThere(resolver, pop3)).isFalse();
            assertThat(server.done("status")).doesNotContain("closes later");

            // the configuration changes while nobody runs
            server = server.restarted(configuration("5 minutes"));
            ConfiguredServer.await(() -> leadThere(resolver, pop3) && hasTlsa(resolver, pop3));
            server = server.restarted(configuration("5 minutes") + without);
            assertThat(getsIn(target)).isTrue();
            assertThat(server.done("status"))
                    .contains("closes later: pop3 on 127.0.0.1 port " + pop3 + ", at the latest at ");
            ConfiguredServer.await(() -> !leadThere(resolver, pop3));

            // and while somebody does
            server = server.restarted(configuration("5 minutes"));
            ConfiguredServer.await(() -> leadThere(resolver, pop3) && hasTlsa(resolver, pop3));
            server.configure(configuration("5 minutes") + without);
            server.done("reload");
            ConfiguredServer.await(() -> !leadThere(resolver, pop3));
            server = server.restarted(configuration("5 minutes") + without);
            assertThat(getsIn(target)).isTrue();
            assertThat(server.run("status", "--json").json().get("closing"))
                    .singleElement()
                    .satisfies(each -> assertThat(each.get("port").asInt()).isEqualTo(pop3));
            assertThat(leadThere(resolver, pop3)).as("it is not offered").isFalse();
        } finally {
            server.close();
        }
    }

    /// RFC 7671 §8.4: for the first time when a handshake has shown it.
    @Test
    @Requirement("DANE-14")
    void whereAZoneBecomesSecureNoKeyIsPublishedBeforeItWasSeenFromOutside() throws Exception {
        try (ConfiguredServer server = start("ns A 127.0.0.1\n")) {
            int imaps = server.port(Service.IMAPS);
            openTheGate(server);
            Resolver resolver = resolver();
            ConfiguredServer.await(this::isPublishedAnew);
            assertThat(hasTlsa(resolver, imaps)).isFalse();
            ConfiguredServer.await(() -> server.done("dns", "rollover").contains("no address is found for"));
            assertThat(hasTlsa(resolver, imaps)).isFalse();

            Files.writeString(directory.resolve("others.zone"), "mail A 127.0.0.1\nns A 127.0.0.1\n");
            ConfiguredServer.await(() -> hasTlsa(resolver, imaps));
            assertThat(server.done("dns", "rollover")).doesNotContain("no address is found for");
        }
    }
}
