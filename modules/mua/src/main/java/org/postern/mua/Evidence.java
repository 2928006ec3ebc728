package org.postern.mua;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.postern.identity.DaneResult;
import org.postern.identity.NameMatch;
import org.postern.identity.PkixResult;
import org.postern.identity.PresentedIdentifiers;
import org.postern.resolver.Lookup;

/// Why it was decided so: the row of the outcome table, and everything that led there.
///
/// @param report who has to hear of it
/// @param rules of ours that decided beside the row
/// @param target null where SRV records failed
/// @param probe null where nothing was connected to
/// @param presented null where there is no certificate, as are `pkix` and `dane`
public record Evidence(
        Policy policy,
        Facts facts,
        DecisionTable.Row row,
        DecisionTable.Report report,
        List<ClientRule> rules,
        List<SrvSet> srv,
        @Nullable Target target,
        @Nullable Probe probe,
        @Nullable PresentedIdentifiers presented,
        @Nullable PkixResult pkix,
        @Nullable DaneResult dane) {
    public Evidence {
        rules = List.copyOf(rules);
        srv = List.copyOf(srv);
    }

    /// One clause in each line, the row first; for a person.
    public List<String> lines() {
        List<String> lines = new ArrayList<>();
        lines.add(row.id() + ": " + row.why() + " (" + row.source() + ")");
        rules.forEach(rule -> lines.add(rule.toString()));
        for (SrvSet set : srv) {
            lines.add(set.owner() + " SRV: " + describe(set.lookup()));
            set.faults().forEach(fault -> lines.add("  " + fault));
        }
        if (target != null) {
            target.addressLookups()
                    .forEach(lookup -> lines.add(lookup.canonicalName() + " address: " + describe(lookup)));
            target.tlsa().forEach(lookup -> lines.add(lookup.canonicalName() + " TLSA: " + describe(lookup)));
            lines.add("looked for " + target.references().all());
        }
        if (probe != null) {
            probe.tls()
                    .ifPresent(tls -> lines.add(tls.version() + " " + tls.suite()
                            + tls.group().map(group -> " " + group).orElse("")
                            + tls.applicationProtocol()
                                    .map(name -> " ALPN " + name)
                                    .orElse("")));
            probe.fault().ifPresent(fault -> lines.add(fault.toString()));
        }
        if (presented != null) {
            lines.add("presented " + presented.all());
        }
        if (pkix != null) {
            lines.add("PKIX: "
                    + switch (pkix) {
                        case PkixResult.Authenticated good ->
                            good.name().presented() + " for " + good.name().reference() + ": " + good.rule();
                        case PkixResult.InvalidPath invalid ->
                            invalid.path().fault().toString();
                        case PkixResult.WrongName wrong -> wrong.rule().toString();
                    });
            if (pkix instanceof PkixResult.WrongName wrong) {
                wrong.name().comparisons().stream()
                        .map(NameMatch.Comparison::toString)
                        .forEach(lines::add);
            }
        }
        if (dane != null) {
            lines.add("DANE: " + dane.rule());
            dane.verdicts().forEach(verdict -> lines.add("  " + verdict));
        }
        return lines;
    }

    private static String describe(Lookup lookup) {
        return switch (lookup) {
            case Lookup.Secure secure -> describe(secure.records()) + ", secure";
            case Lookup.Insecure insecure -> describe(insecure.records()) + ", insecure";
            case Lookup.Bogus bogus -> "bogus: " + bogus.reason();
            case Lookup.Indeterminate failed -> "indeterminate: " + failed.reason();
        };
    }

    private static String describe(List<?> records) {
        return records.isEmpty()
                ? "none"
                : records.stream().map(Object::toString).collect(Collectors.joining(", "));
    }
}
