package org.postern.server;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.TimeGauge;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.distribution.DistributionStatisticConfig;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.postern.dns.RolloverState;
import org.postern.dns.Rollovers;
import org.postern.nameserver.NameServer;
import org.postern.nameserver.ZoneStatus;
import org.postern.tls.CertificateFinding;
import org.postern.tls.ServedCertificates;

/// The registry that everything counts in, in Prometheus' form. No label ever holds an account, an address
/// or anything else that a client chose (docs/operations.md).
final class Meters implements AutoCloseable {
    /// Those whose latency is shown in buckets; the others tell count, sum and maximum.
    private static final Set<String> IN_BUCKETS =
            Set.of("postern.commands", "postern.logins", "postern.deliveries", "postern.store.flush");

    /// Few, because each is a series for each protocol and command.
    private static final double[] BUCKETS = Stream.of(1, 5, 25, 100, 500, 2_500)
            .mapToDouble(milliseconds -> TimeUnit.MILLISECONDS.toNanos(milliseconds))
            .toArray();

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final JvmGcMetrics collector = new JvmGcMetrics();

    Meters(Path dataDirectory) {
        registry.config().meterFilter(new MeterFilter() {
            @Override
            public DistributionStatisticConfig configure(Meter.Id id, DistributionStatisticConfig config) {
                return IN_BUCKETS.contains(id.getName())
                        ? DistributionStatisticConfig.builder()
                                .serviceLevelObjectives(BUCKETS)
                                .build()
                                .merge(config)
                        : config;
            }
        });
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new FileDescriptorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
        collector.bindTo(registry);
        Gauge.builder(
                        "postern.disk.free",
                        dataDirectory,
                        directory -> directory.toFile().getUsableSpace())
                .description("What the file system of the data directory still takes.")
                .baseUnit("bytes")
                .strongReference(true)
                .register(registry);
    }

    MeterRegistry registry() {
        return registry;
    }

    /// How keys follow each other.
    void rollovers(Rollovers rollovers) {
        for (RolloverState.Phase phase : RolloverState.Phase.values()) {
            Gauge.builder(
                            "postern.rollover.hosts",
                            rollovers,
                            all -> all.standings().stream()
                                    .filter(each -> each.phase() == phase)
                                    .count())
                    .description("Hosts whose TLSA records are in this phase of a rollover.")
                    .tag("phase", phase.name().toLowerCase(Locale.ROOT).replace('_', '-'))
                    .strongReference(true)
                    .register(registry);
        }
        Gauge.builder(
                        "postern.rollover.held",
                        rollovers,
                        all -> all.standings().stream()
                                .filter(each -> !each.obstacles().isEmpty())
                                .count())
                .description("Hosts whose rollover something holds up.")
                .strongReference(true)
                .register(registry);
    }

    /// The end of what is served, so that nobody learns of it from clients.
    void certificates(CertificateKeeper certificates) {
        ServedCertificates served = certificates.served();
        TimeGauge.builder("postern.certificate.left", served, TimeUnit.SECONDS, Meters::secondsLeft)
                .description("How long the first of the served certificates to end is still valid.")
                .strongReference(true)
                .register(registry);
        if (certificates.acmeFailures().isPresent()) {
            Gauge.builder(
                            "postern.acme.failures",
                            certificates,
                            keeper -> keeper.acmeFailures().orElse(0))
                    .description("Attempts in a row that brought no certificate.")
                    .strongReference(true)
                    .register(registry);
        }
        for (CertificateFinding.Check check : CertificateFinding.Check.values()) {
            Gauge.builder("postern.certificate.wrong", certificates.watch(), watch -> watch.wrong(check))
                    .description("What is wrong with served certificates, or with the names on them.")
                    .tag("check", CertificateManagement.word(check))
                    .strongReference(true)
                    .register(registry);
        }
    }

    /// What is wrong with published records.
    void dns(DnsWatch watch) {
        for (DnsWatch.Check check : DnsWatch.Check.values()) {
            Gauge.builder("postern.dns.wrong", watch, each -> each.count(check))
                    .description("Record sets that are not published as they are wanted, and why not.")
                    .tag("check", DnsWatch.word(check))
                    .strongReference(true)
                    .register(registry);
        }
    }

    /// The end of signatures, and what waits for people.
    void nameServer(NameServer server) {
        TimeGauge.builder("postern.nameserver.signature.left", server, TimeUnit.SECONDS, Meters::signatureSecondsLeft)
                .description("How long the first signature to end of the own name server's zones is still good.")
                .strongReference(true)
                .register(registry);
        gauge(
                "postern.nameserver.delegation.awaited",
                "Zones whose DS record is not known to be at the zone above.",
                server,
                zone -> !zone.delegated());
        gauge(
                "postern.nameserver.keys.changing",
                "Zones whose algorithm or kind of keys is being changed.",
                server,
                zone -> zone.change().isPresent());
        gauge(
                "postern.nameserver.records.wrong",
                "Zones whose file of others' records cannot be used.",
                server,
                zone -> zone.fault().isPresent());
        gauge(
                "postern.nameserver.secondaries.behind",
                "Zones with a secondary that has not answered to the newest serial.",
                server,
                zone -> zone.secondaries().stream()
                        .anyMatch(each -> !each.confirmed().equals(Optional.of(zone.serial()))));
    }

    private void gauge(String name, String description, NameServer server, Predicate<ZoneStatus> counted) {
        Gauge.builder(
                        name,
                        server,
                        each -> each.zones().stream().filter(counted).count())
                .description(description)
                .strongReference(true)
                .register(registry);
    }

    private static double signatureSecondsLeft(NameServer server) {
        Instant now = Instant.now();
        return server.zones().stream()
                .mapToDouble(zone -> Duration.between(now, zone.signaturesEnd()).toSeconds())
                .min()
                .orElse(0);
    }

    private static double secondsLeft(ServedCertificates served) {
        Instant now = Instant.now();
        DoubleStream left = served.served().stream()
                .mapToDouble(certificate -> Duration.between(
                                now, certificate.leaf().getNotAfter().toInstant())
                        .toSeconds());
        return left.min().orElse(0);
    }

    String scrape() {
        return registry.scrape();
    }

    @Override
    public void close() {
        collector.close();
        registry.close();
    }
}
