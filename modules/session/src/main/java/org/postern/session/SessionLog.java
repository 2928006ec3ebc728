package org.postern.session;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/// Writes each session's record as one structured line to the logger `org.postern.session.SessionLog`.
public final class SessionLog implements SessionRecords {
    private static final Logger LOG = LoggerFactory.getLogger(SessionLog.class);

    @Override
    public void ended(SessionRecord session) {
        LoggingEventBuilder event = LOG.atInfo();
        event = event.addKeyValue("session", session.id());
        event = event.addKeyValue("listener", session.listener());
        event = event.addKeyValue("remote", session.remote().getHostAddress());
        event = event.addKeyValue("end", session.end());
        event = event.addKeyValue("milliseconds", session.duration().toMillis());
        if (session.tls().isPresent()) { // R8314-31
            TlsFacts tls = session.tls().get();
            event = event.addKeyValue("tls", tls.version());
            event = event.addKeyValue("suite", tls.cipherSuite());
            event = event.addKeyValue("group", tls.group().orElse("-"));
            event = event.addKeyValue("sni", tls.serverName().orElse("-"));
            event = event.addKeyValue("alpn", tls.applicationProtocol().orElse("-"));
            event = event.addKeyValue("resumed", tls.resumed());
            event = event.addKeyValue("implicit", tls.implicit());
        }
        if (session.offered().isPresent()) {
            HandshakeOffer offered = session.offered().get();
            event = event.addKeyValue("offered", String.join(",", offered.versions()));
            event = event.addKeyValue("sni", offered.serverName().orElse("-"));
            event = event.addKeyValue(
                    "alpn",
                    offered.applicationProtocols().isEmpty() ? "-" : String.join(",", offered.applicationProtocols()));
        }
        if (session.mechanism().isPresent()) {
            event = event.addKeyValue("mechanism", session.mechanism().get());
            event = event.addKeyValue("failedLogins", session.failedLogins());
        }
        if (session.principal().isPresent()) {
            event = event.addKeyValue("account", session.principal().get().address());
        }
        if (session.detail().isPresent()) {
            event = event.addKeyValue("detail", session.detail().get());
        }
        if (session.proxy().isPresent()) {
            event = event.addKeyValue("proxy", session.proxy().get().getHostAddress());
        }
        event = event.addKeyValue("commands", session.commands());
        event = event.addKeyValue("in", session.octetsIn());
        event = event.addKeyValue("out", session.octetsOut());
        event.log("session ended");
    }
}
