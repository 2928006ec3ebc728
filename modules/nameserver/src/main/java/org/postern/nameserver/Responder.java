package org.postern.nameserver;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xbill.DNS.CookieOption;
import org.xbill.DNS.DClass;
import org.xbill.DNS.EDNSOption;
import org.xbill.DNS.ExtendedFlags;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Header;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.TSIG;
import org.xbill.DNS.TSIGRecord;
import org.xbill.DNS.Type;

/// From the octets of a question to the octets of an answer. Holds nothing between two questions but cookies' secret
/// and the limits; for any number of threads.
final class Responder {
    private static final Logger LOG = LoggerFactory.getLogger(Responder.class);

    /// What goes through nearly every network in one piece, both ways.
    static final int DATAGRAM = 1_232;

    private static final int PLAIN_DATAGRAM = 512; // RFC 1035 §4.2.1
    private static final int STREAM = 65_535;
    private static final int FIRST_META_TYPE = 128; // RFC 6895 §3.1

    /// From whom, and how.
    record Source(InetAddress address, boolean stream) {}

    /// What it answers for.
    ///
    /// @param keys by name; who has one may transfer the zones that name it
    record Service(Map<Name, HostedZone> zones, Map<Name, TransferKey> keys) {
        Service {
            zones = Map.copyOf(zones);
            keys = Map.copyOf(keys);
        }
    }

    private volatile Service service;
    private volatile ResponseRateLimit limit;
    private final Cookies cookies;
    private final InstantSource clock;
    private final MeterRegistry registry;

    Responder(Service service, Cookies cookies, ResponseRateLimit limit, InstantSource clock, MeterRegistry registry) {
        this.service = service;
        this.cookies = cookies;
        this.limit = limit;
        this.clock = clock;
        this.registry = registry;
        for (boolean stream : new boolean[] {false, true}) {
            counter(Rcode.string(Rcode.NOERROR), stream); // there before the first question
        }
    }

    /// From the next question on.
    void take(Service next) {
        service = next;
    }

    void take(ResponseRateLimit next) {
        limit = next;
    }

    /// Answers by the sink: with one message, with many, or with none.
    void answer(byte[] octets, Source source, TransferMessages.Sink sink) throws IOException {
        Question question = Question.read(octets);
        try {
            switch (question) {
                case Question.Noise() -> count("noise", source);
                case Question.Malformed malformed -> {
                    if (source.stream || judge(source, malformed.code()) == ResponseRateLimit.Verdict.ANSWER) {
                        count(Rcode.string(malformed.code()), source);
                        sink.send(header(malformed));
                    }
                }
                case Question.Asked asked -> answer(asked, source, sink);
            }
        } catch (RuntimeException e) { // a fault of ours ends neither the socket nor the others' questions
            LOG.error("a question could not be answered: {}", describe(question), e);
            count(Rcode.string(Rcode.SERVFAIL), source);
            if (question instanceof Question.Asked asked) {
                sink.send(header(new Question.Malformed(asked.id(), Opcode.QUERY, false, Rcode.SERVFAIL)));
            }
        }
    }

    private static String describe(Question question) {
        return question instanceof Question.Asked asked && asked.subject() != null
                ? asked.subject().getName() + " " + Type.string(asked.subject().getType())
                : "malformed";
    }

    private static byte[] header(Question.Malformed malformed) {
        Header header = new Header(malformed.id());
        header.setFlag(Flags.QR);
        header.setOpcode(malformed.opcode());
        if (malformed.recursionDesired()) {
            header.setFlag(Flags.RD);
        }
        header.setRcode(malformed.code());
        return header.toWire();
    }

    private ResponseRateLimit.Verdict judge(Source source, long kind) {
        return limit.judge(source.address, kind);
    }

    private void count(String code, Source source) {
        counter(code, source.stream).increment();
    }

    private Counter counter(String code, boolean stream) {
        return registry.counter(
                "postern.nameserver.answers",
                "code",
                code.toLowerCase(Locale.ROOT),
                "transport",
                stream ? "tcp" : "udp");
    }

    private void answer(Question.Asked asked, Source source, TransferMessages.Sink sink) throws IOException {
        Reply reply = new Reply(asked, source);
        TSIGRecord signature = asked.signature();
        if (signature != null && !reply.verify(signature)) {
            reply.refuseSignature(signature, sink);
            return;
        }
        OPTRecord edns = asked.edns();
        if (edns != null && edns.getVersion() > 0) {
            reply.send(Rcode.BADVERS, null, sink); // RFC 6891 §6.1.3
            return;
        }
        Record subject = asked.subject();
        if (subject == null) {
            reply.send(Rcode.NOERROR, null, sink);
            return;
        }
        int type = subject.getType();
        HostedZone zone = subject.getDClass() == DClass.IN ? zoneOf(subject.getName(), type) : null;
        if (zone == null) {
            reply.send(Rcode.REFUSED, null, sink); // no recursion, no other zones
        } else if (type == Type.AXFR || type == Type.IXFR) {
            transfer(asked, subject, zone, reply, sink);
        } else if (type >= FIRST_META_TYPE && type <= 255 && type != Type.ANY) {
            reply.send(Rcode.NOTIMP, null, sink);
        } else {
            Answers.Answer answer = Answers.to(zone.zone(), subject.getName(), type, asked.wantsProofs());
            reply.send(answer.code(), answer, sink);
        }
    }

    private @Nullable HostedZone zoneOf(Name name, int type) {
        // RFC 4035 §3.1.4.1: a DS record is above the cut, where that zone is here, too
        Map<Name, HostedZone> zones = service.zones;
        boolean above = type == Type.DS && name.labels() > 1;
        for (Name at = above ? Names.without(name, 1) : name; ; at = Names.without(at, 1)) {
            HostedZone zone = zones.get(at);
            if (zone != null) {
                return zone;
            }
            if (at.labels() <= 1) {
                return above ? zones.get(name) : null;
            }
        }
    }

    private void transfer(
            Question.Asked asked, Record subject, HostedZone zone, Reply reply, TransferMessages.Sink sink)
            throws IOException {
        TransferKey key = reply.key;
        if (key == null
                || !subject.getName().equals(zone.origin())
                || zone.settings().secondaries().stream()
                        .noneMatch(secondary -> secondary.key().same(key))) {
            LOG.info(
                    "{}: a transfer to {} is refused: {}",
                    subject.getName(),
                    reply.source.address.getHostAddress(),
                    key == null ? "it is not signed by TSIG" : "not a zone for the key " + key.name());
            reply.send(Rcode.REFUSED, null, sink);
            return;
        }
        if (!reply.source.stream) {
            if (asked.held() == null) {
                reply.send(Rcode.FORMERR, null, sink); // RFC 5936 §4.2: never by UDP
                return;
            }
            // RFC 1995 §2: who gets only the SOA record by UDP comes back by TCP
            Answers.Answer soa = new Answers.Answer(
                    Rcode.NOERROR,
                    true,
                    Answers.Kind.POSITIVE,
                    List.of(zone.zone().soa()),
                    List.of(),
                    List.of());
            reply.send(Rcode.NOERROR, soa, sink);
            return;
        }
        ZoneState state = zone.state();
        List<Record> records = asked.held() == null
                ? TransferMessages.whole(state.zone())
                : TransferMessages.since(state, asked.held().getSerial());
        LOG.info(
                "{}: {} records of serial {} to {} with the key {}",
                subject.getName(),
                records.size(),
                state.zone().serial(),
                reply.source.address.getHostAddress(),
                key.name());
        count("transfer", reply.source);
        new TransferMessages(asked, subject, key.tsig()).send(records, sink);
    }

    /// The answer to one question, as it comes about.
    private final class Reply {
        private final Question.Asked asked;
        private final Source source;
        private @Nullable TransferKey key; // whose signature was good
        private int signatureError = Rcode.NOERROR;

        Reply(Question.Asked asked, Source source) {
            this.asked = asked;
            this.source = source;
        }

        boolean verify(TSIGRecord signature) {
            TransferKey known = service.keys.get(signature.getName());
            if (known == null || !known.algorithm().equals(signature.getAlgorithm())) {
                signatureError = Rcode.BADKEY;
                return false;
            }
            signatureError = known.tsig().verify(asked.message(), asked.octets(), null);
            if (signatureError == Rcode.NOERROR || signatureError == Rcode.BADTIME) {
                key = known;
            }
            return signatureError == Rcode.NOERROR;
        }

        /// RFC 8945 §5.2: NOTAUTH, signed only where it is the clock that is wrong.
        void refuseSignature(TSIGRecord signature, TransferMessages.Sink sink) throws IOException {
            LOG.info(
                    "a request from {} has a signature that is not good ({}) with the key {}",
                    source.address.getHostAddress(),
                    Rcode.TSIGstring(signatureError),
                    signature.getName());
            if (!source.stream && judge(source, Rcode.NOTAUTH) != ResponseRateLimit.Verdict.ANSWER) {
                return;
            }
            count(Rcode.string(Rcode.NOTAUTH), source);
            Message message = begin();
            message.getHeader().setRcode(Rcode.NOTAUTH);
            TransferKey good = key;
            if (good != null) {
                message.setTSIG(good.tsig(), signatureError, signature);
                sink.send(message.toWire(STREAM));
                return;
            }
            message.addRecord(
                    new TSIGRecord(
                            signature.getName(),
                            DClass.ANY,
                            0,
                            signature.getAlgorithm(),
                            signature.getTimeSigned(),
                            signature.getFudge(),
                            new byte[0],
                            asked.id(),
                            signatureError,
                            null),
                    Section.ADDITIONAL);
            sink.send(message.toWire());
        }

        private Message begin() {
            Message message = new Message(asked.id());
            Header header = message.getHeader();
            header.setFlag(Flags.QR);
            if (asked.message().getHeader().getFlag(Flags.RD)) {
                header.setFlag(Flags.RD); // RFC 1035 §4.1.1: as it was asked; RA stays clear
            }
            if (asked.subject() != null) {
                message.addRecord(asked.subject(), Section.QUESTION); // with its letters as they came
            }
            return message;
        }

        void send(int code, Answers.@Nullable Answer answer, TransferMessages.Sink sink) throws IOException {
            boolean exempt = source.stream || key != null || cookieIsGood();
            ResponseRateLimit.Verdict verdict =
                    exempt ? ResponseRateLimit.Verdict.ANSWER : judge(source, kind(code, answer));
            switch (verdict) {
                case ANSWER -> {
                    count(Rcode.string(code), source);
                    sink.send(message(code, answer));
                }
                case SLIP -> {
                    count("slip", source);
                    sink.send(slip());
                }
                case DROP -> count("drop", source);
            }
        }

        /// Answers with records count for their name; others for their zone: names that are made up are endless.
        private long kind(int code, Answers.@Nullable Answer answer) {
            Record subject = asked.subject();
            if (answer == null || subject == null) {
                return code;
            }
            Name about = switch (answer.kind()) {
                case POSITIVE, NO_DATA -> subject.getName();
                case REFERRAL, NO_NAME -> {
                    HostedZone zone = zoneOf(subject.getName(), subject.getType());
                    yield zone == null ? subject.getName() : zone.origin();
                }
            };
            return ((long) about.hashCode() << 8) | answer.kind().number;
        }

        private boolean cookieIsGood() {
            CookieOption cookie = asked.cookie().orElse(null);
            Optional<byte[]> server = cookie == null ? Optional.empty() : cookie.getServerCookie();
            return cookie != null
                    && server.isPresent()
                    && cookies.isGood(cookie.getClientCookie(), server.get(), source.address, clock.instant());
        }

        private byte[] slip() {
            Message message = begin();
            message.getHeader().setFlag(Flags.TC);
            edns(Rcode.NOERROR, message);
            return message.toWire(PLAIN_DATAGRAM);
        }

        private byte[] message(int code, Answers.@Nullable Answer answer) {
            Message message = begin();
            message.getHeader().setRcode(code & 0xf);
            if (answer != null) {
                if (answer.authoritative()) {
                    message.getHeader().setFlag(Flags.AA);
                }
                answer.answer().forEach(record -> message.addRecord(record, Section.ANSWER));
                answer.authority().forEach(record -> message.addRecord(record, Section.AUTHORITY));
                answer.additional().forEach(record -> message.addRecord(record, Section.ADDITIONAL));
            }
            edns(code, message);
            TransferKey signer = key;
            if (signer != null) {
                TSIG tsig = signer.tsig();
                message.setTSIG(tsig, Rcode.NOERROR, asked.signature());
            }
            return message.toWire(room());
        }

        private int room() {
            if (source.stream) {
                return STREAM;
            }
            OPTRecord edns = asked.edns();
            // RFC 6891 §6.2.3: less than 512 is 512
            return edns == null ? PLAIN_DATAGRAM : Math.min(DATAGRAM, Math.max(PLAIN_DATAGRAM, edns.getPayloadSize()));
        }

        /// RFC 6891 §7: an OPT record answers an OPT record.
        private void edns(int code, Message message) {
            if (asked.edns() == null) {
                return;
            }
            List<EDNSOption> options = new ArrayList<>();
            asked.cookie().ifPresent(cookie -> {
                byte[] client = cookie.getClientCookie();
                options.add(new CookieOption(client, cookies.make(client, source.address, clock.instant())));
            });
            int flags = asked.wantsProofs() ? ExtendedFlags.DO : 0; // RFC 3225 §3
            message.addRecord(new OPTRecord(DATAGRAM, code >> 4, 0, flags, options), Section.ADDITIONAL);
        }
    }

    /// A question's octets, for those that frame them.
    static int length(byte[] prefix) {
        return ByteBuffer.wrap(prefix).getShort() & 0xffff;
    }
}
