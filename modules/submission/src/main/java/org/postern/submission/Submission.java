package org.postern.submission;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.postern.smtp.SmtpRefusal.refused;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.postern.auth.AccountId;
import org.postern.auth.Principal;
import org.postern.message.BinaryParts;
import org.postern.smtp.EditedMessage;
import org.postern.smtp.ForwardPath;
import org.postern.smtp.HeaderFields;
import org.postern.smtp.MailAddress;
import org.postern.smtp.MailParameters;
import org.postern.smtp.MessageSink;
import org.postern.smtp.RecipientParameters;
import org.postern.smtp.SmtpRefusal;
import org.postern.smtp.SmtpRole;
import org.postern.store.Deliveries;
import org.postern.store.DeliveryException;
import org.postern.store.MailboxException;
import org.postern.store.MessageSpool;
import org.postern.store.RecipientVerdict;
import org.postern.store.Store;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One message from an account of ours.
final class Submission implements SmtpRole.Transaction {
    private static final Logger LOG = LoggerFactory.getLogger(Submission.class);

    private final Store store;
    private final String hostName;
    private final String sessionId;
    private final Principal principal;
    private final Optional<MailAddress> reversePath;
    private final MailParameters parameters;
    private final Instant arrival = Instant.now();
    /// By the address as given: who is named twice gets one copy.
    private final Map<String, RecipientVerdict.Accepted> recipients = new LinkedHashMap<>();
    /// Those of whose delivery the sender is told, by the same address.
    private final Map<String, DeliveryReport.Recipient> reported = new LinkedHashMap<>();

    private @Nullable MessageSpool spool;
    private @Nullable EditedMessage message;
    /// As it is delivered, one char per octet; empty until it is judged.
    private String header = "";
    private byte[] blind = new byte[0];

    Submission(
            Store store,
            String hostName,
            String sessionId,
            Principal principal,
            Optional<MailAddress> reversePath,
            MailParameters parameters) {
        this.store = store;
        this.hostName = hostName;
        this.sessionId = sessionId;
        this.principal = principal;
        this.reversePath = reversePath;
        this.parameters = parameters;
    }

    @Override
    public void addRecipient(ForwardPath recipient, RecipientParameters wishes) {
        String address = switch (recipient) {
            case ForwardPath.To to -> to.address().toString();
            case ForwardPath.Postmaster _ -> postmaster();
        };
        RecipientVerdict.Accepted accepted = recipients.get(address);
        if (accepted == null) {
            accepted = accepted(store.deliveries().resolve(address));
            recipients.put(address, accepted);
        }
        if (wishes.wantsSuccess()) {
            boolean expanded = accepted.targets().size() > 1;
            reported.put(address, new DeliveryReport.Recipient(address, wishes.original(), expanded));
        }
    }

    /// RFC 5321 §4.5.1: the postmaster of this host, or else of the domain that the account belongs to.
    private String postmaster() {
        String ofHost = "postmaster@" + hostName;
        String ofAccount =
                "postmaster" + principal.address().substring(principal.address().lastIndexOf('@'));
        return store.deliveries().resolve(ofHost) instanceof RecipientVerdict.Accepted ? ofHost : ofAccount;
    }

    private static RecipientVerdict.Accepted accepted(RecipientVerdict verdict) {
        return switch (verdict) {
            case RecipientVerdict.Accepted accepted -> accepted;
            case RecipientVerdict.UnknownUser _ -> throw refused(550, "5.1.1", "There is no such mailbox here");
            case RecipientVerdict.NotLocal _ ->
                throw refused(550, "5.7.1", "This server does not send to other domains: relaying is not available");
            case RecipientVerdict.Disabled _ -> throw refused(550, "5.2.1", "The mailbox is disabled");
            case RecipientVerdict.OverQuota _ -> throw refused(452, "4.2.2", "The mailbox is full");
        };
    }

    private MessageSpool newSpool() {
        try {
            return store.newSpool();
        } catch (MailboxException e) {
            throw noSpace();
        }
    }

    /// RFC 3463 §3.4: the message is welcome, later.
    private static SmtpRefusal noSpace() {
        return refused(452, "4.3.1", "There is no room for mail now");
    }

    @Override
    public MessageSink openMessage(String received) {
        MessageSpool opened = newSpool();
        EditedMessage edited = new EditedMessage(fields -> fixed(fields, received), opened::write);
        spool = opened;
        message = edited;
        return edited;
    }

    private byte[] fixed(HeaderFields fields, String received) {
        var submitted = new SubmittedHeader(fields, parameters.smtpUtf8());
        submitted.requireUtf8();
        requireOwned(submitted.originators());
        String fixed = submitted.fixed(received, hostOfMessageId(), Instant.now());
        header = reported.isEmpty() ? "" : fixed;
        blind = submitted.blind();
        return fixed.getBytes(ISO_8859_1);
    }

    /// The domain that the account's messages belong to names them better than a host.
    private String hostOfMessageId() {
        return principal.address().substring(principal.address().lastIndexOf('@') + 1);
    }

    /// N-1: who the message says it is from.
    private void requireOwned(Originators originators) {
        AccountId account = principal.account();
        for (String address : originators.all()) {
            if (!store.accounts().owns(account, address)) {
                throw refused(550, "5.7.1", "The message is from an address that is not yours");
            }
        }
    }

    @Override
    public List<Optional<SmtpRefusal>> deliver() {
        MessageSpool complete = spool;
        if (message == null || complete == null) {
            throw new IllegalStateException("no message was opened");
        }
        message.finish();
        long octets = complete.size();
        try {
            if (parameters.binary()) {
                complete = encoded(complete);
            }
            String sender = reversePath.map(MailAddress::toString).orElse("");
            List<RecipientVerdict.Accepted> all = new ArrayList<>(recipients.values());
            if (!store.deliveries().deliver(complete, sender, all, companions())) {
                LOG.warn(
                        "session {}: account {} has no room for its copy or the report: the message was delivered without",
                        sessionId,
                        principal.account().value());
            }
        } catch (DeliveryException e) {
            throw refusalOf(e);
        } catch (IOException e) {
            throw new UncheckedIOException("a message could not be delivered", e);
        }
        LOG.info(
                "session {}: account {} submitted {} octets for {} recipients",
                sessionId,
                principal.account().value(),
                octets,
                recipients.size());
        return Collections.nCopies(recipients.size(), Optional.empty());
    }

    /// RFC 3030 §3: what is not to be kept as it came is converted, or refused.
    private MessageSpool encoded(MessageSpool binary) throws IOException {
        try {
            MessageSpool converted = store.encodeBinary(binary);
            binary.close();
            spool = converted;
            return converted;
        } catch (BinaryParts.NotEncodable e) {
            throw refused(554, "5.6.0", "The message cannot be kept: " + e.getMessage());
        }
    }

    private Deliveries.Companions companions() throws IOException {
        AccountId account = principal.account();
        Optional<Deliveries.SentCopy> copy = store.accounts().keepsSentCopy(account)
                ? Optional.of(new Deliveries.SentCopy(account, blind))
                : Optional.empty();
        return new Deliveries.Companions(report(), copy);
    }

    /// RFC 3461 §5.2.3. Its own sender is `<>`, and `<>` gets none: so there is no end to run in circles for.
    private Optional<Deliveries.Report> report() throws IOException {
        if (reported.isEmpty()
                || reversePath.isEmpty()
                || !(store.deliveries().resolve(reversePath.get().toString())
                        instanceof RecipientVerdict.Accepted sender)) {
            return Optional.empty();
        }
        byte[] report = new DeliveryReport(
                        hostName,
                        reversePath.get().toString(),
                        parameters.envelopeId(),
                        arrival,
                        List.copyOf(reported.values()),
                        header)
                .message(Instant.now());
        MessageSpool written = store.newSpool();
        written.write(report, 0, report.length);
        return Optional.of(new Deliveries.Report(written, List.of(sender)));
    }

    /// The store has changed its mind since RCPT: nobody got the message.
    private static RuntimeException refusalOf(DeliveryException failure) {
        return switch (failure.reason()) {
            case OVER_QUOTA -> refused(452, "4.2.2", "A recipient's mailbox is full; nothing was delivered");
            case LOOP -> refused(554, "5.4.6", "The message goes in a circle; nothing was delivered");
            case NO_MAILBOX -> refused(550, "5.2.1", "A recipient's mailbox is gone; nothing was delivered");
            case UNAVAILABLE -> refused(451, "4.3.0", "The message cannot be delivered now; nothing was");
            case NO_SPACE -> noSpace();
        };
    }

    @Override
    public void close() {
        if (spool != null) {
            spool.close();
        }
    }
}
