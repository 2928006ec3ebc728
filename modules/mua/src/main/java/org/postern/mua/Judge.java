package org.postern.mua;

import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.postern.identity.DaneResult;
import org.postern.identity.PathPolicy;
import org.postern.identity.PkixResult;
import org.postern.identity.PresentedIdentifiers;
import org.postern.identity.Rule;
import org.postern.identity.ServerAuthentication;
import org.postern.resolver.Hop;

/// Decides: from what DNS says and what was seen to [Facts], from these by the outcome table to a [Decision]. Pure:
/// same input, same answer.
public final class Judge {
    private Judge() {}

    /// What to do with a server.
    ///
    /// @param trust anchors and moment; stapled OCSP responses are added to it
    public static Decision judge(
            Policy policy, Target target, Probe probe, Account account, Phase phase, PathPolicy trust) {
        Facts.Session session =
                target.addressSecurity() == Hop.Security.BOGUS || target.addressSecurity() == Hop.Security.INDETERMINATE
                        ? Facts.Session.UNREACHABLE
                        : probe.session();
        TlsSession tls = session == Facts.Session.READY ? probe.tls().orElse(null) : null;
        PkixResult pkix = null;
        DaneResult dane = null;
        PresentedIdentifiers presented = null;
        Facts.Pinned pinned = Facts.Pinned.NONE;
        Pin pin = account.pins().get(target.server().host());
        if (pin != null) {
            pinned = Facts.Pinned.DIFFERENT;
        }
        if (tls != null) {
            List<byte[]> responses = new ArrayList<>(trust.ocspResponses());
            responses.addAll(tls.ocspResponses());
            PathPolicy full = trust.withRevocation(trust.revocation(), responses, trust.certificateRevocationLists());
            X509Certificate leaf = tls.chain().getFirst();
            presented = PresentedIdentifiers.of(leaf);
            pkix = ServerAuthentication.pkix(tls.chain(), target.references(), full);
            if (target.tlsaState() == Facts.Tlsa.USABLE) {
                dane = ServerAuthentication.dane(tls.chain(), target.tlsaRecords(), target.daneReferences(), full);
            }
            if (pin != null && pin.equals(Pin.of(leaf))) {
                pinned = Facts.Pinned.EQUAL;
            }
        }
        Facts facts = new Facts(
                switch (target.server().origin()) {
                    case CONFIGURED -> Facts.Srv.NONE;
                    case SECURE_SRV -> Facts.Srv.SECURE;
                    case INSECURE_SRV -> Facts.Srv.INSECURE;
                    case CONFIRMED_SRV -> Facts.Srv.CONFIRMED;
                },
                switch (target.addressSecurity()) {
                    case SECURE -> Facts.Address.SECURE;
                    case INSECURE -> Facts.Address.INSECURE;
                    case BOGUS, INDETERMINATE -> Facts.Address.FAILED;
                },
                session,
                target.tlsaState(),
                dane(dane),
                pkix(pkix),
                pinned,
                account.signedBefore().contains(target.server().host()) ? Facts.Memory.SECURE : Facts.Memory.NONE,
                phase);
        return decide(policy, facts, account, List.of(), target, probe, presented, pkix, dane);
    }

    /// SRV records that are bogus or cannot be had (DT-9).
    public static Decision judge(Policy policy, Found.Failed failed, Account account, Phase phase) {
        Facts facts = new Facts(
                Facts.Srv.FAILED,
                Facts.Address.FAILED,
                Facts.Session.UNREACHABLE,
                Facts.Tlsa.NOT_QUERIED,
                Facts.Dane.NONE,
                Facts.Pkix.NONE,
                Facts.Pinned.NONE,
                Facts.Memory.NONE,
                phase);
        return decide(policy, facts, account, failed.sets(), null, null, null, null, null);
    }

    private static Decision decide(
            Policy policy,
            Facts facts,
            Account account,
            List<SrvSet> srv,
            @Nullable Target target,
            @Nullable Probe probe,
            @Nullable PresentedIdentifiers presented,
            @Nullable PkixResult pkix,
            @Nullable DaneResult dane) {
        DecisionTable.Row row = DecisionTable.instance().decide(facts);
        DecisionTable.Outcome outcome = row.outcome(policy);
        List<ClientRule> rules = new ArrayList<>();
        if (probe != null && facts.session() != Facts.Session.READY) {
            probe.fault().ifPresent(fault -> rules.add(fault.rule()));
        }
        boolean belowMinimum =
                outcome == DecisionTable.Outcome.UNCONFIDENTIAL && account.minimum() == Account.Minimum.CONFIDENTIAL;
        if (belowMinimum) {
            rules.add(ClientRule.BELOW_MINIMUM);
        }
        if (facts.pkix() == Facts.Pkix.FAULTY && facts.pin() == Facts.Pinned.EQUAL) {
            rules.add(ClientRule.PIN_EXCUSES_NOT);
        }
        if (outcome == DecisionTable.Outcome.ALERT) {
            rules.add(ClientRule.TLSA_GONE);
        }
        // in setup nothing has been promised yet that could be broken; the fault is the server's (SEED-33, SEED-36)
        DecisionTable.Report report = outcome == DecisionTable.Outcome.OFFER && facts.phase() == Phase.SETUP
                ? DecisionTable.Report.SERVER
                : row.report();
        Evidence evidence = new Evidence(policy, facts, row, report, rules, srv, target, probe, presented, pkix, dane);
        return switch (outcome) {
            case CONTINUE -> new Decision.Continue(true, false, evidence);
            case ALERT -> new Decision.Continue(true, true, evidence);
            case UNCONFIDENTIAL ->
                belowMinimum ? new Decision.Terminate(evidence) : new Decision.Continue(false, false, evidence);
            case OFFER -> offer(facts, target, probe, evidence);
            case TERMINATE -> new Decision.Terminate(evidence);
        };
    }

    private static Decision offer(Facts facts, @Nullable Target target, @Nullable Probe probe, Evidence evidence) {
        if (facts.phase() != Phase.SETUP || target == null || probe == null) {
            return new Decision.Terminate(evidence); // SEED-35
        }
        X509Certificate leaf = probe.tls().orElseThrow().chain().getFirst();
        return new Decision.OfferPin(new PinOffer(target.server().host(), leaf), evidence);
    }

    private static Facts.Pkix pkix(@Nullable PkixResult result) {
        return switch (result) {
            case null -> Facts.Pkix.NONE;
            case PkixResult.Authenticated _ -> Facts.Pkix.OK;
            case PkixResult.WrongName _ -> Facts.Pkix.UNVERIFIED;
            // RFC 8314 §5.4: expired, or no path to an anchor
            case PkixResult.InvalidPath invalid ->
                invalid.rule() == Rule.NO_PATH || invalid.rule() == Rule.EXPIRED
                        ? Facts.Pkix.UNVERIFIED
                        : Facts.Pkix.FAULTY;
        };
    }

    private static Facts.Dane dane(@Nullable DaneResult result) {
        return switch (result) {
            case null -> Facts.Dane.NONE;
            case DaneResult.Authenticated match ->
                switch (match.rule()) {
                    case DANE_EE -> Facts.Dane.EE;
                    case DANE_TA -> Facts.Dane.TA;
                    default -> Facts.Dane.CONSTRAINT;
                };
            case DaneResult.Refused refused ->
                switch (refused.rule()) {
                    case TLSA_PATH_INVALID, TLSA_NAME -> Facts.Dane.TA_WRONG;
                    case TLSA_PKIX -> Facts.Dane.CONSTRAINT_WRONG;
                    default -> Facts.Dane.MISMATCH;
                };
            // the state of the RRset says so, and then it is not asked
            case DaneResult.NothingUsable _ -> Facts.Dane.MISMATCH;
        };
    }
}
