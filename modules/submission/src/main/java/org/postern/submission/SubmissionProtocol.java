package org.postern.submission;

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

/// Message submission (RFC 6409) for the session layer: the module's one public face.
///
/// It has no ALPN name: none is registered (TLS-5).
public final class SubmissionProtocol implements Protocol {
    private final SmtpEngine engine;

    public SubmissionProtocol(
            Authenticator authenticator, SaslMechanisms mechanisms, Store store, SubmissionSettings settings) {
        this.engine = new SmtpEngine(
                authenticator,
                mechanisms,
                new SubmissionRole(store, settings.hostName()),
                new SmtpSettings(
                        SmtpDialect.SMTP,
                        settings.hostName(),
                        settings.maximumMessageOctets(),
                        settings.maximumRecipients(),
                        true, // R8314-8, ST-11
                        true, // N-1, R8314-9: on every port
                        settings.hideClientAddress(),
                        settings.failedLogins()));
    }

    @Override
    public String name() {
        return "submission";
    }

    @Override
    public void serve(Connection connection) throws IOException {
        engine.serve(connection);
    }

    @Override
    public byte[] farewell(EndReason reason) {
        return engine.farewell(reason);
    }
}
