package org.postern.mua;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Visits a server and tells what it is like: by implicit TLS, or in clear up to STARTTLS and no word further. It
/// has no way to send a name or a password. Blocking, for virtual threads; safe for any number of them.
public final class Prober {
    private final Duration patience;

    /// A prober that waits so long.
    ///
    /// @param patience for a whole visit
    public Prober(Duration patience) {
        this.patience = patience;
    }

    /// One visit, ended with the protocol's good-bye where there is one. Never throws for what the network does.
    public Probe probe(Target target, InetAddress address) {
        Visit visit = visit(target, address);
        visit.leave();
        return visit.probe();
    }

    /// A visit that may go on.
    ///
    /// @param wire closed where the probe has a fault
    record Visit(Probe probe, Dialogue dialogue, Optional<Wire> wire) {
        void leave() {
            if (wire.isPresent()) {
                try (Wire open = wire.get()) {
                    dialogue.leave(open);
                } catch (IOException e) {
                    return; // it has gone before we said good-bye
                }
            }
        }
    }

    Visit visit(Target target, InetAddress address) {
        Service service = target.server().service();
        Dialogue dialogue = Dialogue.of(service.protocol());
        Seen seen =
                new Seen(service, new InetSocketAddress(address, target.server().port()));
        Wire wire = null;
        try {
            wire = Wire.connect(seen.address, patience);
            TlsLayer layer =
                    new TlsLayer(target.serverName(), service.protocol().applicationProtocol(), !service.implicitTls());
            if (service.implicitTls()) {
                seen.tls = Optional.of(wire.startTls(layer));
                seen.greeting = dialogue.greeting(wire);
            } else {
                seen.greeting = dialogue.greeting(wire);
                Capabilities before = dialogue.capabilities(wire);
                seen.before = Optional.of(before);
                if (!before.offersStartTls()) {
                    throw new WireException(ClientRule.STARTTLS_NOT_OFFERED, "");
                }
                dialogue.startTls(wire);
                seen.tls = Optional.of(wire.startTls(layer));
            }
            seen.inside = Optional.of(dialogue.capabilities(wire)); // ST-17
            return new Visit(seen.probe(Optional.empty()), dialogue, Optional.of(wire));
        } catch (WireException e) {
            close(wire);
            ClientRule rule = e.rule();
            if (rule == ClientRule.UNREACHABLE && wire != null) {
                rule = ClientRule.CONNECTION_LOST;
            }
            return new Visit(seen.probe(Optional.of(new Probe.Fault(rule, e.detail()))), dialogue, Optional.empty());
        } catch (IOException e) {
            close(wire);
            Probe.Fault fault = new Probe.Fault(ClientRule.CONNECTION_LOST, String.valueOf(e.getMessage()));
            return new Visit(seen.probe(Optional.of(fault)), dialogue, Optional.empty());
        }
    }

    private static void close(@Nullable Wire wire) {
        if (wire != null) {
            wire.close();
        }
    }

    private static final class Seen {
        private final Service service;
        private final InetSocketAddress address;
        private String greeting = "";
        private Optional<Capabilities> before = Optional.empty();
        private Optional<TlsSession> tls = Optional.empty();
        private Optional<Capabilities> inside = Optional.empty();

        Seen(Service service, InetSocketAddress address) {
            this.service = service;
            this.address = address;
        }

        Probe probe(Optional<Probe.Fault> fault) {
            return new Probe(service, address, greeting, before, tls, inside, fault);
        }
    }
}
