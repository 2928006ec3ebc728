package org.postern.inbound;

import java.util.Optional;
import org.postern.smtp.MailAddress;
import org.postern.smtp.MailParameters;
import org.postern.smtp.SmtpRole;
import org.postern.store.Store;

/// The LMTP server among the roles: any sender, and the mailboxes of this server.
final class LmtpRole implements SmtpRole {
    private final Store store;
    private final LmtpSettings settings;

    LmtpRole(Store store, LmtpSettings settings) {
        this.store = store;
        this.settings = settings;
    }

    @Override
    public Transaction begin(Client client, Optional<MailAddress> reversePath, MailParameters parameters) {
        return new LocalDelivery(store, settings, client.sessionId(), reversePath, parameters.binary());
    }
}
