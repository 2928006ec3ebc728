package org.postern.resolver;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.DNSKEYRecord;
import org.xbill.DNS.DNSSEC;
import org.xbill.DNS.DSRecord;
import org.xbill.DNS.MXRecord;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.RRset;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SRVRecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.TLSARecord;
import org.xbill.DNS.TXTRecord;
import org.xbill.DNS.Type;

/// Between dnsjava's types and ours.
final class Wire {
    private Wire() {}

    /// @throws IOException whatever is wrong with it; dnsjava throws others too
    static Message parse(byte[] octets) throws IOException {
        try {
            return new Message(octets);
        } catch (IOException | RuntimeException e) {
            throw new IOException("malformed answer: " + e, e);
        }
    }

    static Record question(DomainName name, int type) {
        return Record.newRecord(name.toName(), type, DClass.IN);
    }

    static String describe(Record question) {
        return question.getName() + " " + Type.string(question.getType());
    }

    static Optional<DnsRecord> data(Record record) {
        return Optional.ofNullable(
                switch (record) {
                    case ARecord a -> new DnsRecord.Address(a.getAddress());
                    case AAAARecord a -> new DnsRecord.Address(a.getAddress());
                    case CNAMERecord alias -> new DnsRecord.Cname(DomainName.of(alias.getTarget()));
                    case MXRecord mx -> new DnsRecord.Mx(mx.getPriority(), DomainName.of(mx.getTarget()));
                    case SRVRecord srv ->
                        new DnsRecord.Srv(
                                srv.getPriority(), srv.getWeight(), srv.getPort(), DomainName.of(srv.getTarget()));
                    case TLSARecord tlsa ->
                        new DnsRecord.Tlsa(
                                tlsa.getCertificateUsage(),
                                tlsa.getSelector(),
                                tlsa.getMatchingType(),
                                tlsa.getCertificateAssociationData());
                    case TXTRecord txt -> {
                        ByteArrayOutputStream octets = new ByteArrayOutputStream();
                        txt.getStringsAsByteArrays().forEach(octets::writeBytes);
                        yield new DnsRecord.Txt(octets.toByteArray());
                    }
                    default -> null;
                });
    }

    /// The records that answer the question itself.
    static List<DnsRecord> answer(Message message, Name name, int type) {
        List<DnsRecord> records = new ArrayList<>();
        for (Record record : message.getSection(Section.ANSWER)) {
            if (record.getType() == type && record.getName().equals(name)) {
                data(record).ifPresent(records::add);
            }
        }
        return records;
    }

    /// One line for a message: what it holds and who signed it until when.
    static String explain(Message message) {
        StringBuilder text = new StringBuilder(describe(message.getQuestion()));
        text.append(": ").append(Rcode.string(message.getRcode()));
        for (int section : new int[] {Section.ANSWER, Section.AUTHORITY}) {
            for (RRset set : message.getSectionRRsets(section)) {
                text.append("; ").append(set.getName()).append(' ').append(Type.string(set.getType()));
                for (Record record : set.rrs()) {
                    if (record instanceof DSRecord ds) {
                        text.append(" → key ").append(ds.getFootprint());
                    } else if (record instanceof DNSKEYRecord key) {
                        text.append(" key ")
                                .append(key.getFootprint())
                                .append(' ')
                                .append(DNSSEC.Algorithm.string(key.getAlgorithm()));
                    }
                }
                if (set.sigs().isEmpty()) {
                    text.append(" unsigned");
                }
                for (RRSIGRecord signature : set.sigs()) {
                    text.append(" signed by ")
                            .append(signature.getSigner())
                            .append(" key ")
                            .append(signature.getFootprint())
                            .append(" from ")
                            .append(signature.getTimeSigned())
                            .append(" until ")
                            .append(signature.getExpire());
                }
            }
        }
        return text.toString();
    }
}
