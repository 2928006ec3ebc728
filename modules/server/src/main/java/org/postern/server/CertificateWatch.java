package org.postern.server;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.postern.server.CertificateKeeper.Kept;
import org.postern.tls.CertificateFinding;
import org.postern.tls.CertificateFinding.Check;
import org.postern.tls.CertificateFinding.State;
import org.postern.tls.CertificateLint;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Looks at what is served every hour, and whenever it changes, so that operators learn of it before clients do: what
/// is wrong is logged at once and then each day, and counted in a metric.
final class CertificateWatch {
    static final Duration INTERVAL = Duration.ofHours(1);
    private static final Duration REMINDER = Duration.ofDays(1);
    private static final Logger LOG = LoggerFactory.getLogger(CertificateWatch.class);

    private final CertificateKeeper certificates;
    private volatile Map<Check, Long> wrong = Map.of();
    // guarded by this
    private final Set<CertificateFinding> told = new HashSet<>();
    private Instant reminded = Instant.EPOCH;

    CertificateWatch(CertificateKeeper certificates) {
        this.certificates = certificates;
    }

    synchronized void look() {
        try {
            Instant now = Instant.now();
            Map<Check, Long> counts = new EnumMap<>(Check.class);
            boolean remind = Duration.between(reminded, now).compareTo(REMINDER) >= 0;
            Set<CertificateFinding> found = new HashSet<>();
            for (CertificateFinding finding : all()) {
                if (finding.state() == State.WRONG) {
                    counts.merge(finding.check(), 1L, Long::sum);
                    found.add(finding);
                    if (remind || !told.contains(finding)) {
                        LOG.warn(
                                "certificate for {}: {}: {}",
                                finding.subject(),
                                CertificateManagement.word(finding.check()),
                                finding.text());
                    }
                }
            }
            told.clear();
            told.addAll(found);
            reminded = remind ? now : reminded;
            wrong = counts;
        } catch (RuntimeException e) { // the next look may do better
            LOG.error("certificates could not be looked at", e);
        }
    }

    long wrong(Check check) {
        return wrong.getOrDefault(check, 0L);
    }

    private List<CertificateFinding> all() {
        List<CertificateFinding> all = new ArrayList<>(coverage());
        certificates.kept().forEach(each -> all.addAll(of(each)));
        return all;
    }

    /// What there is to say of one certificate.
    List<CertificateFinding> of(Kept kept) {
        return lint().of(kept.served());
    }

    /// What there is to say of the names of this server.
    List<CertificateFinding> coverage() {
        return lint().coverage(certificates.kept().stream().map(Kept::served).toList(), certificates.names());
    }

    private CertificateLint lint() {
        return new CertificateLint(CertificateLint.runtimeAnchors(), certificates.authority(), Instant.now());
    }
}
