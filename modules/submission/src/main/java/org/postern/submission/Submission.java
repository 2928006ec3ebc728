package org.postern.submission;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.postern.auth.Principal;
import org.postern.smtp.Reply;
import org.postern.smtp.SmtpRefused;
import org.postern.smtp.SmtpRole;
import org.postern.smtp.SmtpSettings;
import org.postern.store.DeliveryException;
import org.postern.store.MessageSpool;
import org.postern.store.RecipientVerdict;
import org.postern.store.Store;
import org.postern.store.StoreFailure;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One message on its way from its author into mailboxes.
final class Submission implements SmtpRole.Transaction {
    private static final Logger LOG = LoggerFactory.getLogger(Submission.class);

    private final Store store;
    private final SmtpSettings settings;
    private final Principal principal;
    private final String sessionId;
    private final String reversePath;
    private final List<RecipientVerdict.Accepted> recipients = new ArrayList<>();
    private @Nullable MessageSpool spool;
    private @Nullable Content content;

    Submission(Store store, SmtpSettings settings, Principal principal, String sessionId, String reversePath) {
        this.store = store;
        this.settings = settings;
        this.principal = principal;
        this.sessionId = sessionId;
        this.reversePath = reversePath;
    }

    /// Judged now, so that nobody is told after DATA what was known before.
    @Override
    public void addRecipient(String forwardPath) {
        // RFC 5321 §4.5.1: postmaster alone is the one here
        String address = forwardPath.indexOf('@') < 0 ? forwardPath + "@" + ownDomain() : forwardPath;
        switch (store.deliveries().resolve(address)) {
            case RecipientVerdict.Accepted accepted -> recipients.add(accepted);
            case RecipientVerdict.UnknownUser _ ->
                throw new SmtpRefused(550, "5.1.1", "<" + address + "> is no mailbox here");
            case RecipientVerdict.NotLocal _ ->
                throw new SmtpRefused(
                        550, "5.7.1", "<" + address + "> is in no domain of this server, and it relays no mail");
            case RecipientVerdict.Disabled _ ->
                throw new SmtpRefused(550, "5.2.1", "<" + address + "> does not receive mail");
            case RecipientVerdict.OverQuota _ -> throw new SmtpRefused(452, "4.2.2", "<" + address + "> is full");
        }
    }

    private String ownDomain() {
        String address = principal.address();
        return address.substring(address.lastIndexOf('@') + 1);
    }

    @Override
    public SmtpRole.MessageSink content(String received) {
        MessageSpool opened = store.newSpool();
        Content made = new Content(opened, received);
        spool = opened;
        content = made;
        return made;
    }

    /// Holds back the header until it is whole, then lets everything through.
    private final class Content implements SmtpRole.MessageSink {
        private final MessageSpool spool;
        private final String received;
        private @Nullable Originator header = new Originator();
        private Optional<SmtpRefused> refusal = Optional.empty();

        Content(MessageSpool spool, String received) {
            this.spool = spool;
            this.received = received;
        }

        @Override
        public void write(byte[] octets, int offset, int length) throws IOException {
            if (refusal.isPresent()) {
                return; // told at the end of the message (RFC 5321 §4.2.5)
            }
            Originator collecting = header;
            if (collecting == null) {
                spool.write(octets, offset, length);
                return;
            }
            try {
                int used = collecting.collect(octets, offset, length);
                if (collecting.isComplete()) {
                    header = null;
                    writeHeader(collecting);
                    spool.write(octets, offset + used, length - used);
                }
            } catch (SmtpRefused refused) {
                refusal = Optional.of(refused);
            }
        }

        private void writeHeader(Originator complete) throws IOException {
            complete.requireSender(address -> store.accounts().owns(principal.account(), address));
            byte[] fixed = (received + complete.fixedHeader(settings.hostName())).getBytes(StandardCharsets.ISO_8859_1);
            spool.write(fixed, 0, fixed.length);
        }

        void end() throws IOException {
            Originator collecting = header;
            if (refusal.isEmpty() && collecting != null) { // no body, not even the blank line before it
                collecting.end();
                writeHeader(collecting);
            }
            if (refusal.isPresent()) {
                throw refusal.get();
            }
        }
    }

    @Override
    public Reply deliver() throws IOException {
        MessageSpool filled = spool;
        Content ended = content;
        if (filled == null || ended == null) {
            throw new IllegalStateException("a message without content");
        }
        ended.end();
        try {
            spool = null; // consumed, whatever becomes of it
            store.deliveries().deliver(filled, reversePath, recipients);
        } catch (DeliveryException failed) {
            // Since RCPT: the mailbox filled up, or is gone. Nothing was delivered to anybody.
            throw failed.overQuota()
                    ? new SmtpRefused(452, "4.2.2", String.valueOf(failed.getMessage()))
                    : new SmtpRefused(554, "5.4.6", String.valueOf(failed.getMessage()));
        } catch (IOException | StoreFailure fault) {
            LOG.error("session {}: a submission failed", sessionId, fault);
            throw new SmtpRefused(451, "4.3.0", "The message was not delivered, try again later; session " + sessionId);
        }
        LOG.info("session {}: delivered to {} recipients", sessionId, recipients.size());
        return Reply.of(250, "2.0.0", "Delivered, " + sessionId);
    }

    @Override
    public void close() {
        if (spool != null) {
            spool.close();
            spool = null;
        }
    }
}
