package org.postern.submission;

import static org.postern.smtp.SmtpRefusal.refused;

import java.util.Optional;
import org.postern.auth.Principal;
import org.postern.smtp.MailAddress;
import org.postern.smtp.MailParameters;
import org.postern.smtp.SmtpRole;
import org.postern.store.Store;

/// The MSA among the roles of SMTP: an account sends as itself, to the mailboxes of this server.
final class SubmissionRole implements SmtpRole {
    private final Store store;
    private final String hostName;

    SubmissionRole(Store store, String hostName) {
        this.store = store;
        this.hostName = hostName;
    }

    /// RFC 6409 §6.1, N-1: the envelope sender is the account's own. `<>` is judged by the header alone.
    @Override
    public Transaction begin(Client client, Optional<MailAddress> reversePath, MailParameters parameters) {
        Principal principal =
                client.principal().orElseThrow(() -> new IllegalStateException("submission without a login"));
        if (reversePath.isPresent()
                && !store.accounts().owns(principal.account(), reversePath.get().toString())) {
            throw refused(550, "5.7.1", "The sender address is not yours");
        }
        return new Submission(store, hostName, client.sessionId(), principal, reversePath, parameters);
    }
}
