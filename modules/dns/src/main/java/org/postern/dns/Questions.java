package org.postern.dns;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.postern.resolver.DomainName;
import org.postern.resolver.Upstream;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.ExtendedFlags;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.NSRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.SimpleResolver;
import org.xbill.DNS.Type;

/// Single questions, without validation: of a resolver, and of the servers of a zone themselves. What is decided by
/// the answers is what to look at and what to tell, never whom to trust.
final class Questions {
    private static final int UDP_PAYLOAD = 1232; // octets: fits one packet on every sane path (DNS flag day 2020)
    private static final int PORT = 53;

    private final List<Upstream> upstreams;
    private final Duration patience;

    /// @param patience with one server
    Questions(List<Upstream> upstreams, Duration patience) {
        this.upstreams = List.copyOf(upstreams);
        this.patience = patience;
    }

    /// A name server of a zone.
    record NameServer(String name, InetSocketAddress address) {
        @Override
        public String toString() {
            String host = address.getAddress().getHostAddress();
            String place = host.contains(":") ? "[" + host + "]" : host;
            String text = address.getPort() == PORT ? place : place + ":" + address.getPort();
            return name.isEmpty() ? text : name + " (" + text + ")";
        }
    }

    /// Of a resolver, DNSSEC records included and whether it believes them or not.
    ///
    /// @throws IOException if none answers
    Message resolve(DomainName name, int type) throws IOException {
        IOException last = new IOException("no resolver to ask");
        for (Upstream upstream : upstreams) {
            try {
                Message answer = ask(new InetSocketAddress(upstream.address(), upstream.port()), name, type, true);
                if (answer.getRcode() == Rcode.NOERROR || answer.getRcode() == Rcode.NXDOMAIN) {
                    return answer;
                }
                last = new IOException(upstream + " answers " + Rcode.string(answer.getRcode()));
            } catch (IOException e) {
                last = new IOException(upstream + ": " + reason(e), e);
            }
        }
        throw last;
    }

    /// Of the server itself.
    ///
    /// @throws IOException if it does not answer, or is not authoritative
    Message ask(NameServer server, DomainName name, int type) throws IOException {
        Message answer = ask(server.address(), name, type, false);
        int code = answer.getRcode();
        if (code != Rcode.NOERROR && code != Rcode.NXDOMAIN) {
            throw new IOException("answers " + Rcode.string(code));
        }
        if (!answer.getHeader().getFlag(Flags.AA)) {
            throw new IOException("is not authoritative for " + name);
        }
        return answer;
    }

    private Message ask(InetSocketAddress server, DomainName name, int type, boolean recursion) throws IOException {
        SimpleResolver one = new SimpleResolver(server);
        one.setTimeout(patience);
        one.setEDNS(0, UDP_PAYLOAD, ExtendedFlags.DO, List.of());
        Message query = Message.newQuery(Record.newRecord(Wire.name(name), type, DClass.IN));
        if (recursion) {
            query.getHeader().setFlag(Flags.CD); // RFC 4035 §3.2.2
        } else {
            query.getHeader().unsetFlag(Flags.RD);
        }
        return one.send(query);
    }

    /// Whether a server of the zone above leads on to a zone, or has it itself.
    ///
    /// @throws IOException if it does not answer
    boolean leadsTo(NameServer server, DomainName zone) throws IOException {
        Message answer = ask(server.address(), zone, Type.SOA, false);
        if (answer.getRcode() != Rcode.NOERROR && answer.getRcode() != Rcode.NXDOMAIN) {
            throw new IOException("answers " + Rcode.string(answer.getRcode()));
        }
        boolean authoritative = answer.getHeader().getFlag(Flags.AA);
        return answer.getSection(authoritative ? Section.ANSWER : Section.AUTHORITY).stream()
                .anyMatch(record -> record.getType() == (authoritative ? Type.SOA : Type.NS)
                        && Wire.name(record.getName()).equals(zone));
    }

    static String reason(IOException e) {
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }

    /// The apex of the zone that a name is in.
    ///
    /// @throws IOException if that cannot be found out
    DomainName zoneOf(DomainName name) throws IOException {
        DomainName current = name;
        while (true) {
            Message answer = resolve(current, Type.SOA);
            for (int section : new int[] {Section.ANSWER, Section.AUTHORITY}) {
                for (Record record : answer.getSection(section)) {
                    // a SOA in the answer may stand behind an alias: then it is of another name
                    if (record instanceof SOARecord && current.isWithin(Wire.name(record.getName()))) {
                        return Wire.name(record.getName());
                    }
                }
            }
            if (current.isRoot()) {
                throw new IOException("no zone is found for " + name);
            }
            current = parent(current);
        }
    }

    static DomainName parent(DomainName name) {
        int dot = name.text().indexOf('.');
        return dot < 0 || dot == name.text().length() - 1
                ? DomainName.ROOT
                : new DomainName(name.text().substring(dot + 1));
    }

    /// Every address of every name server of a zone.
    ///
    /// @throws IOException if they cannot be found out
    List<NameServer> serversOf(DomainName zone) throws IOException {
        List<NameServer> servers = new ArrayList<>();
        for (Record record : resolve(zone, Type.NS).getSection(Section.ANSWER)) {
            if (record instanceof NSRecord server && Wire.name(record.getName()).equals(zone)) {
                DomainName host = Wire.name(server.getTarget());
                for (int type : new int[] {Type.A, Type.AAAA}) {
                    for (Record address : resolve(host, type).getSection(Section.ANSWER)) {
                        switch (address) {
                            case ARecord a ->
                                servers.add(new NameServer(host.text(), new InetSocketAddress(a.getAddress(), PORT)));
                            case AAAARecord a ->
                                servers.add(new NameServer(host.text(), new InetSocketAddress(a.getAddress(), PORT)));
                            default -> {}
                        }
                    }
                }
            }
        }
        return servers;
    }
}
