package org.postern.identity;

import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Finds valid paths from a server's certificate through what the server presented, in any order, to a trust
/// anchor.
///
/// All paths are tried, not one only: with cross-signed authorities the first may be expired and the second good,
/// and a TLSA record of usage 0 may match an anchor above the nearest one (RFC 7671 §5.4). The search is bounded,
/// since a server can present a mesh.
final class CertificationPaths {
    /// Certificates that are looked at; what a server presents beyond is ignored (OpenSSL takes 100 in depth).
    static final int MAXIMUM_PRESENTED = 32;

    static final int MAXIMUM_LENGTH = 10;
    private static final int MAXIMUM_CANDIDATES = 64;
    private static final int MAXIMUM_STEPS = 1_000; // a mesh has factorially many paths, most of which end nowhere

    private final PathPolicy policy;
    private final PathValidation validation;
    private final List<X509Certificate> intermediates;
    private final List<PublicKey> bareKeys;
    private final Predicate<List<X509Certificate>> wanted;
    private final List<PathResult.Fault> faults = new ArrayList<>();
    private int candidates;
    private int steps;
    private PathResult.@Nullable Valid found;

    private CertificationPaths(
            List<X509Certificate> presented,
            PathPolicy policy,
            List<PublicKey> bareKeys,
            Predicate<List<X509Certificate>> wanted) {
        this.policy = policy;
        this.validation = new PathValidation(policy);
        this.intermediates = List.copyOf(new LinkedHashSet<>(
                presented.subList(1, Math.min(presented.size(), MAXIMUM_PRESENTED)))); // twice the same is one
        this.bareKeys = bareKeys;
        this.wanted = wanted;
    }

    static PathResult find(List<X509Certificate> presented, PathPolicy policy) {
        return find(presented, policy, List.of(), path -> true);
    }

    /// The first valid path that is `wanted`.
    ///
    /// @param presented the server's certificate first
    static PathResult find(
            List<X509Certificate> presented,
            PathPolicy policy,
            List<PublicKey> bareKeys,
            Predicate<List<X509Certificate>> wanted) {
        if (presented.isEmpty()) {
            return new PathResult.Invalid(new PathResult.Fault(Rule.NOTHING_TO_VALIDATE, "-", ""), List.of());
        }
        CertificationPaths search = new CertificationPaths(presented, policy, bareKeys, wanted);
        search.extend(List.of(presented.getFirst()));
        return search.found != null ? search.found : search.invalid(presented.getFirst());
    }

    private PathResult.Invalid invalid(X509Certificate leaf) {
        if (faults.isEmpty()) {
            X509Certificate top = leaf;
            for (X509Certificate each : intermediates) {
                if (each.getSubjectX500Principal().equals(top.getIssuerX500Principal())) {
                    top = each;
                }
            }
            return new PathResult.Invalid(
                    new PathResult.Fault(
                            Rule.NO_PATH,
                            name(leaf),
                            top.getSubjectX500Principal().equals(top.getIssuerX500Principal())
                                    ? "self-signed, and not an anchor: " + name(top)
                                    : "the certificate of the issuer is missing: "
                                            + top.getIssuerX500Principal().getName()),
                    List.of());
        }
        return new PathResult.Invalid(faults.getFirst(), faults.subList(1, faults.size()));
    }

    /// Depth first, anchors before further intermediates: the shortest path comes first.
    private void extend(List<X509Certificate> path) {
        X509Certificate top = path.getLast();
        if (policy.anchors().certificates().contains(top)) {
            // RFC 5280 §6.1 leaves an anchor out of the path; here it is its last certificate
            judge(path, null);
        }
        for (X509Certificate anchor : policy.anchors().certificates()) {
            if (found == null && issued(anchor, top) && !path.contains(anchor)) {
                judge(with(path, anchor), null);
            }
        }
        for (PublicKey key : bareKeys) {
            if (found == null) {
                judge(path, key);
            }
        }
        if (path.size() >= MAXIMUM_LENGTH) {
            return;
        }
        if (++steps > MAXIMUM_STEPS) {
            if (steps == MAXIMUM_STEPS + 1) {
                faults.add(new PathResult.Fault(Rule.SEARCH_BOUND, name(path.getFirst()), steps + " steps"));
            }
            return;
        }
        for (X509Certificate issuer : intermediates) {
            if (found == null
                    && steps <= MAXIMUM_STEPS
                    && issued(issuer, top)
                    && !path.contains(issuer)
                    && !policy.anchors().certificates().contains(issuer)) {
                extend(with(path, issuer));
            }
        }
    }

    private void judge(List<X509Certificate> path, @Nullable PublicKey bareKey) {
        if (found != null) {
            return;
        }
        if (++candidates > MAXIMUM_CANDIDATES) {
            if (candidates == MAXIMUM_CANDIDATES + 1) {
                faults.add(new PathResult.Fault(Rule.SEARCH_BOUND, name(path.getFirst()), candidates + " paths"));
            }
            return;
        }
        List<PathResult.RevocationFinding> findings = new ArrayList<>();
        Optional<PathResult.Fault> fault = validation.faultOf(path, bareKey, findings);
        if (fault.isPresent()) {
            faults.add(fault.get());
        } else if (wanted.test(path)) {
            found = new PathResult.Valid(path, findings);
        }
    }

    private static boolean issued(X509Certificate issuer, X509Certificate subject) {
        return issuer.getSubjectX500Principal().equals(subject.getIssuerX500Principal());
    }

    private static List<X509Certificate> with(List<X509Certificate> path, X509Certificate next) {
        List<X509Certificate> longer = new ArrayList<>(path);
        longer.add(next);
        return longer;
    }

    static String name(X509Certificate certificate) {
        String name = certificate.getSubjectX500Principal().getName();
        return name.isEmpty() ? "(no subject)" : name;
    }
}
