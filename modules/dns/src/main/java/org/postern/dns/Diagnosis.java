package org.postern.dns;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.postern.resolver.DomainName;
import org.postern.resolver.Upstream;
import org.xbill.DNS.DNSKEYRecord;
import org.xbill.DNS.DNSSEC;
import org.xbill.DNS.DSRecord;
import org.xbill.DNS.Message;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/// Finds out in words why a name is not secure: goes from the root down to its zone and says at the first one what is
/// missing, DS record, key, signature or algorithm. For an operator; it decides nothing.
public final class Diagnosis {
    private static final Duration PATIENCE = Duration.ofSeconds(3);
    /// RFC 8624 §3.1: those that validators have to know; 5 and 7 are on their way out and still validated.
    private static final Set<Integer> ALGORITHMS = Set.of(5, 7, 8, 10, 13, 14, 15, 16);

    private final Questions questions;

    public Diagnosis(List<Upstream> upstreams) {
        this.questions = new Questions(upstreams, PATIENCE);
    }

    /// One line.
    public String of(DomainName owner) {
        try {
            for (DomainName zone : zones(owner)) {
                String fault = fault(zone);
                if (!fault.isEmpty()) {
                    return fault;
                }
            }
            return "no trust anchor is at or above " + owner + ", or a name on the way to it is unsigned";
        } catch (IOException e) {
            return "what is missing cannot be found out: " + Questions.reason(e);
        }
    }

    /// From the root down to the zone of a name.
    private List<DomainName> zones(DomainName owner) throws IOException {
        List<DomainName> zones = new ArrayList<>();
        DomainName zone = questions.zoneOf(owner);
        while (!zone.isRoot()) {
            zones.addFirst(zone);
            zone = questions.zoneOf(Questions.parent(zone));
        }
        return zones;
    }

    private String fault(DomainName zone) throws IOException {
        List<DSRecord> delegation = records(questions.resolve(zone, Type.DS), DSRecord.class);
        if (delegation.isEmpty()) {
            boolean signed = !keys(zone).isEmpty();
            return "there is no DS record of " + zone + " in the zone above it"
                    + (signed
                            ? ", though the zone has keys: hand its DS record to the registrar"
                            : ", and the zone is not signed");
        }
        Set<String> algorithms = new TreeSet<>();
        delegation.forEach(record -> algorithms.add(DNSSEC.Algorithm.string(record.getAlgorithm())));
        if (delegation.stream().noneMatch(record -> ALGORITHMS.contains(record.getAlgorithm()))) {
            return "the DS records of " + zone + " are of an algorithm that validators do not know: "
                    + String.join(", ", algorithms);
        }
        List<DNSKEYRecord> keys = keys(zone);
        if (keys.isEmpty()) {
            return zone + " has a DS record and no key (DNSKEY)";
        }
        if (delegation.stream()
                .noneMatch(record -> keys.stream()
                        .anyMatch(key -> key.getFootprint() == record.getFootprint()
                                && key.getAlgorithm() == record.getAlgorithm()))) {
            return "no DS record of " + zone + " is of a key that the zone has";
        }
        for (int type : new int[] {Type.DNSKEY, Type.SOA}) {
            String fault = signatures(zone, type);
            if (!fault.isEmpty()) {
                return fault;
            }
        }
        return "";
    }

    private List<DNSKEYRecord> keys(DomainName zone) throws IOException {
        return records(questions.resolve(zone, Type.DNSKEY), DNSKEYRecord.class);
    }

    private String signatures(DomainName zone, int type) throws IOException {
        List<RRSIGRecord> signatures = records(questions.resolve(zone, type), RRSIGRecord.class).stream()
                .filter(signature -> signature.getTypeCovered() == type)
                .toList();
        if (signatures.isEmpty()) {
            return zone + " has no signature (RRSIG) of its " + Type.string(type) + " records";
        }
        Instant now = Instant.now();
        if (signatures.stream().allMatch(signature -> signature.getExpire().isBefore(now))) {
            return "the signatures of " + zone + " ended at "
                    + signatures.getFirst().getExpire() + ": it is not signed again";
        }
        if (signatures.stream().allMatch(signature -> signature.getTimeSigned().isAfter(now))) {
            return "the signatures of " + zone + " begin at "
                    + signatures.getFirst().getTimeSigned();
        }
        return "";
    }

    private static <T extends Record> List<T> records(Message message, Class<T> type) {
        return message.getSection(Section.ANSWER).stream()
                .filter(type::isInstance)
                .map(type::cast)
                .toList();
    }
}
