package org.postern.nameserver;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.CookieOption;
import org.xbill.DNS.DClass;
import org.xbill.DNS.EDNSOption;
import org.xbill.DNS.ExtendedFlags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.TSIGRecord;
import org.xbill.DNS.Type;

/// What somebody asked: octets from the network, read and checked. Whatever they are, reading them gives one of these.
sealed interface Question {
    int HEADER = 12;

    /// Shorter than a header, or an answer: nothing is said to it, or two servers could talk to each other for ever.
    record Noise() implements Question {}

    /// Refused before it is understood: an answer of a header alone.
    record Malformed(int id, int opcode, boolean recursionDesired, int code) implements Question {}

    /// A question, or a request for a cookie.
    ///
    /// @param subject the question; null where only a cookie is asked for (RFC 7873 §5.4)
    /// @param edns the OPT record; null where there is none
    /// @param held the SOA record of an IXFR request, what the client has; null otherwise
    record Asked(
            byte[] octets,
            Message message,
            @Nullable Record subject,
            @Nullable OPTRecord edns,
            @Nullable TSIGRecord signature,
            @Nullable SOARecord held)
            implements Question {
        int id() {
            return message.getHeader().getID();
        }

        boolean wantsProofs() {
            return edns != null && (edns.getFlags() & ExtendedFlags.DO) != 0;
        }

        Optional<CookieOption> cookie() {
            if (edns != null) {
                for (EDNSOption option : edns.getOptions()) {
                    if (option instanceof CookieOption cookie) {
                        return Optional.of(cookie); // RFC 7873 §5.2: of several the first counts
                    }
                }
            }
            return Optional.empty();
        }
    }

    static Question read(byte[] octets) {
        if (octets.length < HEADER || (octets[2] & 0x80) != 0) {
            return new Noise();
        }
        ByteBuffer header = ByteBuffer.wrap(octets);
        int id = header.getShort(0) & 0xffff;
        int opcode = (octets[2] >> 3) & 0xf;
        boolean recursionDesired = (octets[2] & 1) != 0;
        if (opcode != Opcode.QUERY) {
            return new Malformed(id, opcode, recursionDesired, Rcode.NOTIMP);
        }
        Malformed malformed = new Malformed(id, opcode, recursionDesired, Rcode.FORMERR);
        int questions = header.getShort(4) & 0xffff;
        int answers = header.getShort(6) & 0xffff;
        int authorities = header.getShort(8) & 0xffff;
        int additionals = header.getShort(10) & 0xffff;
        // counts are looked at before anything is made room for
        if (questions > 1 || answers > 0 || authorities > 1 || additionals > 4) {
            return malformed;
        }
        try {
            Message message = new Message(octets);
            Asked asked = check(octets, message, authorities);
            return asked == null ? malformed : asked;
        } catch (IOException | RuntimeException e) {
            // dnsjava throws others than its own for what it was not made for: all of them mean that it is malformed
            return malformed;
        }
    }

    private static @Nullable Asked check(byte[] octets, Message message, int authorities) {
        Record subject = message.getQuestion();
        OPTRecord edns = null;
        TSIGRecord signature = null;
        List<Record> additional = message.getSection(Section.ADDITIONAL);
        for (int index = 0; index < additional.size(); index++) {
            Record record = additional.get(index);
            if (record instanceof OPTRecord opt) {
                if (edns != null || !opt.getName().equals(Name.root)) { // RFC 6891 §6.1.1
                    return null;
                }
                edns = opt;
            } else if (record instanceof TSIGRecord tsig) {
                if (index < additional.size() - 1) { // RFC 8945 §5.1
                    return null;
                }
                signature = tsig;
            }
        }
        SOARecord held = null;
        if (subject != null && subject.getType() == Type.IXFR) {
            // RFC 1995 §3
            if (authorities != 1
                    || !(message.getSection(Section.AUTHORITY).getFirst() instanceof SOARecord soa)
                    || !soa.getName().equals(subject.getName())) {
                return null;
            }
            held = soa;
        } else if (authorities != 0) {
            return null;
        }
        if (subject != null && (subject.getType() == Type.OPT || subject.getDClass() == DClass.NONE)) {
            return null;
        }
        Asked asked = new Asked(octets, message, subject, edns, signature, held);
        return subject == null && asked.cookie().isEmpty() ? null : asked;
    }
}
