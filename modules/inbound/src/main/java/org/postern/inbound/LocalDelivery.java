package org.postern.inbound;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.postern.smtp.SmtpRefusal.refused;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.postern.message.BinaryParts;
import org.postern.smtp.EditedMessage;
import org.postern.smtp.ForwardPath;
import org.postern.smtp.HeaderFields;
import org.postern.smtp.MailAddress;
import org.postern.smtp.MessageSink;
import org.postern.smtp.RecipientParameters;
import org.postern.smtp.SmtpRefusal;
import org.postern.smtp.SmtpRole;
import org.postern.store.DeliveryException;
import org.postern.store.MailboxException;
import org.postern.store.MessageSpool;
import org.postern.store.RecipientVerdict;
import org.postern.store.Store;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One message from the server in front, for mailboxes here.
final class LocalDelivery implements SmtpRole.Transaction {
    private static final Logger LOG = LoggerFactory.getLogger(LocalDelivery.class);

    private final Store store;
    private final LmtpSettings settings;
    private final String sessionId;
    private final Optional<MailAddress> reversePath;
    private final boolean binary;
    /// One for each RCPT, twice for who is named twice: each gets an answer (RFC 2033 §4.2).
    private final List<RecipientVerdict.Accepted> recipients = new ArrayList<>();
    /// Whom the message was delivered to before, in lower case.
    private final Set<String> deliveredTo = new HashSet<>();

    private @Nullable MessageSpool spool;
    private @Nullable EditedMessage message;

    /// @param binary whether parts of the message may be any octets (RFC 3030 §3)
    LocalDelivery(
            Store store, LmtpSettings settings, String sessionId, Optional<MailAddress> reversePath, boolean binary) {
        this.store = store;
        this.settings = settings;
        this.sessionId = sessionId;
        this.reversePath = reversePath;
        this.binary = binary;
    }

    @Override
    public void addRecipient(ForwardPath recipient, RecipientParameters parameters) {
        String address = switch (recipient) {
            case ForwardPath.To to -> to.address().toString();
            case ForwardPath.Postmaster _ -> postmaster();
        };
        recipients.add(
                switch (store.deliveries().resolve(address)) {
                    case RecipientVerdict.Accepted accepted -> accepted;
                    case RecipientVerdict.UnknownUser _ -> throw refused(550, "5.1.1", "There is no such mailbox here");
                    case RecipientVerdict.NotLocal _ -> throw refused(550, "5.1.2", "The domain is not served here");
                    case RecipientVerdict.Disabled _ -> throw refused(550, "5.2.1", "The mailbox is disabled");
                    case RecipientVerdict.OverQuota _ -> throw full();
                });
    }

    /// RFC 5321 §4.5.1: of this host, or else of the first domain that has one.
    private String postmaster() {
        List<String> domains = new ArrayList<>(List.of(settings.hostName()));
        domains.addAll(store.accounts().domains());
        return domains.stream()
                .map(domain -> "postmaster@" + domain)
                .filter(address -> store.deliveries().resolve(address) instanceof RecipientVerdict.Accepted)
                .findFirst()
                .orElse("postmaster@" + settings.hostName());
    }

    private SmtpRefusal full() {
        return switch (settings.fullMailbox()) {
            case TRY_LATER -> refused(452, "4.2.2", "The mailbox is full");
            case REFUSE -> refused(552, "5.2.2", "The mailbox is full");
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
        EditedMessage edited = new EditedMessage(fields -> traced(fields, received), opened::write);
        spool = opened;
        message = edited;
        return edited;
    }

    /// The header as it is kept: trace on top; Return-Path (RFC 5321 §4.4) and Delivered-To are for this
    /// delivery to make, so those of others go.
    private byte[] traced(HeaderFields fields, String received) {
        StringBuilder header = new StringBuilder(received);
        for (HeaderFields.Field field : fields.all()) {
            switch (field.name()) {
                case "return-path" -> {}
                case "delivered-to" -> deliveredTo.add(field.value().strip().toLowerCase(Locale.ROOT));
                default -> header.append(field.raw());
            }
        }
        return header.toString().getBytes(ISO_8859_1);
    }

    @Override
    public List<Optional<SmtpRefusal>> deliver() {
        EditedMessage edited = message;
        MessageSpool complete = spool;
        if (edited == null || complete == null) {
            throw new IllegalStateException("no message was opened");
        }
        edited.finish();
        long octets = complete.size();
        List<Optional<SmtpRefusal>> verdicts = verdicts(binary ? encoded(complete) : complete);
        LOG.info(
                "session {}: {} octets delivered to {} of {} recipients",
                sessionId,
                octets,
                verdicts.stream().filter(Optional::isEmpty).count(),
                verdicts.size());
        return verdicts;
    }

    /// RFC 3030 §3: what is not to be kept as it came is converted, or refused.
    private MessageSpool encoded(MessageSpool received) {
        try {
            MessageSpool converted = store.encodeBinary(received);
            received.close();
            spool = converted;
            return converted;
        } catch (BinaryParts.NotEncodable e) {
            throw refused(554, "5.6.0", "The message cannot be kept: " + e.getMessage());
        } catch (IOException e) {
            throw new UncheckedIOException("a message could not be encoded", e);
        }
    }

    private List<Optional<SmtpRefusal>> verdicts(MessageSpool complete) {
        List<RecipientVerdict.Accepted> fresh = recipients.stream()
                .filter(recipient -> !wasDeliveredTo(recipient))
                .toList();
        String sender = reversePath.map(MailAddress::toString).orElse("");
        try {
            List<Optional<DeliveryException>> failures = store.deliveries().deliverToEach(complete, sender, fresh);
            List<Optional<SmtpRefusal>> verdicts = new ArrayList<>();
            int next = 0;
            for (RecipientVerdict.Accepted recipient : recipients) {
                verdicts.add(
                        wasDeliveredTo(recipient)
                                ? Optional.of(refusalOf(DeliveryException.Reason.LOOP))
                                : failures.get(next++).map(failure -> refusalOf(failure.reason())));
            }
            return verdicts;
        } catch (IOException e) {
            throw new UncheckedIOException("a message could not be delivered", e);
        }
    }

    private boolean wasDeliveredTo(RecipientVerdict.Accepted recipient) {
        return recipient.targets().stream()
                .anyMatch(target -> deliveredTo.contains(target.address().toLowerCase(Locale.ROOT)));
    }

    private SmtpRefusal refusalOf(DeliveryException.Reason reason) {
        return switch (reason) {
            case OVER_QUOTA -> full();
            case LOOP -> refused(554, "5.4.6", "The message was delivered to this mailbox before: it goes in a circle");
            case NO_MAILBOX -> refused(550, "5.2.1", "The mailbox is gone");
            case UNAVAILABLE -> refused(451, "4.3.0", "The message cannot be delivered now");
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
