package org.postern.submission;

import java.io.IOException;
import org.postern.auth.Authenticator;
import org.postern.auth.Principal;
import org.postern.auth.SaslMechanisms;
import org.postern.session.Connection;
import org.postern.session.EndReason;
import org.postern.session.Protocol;
import org.postern.smtp.SmtpRefused;
import org.postern.smtp.SmtpRole;
import org.postern.smtp.SmtpSession;
import org.postern.smtp.SmtpSettings;
import org.postern.store.Store;

/// Message submission (RFC 6409) for the session layer: the module's one public face.
///
/// ALPN: RFC 7301's registry has no name for it, so none is asked for.
public final class SubmissionProtocol implements Protocol {
    private final Authenticator authenticator;
    private final SaslMechanisms mechanisms;
    private final SmtpSettings settings;
    private final SmtpRole role;

    public SubmissionProtocol(
            Authenticator authenticator, SaslMechanisms mechanisms, Store store, SmtpSettings settings) {
        this.authenticator = authenticator;
        this.mechanisms = mechanisms;
        this.settings = settings;
        this.role = new Role(store, settings);
    }

    @Override
    public String name() {
        return "submission";
    }

    @Override
    public void serve(Connection connection) throws IOException {
        new SmtpSession(connection, authenticator, mechanisms, role, settings).run();
    }

    @Override
    public byte[] farewell(EndReason reason) {
        return SmtpSession.farewell(reason);
    }

    private record Role(Store store, SmtpSettings settings) implements SmtpRole {
        @Override
        public boolean requiresLogin() {
            return true; // RFC 6409 §4.3
        }

        /// RFC 6409 §6.1. `<>` passes here: whether the sender may, the header tells.
        @Override
        public Transaction begin(Client client, String reversePath) {
            Principal principal =
                    client.principal().orElseThrow(() -> new SmtpRefused(530, "5.7.0", "Authentication required"));
            if (!reversePath.isEmpty() && !store.accounts().owns(principal.account(), reversePath)) {
                throw new SmtpRefused(550, "5.7.1", "You may not send as <" + reversePath + ">");
            }
            return new Submission(store, settings, principal, client.sessionId(), reversePath);
        }
    }
}
