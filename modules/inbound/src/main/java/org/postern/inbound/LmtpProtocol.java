package org.postern.inbound;

import java.io.IOException;
import org.postern.auth.Authenticator;
import org.postern.auth.SaslMechanisms;
import org.postern.session.Connection;
import org.postern.session.EndReason;
import org.postern.session.Protocol;
import org.postern.smtp.SmtpDialect;
import org.postern.smtp.SmtpEngine;
import org.postern.smtp.SmtpSettings;
import org.postern.store.Store;

/// Local delivery from a mail server in front (LMTP, RFC 2033) for the session layer: the module's one
/// public face.
///
/// Whoever may connect may deliver: there is no login, and TLS is the client's choice. Hence it listens
/// where only this machine can reach it.
public final class LmtpProtocol implements Protocol {
    private final SmtpEngine engine;

    public LmtpProtocol(Authenticator authenticator, SaslMechanisms mechanisms, Store store, LmtpSettings settings) {
        this.engine = new SmtpEngine(
                authenticator,
                mechanisms,
                new LmtpRole(store, settings),
                new SmtpSettings(
                        SmtpDialect.LMTP,
                        settings.hostName(),
                        settings.maximumMessageOctets(),
                        settings.maximumRecipients(),
                        false,
                        false,
                        false,
                        1));
    }

    @Override
    public String name() {
        return "lmtp";
    }

    @Override
    public void serve(Connection connection) throws IOException {
        connection.needsNoLogin();
        engine.serve(connection);
    }

    @Override
    public boolean hasLogins() {
        return false;
    }

    @Override
    public byte[] farewell(EndReason reason) {
        return engine.farewell(reason);
    }
}
