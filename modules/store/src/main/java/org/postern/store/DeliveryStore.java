package org.postern.store;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.postern.auth.AccountId;

/// Delivery into INBOXes: one blob, one small trace header per recipient, one commit for all.
final class DeliveryStore implements Deliveries {
    /// Header lines looked at for a Delivered-To of our own.
    private static final int MOST_LINES = 10_000;
    /// A delivery that met a change in the accounts is tried again this often.
    private static final int ATTEMPTS = 3;

    private static final String DELIVERED = "delivered";

    private final AccountStore accounts;
    private final MailboxStore mailboxes;
    private final MeterRegistry meters;

    DeliveryStore(AccountStore accounts, MailboxStore mailboxes, MeterRegistry meters) {
        this.accounts = accounts;
        this.mailboxes = mailboxes;
        this.meters = meters;
    }

    @Override
    public RecipientVerdict resolve(String address) {
        return accounts.resolve(address);
    }

    /// One message on its way into one mailbox.
    private record Letter(AccountId account, MailboxName mailbox, Content content, byte[] prefix, long flags) {}

    @Override
    public Map<String, AppendResult> deliver(
            MessageSpool spool, String reversePath, List<RecipientVerdict.Accepted> recipients) throws IOException {
        return measured(List.of(spool), () -> {
            Map<AccountId, String> reached = accountsOf(recipients);
            refuseLoop(spool, reached);
            List<Content> stored = mailboxes.contents().store(List.of(spool));
            try {
                return results(commit(letters(stored.getFirst(), reversePath, reached)), reached);
            } finally {
                mailboxes.contents().release(stored);
            }
        });
    }

    @Override
    public boolean deliver(
            MessageSpool spool, String reversePath, List<RecipientVerdict.Accepted> recipients, Companions companions)
            throws IOException {
        List<MessageSpool> spools = new ArrayList<>(List.of(spool));
        companions.report().map(Report::spool).ifPresent(spools::add);
        return measured(spools, () -> {
            Map<AccountId, String> reached = accountsOf(recipients);
            refuseLoop(spool, reached);
            byte[] fields = companions.sentCopy().map(SentCopy::fields).orElse(new byte[0]);
            byte[] envelope = fields.length == 0
                    ? new byte[0]
                    : mailboxes.contents().envelope(fields, spool); // while the spool can be read
            List<Content> contents = mailboxes.contents().store(spools);
            try {
                List<Letter> message = letters(contents.getFirst(), reversePath, reached);
                List<Letter> together = new ArrayList<>(message);
                companions
                        .report()
                        .ifPresent(report ->
                                together.addAll(letters(contents.getLast(), "", accountsOf(report.recipients()))));
                try {
                    companions
                            .sentCopy()
                            .ifPresent(copy -> together.add(sentCopy(copy, contents.getFirst(), envelope)));
                    commit(together);
                    return true;
                } catch (MailboxException e) {
                    if (companions.isEmpty()) {
                        throw e;
                    }
                    commit(message); // what goes with a message never keeps it from its recipients
                    return false;
                }
            } finally {
                mailboxes.contents().release(contents);
            }
        });
    }

    /// Its ENVELOPE shows the fields that recipients do not see.
    private Letter sentCopy(SentCopy copy, Content content, byte[] envelope) {
        Content shown = envelope.length == 0
                ? content
                : new Content(
                        content.blob(),
                        content.stored(),
                        content.digest(),
                        content.extract().withEnvelope(envelope));
        return new Letter(copy.account(), mailboxes.sentMailbox(copy.account()), shown, copy.fields(), Flags.SEEN);
    }

    private interface Work<T> {
        T run() throws IOException;
    }

    /// Counts a delivery, and closes its spools.
    private <T> T measured(List<MessageSpool> spools, Work<T> work) throws IOException {
        Timer.Sample sample = Timer.start(meters);
        String outcome = "failed";
        try {
            T result = work.run();
            outcome = DELIVERED;
            return result;
        } catch (MailboxException e) {
            DeliveryException failure = failure(e);
            outcome = outcome(failure);
            throw failure;
        } catch (DeliveryException e) {
            outcome = outcome(e);
            throw e;
        } finally {
            spools.forEach(MessageSpool::close);
            ended(sample, outcome);
        }
    }

    @Override
    public List<Optional<DeliveryException>> deliverToEach(
            MessageSpool spool, String reversePath, List<RecipientVerdict.Accepted> recipients) throws IOException {
        Timer.Sample sample = Timer.start(meters);
        String outcome = "failed";
        List<Optional<DeliveryException>> failures = new ArrayList<>(recipients.stream()
                .map(recipient -> Optional.<DeliveryException>empty())
                .toList());
        try {
            for (int index = 0; index < recipients.size(); index++) {
                try {
                    refuseLoop(spool, accountsOf(List.of(recipients.get(index))));
                } catch (DeliveryException e) {
                    failures.set(index, Optional.of(e));
                }
            }
            List<Content> stored;
            try {
                stored = mailboxes.contents().store(List.of(spool));
            } catch (MailboxException e) { // of the disk, not of a recipient
                failures.replaceAll(failure -> failure.or(() -> Optional.of(failure(e))));
                outcome = outcome(failure(e));
                return failures;
            }
            try {
                Content content = stored.getFirst();
                for (int attempt = 1; ; attempt++) {
                    List<RecipientVerdict.Accepted> left = leaveOut(content, reversePath, recipients, failures);
                    try {
                        if (!left.isEmpty()) {
                            commit(letters(content, reversePath, accountsOf(left)));
                        }
                        outcome = left.isEmpty()
                                ? failures.stream()
                                        .flatMap(Optional::stream)
                                        .findFirst()
                                        .map(DeliveryStore::outcome)
                                        .orElse(outcome)
                                : DELIVERED;
                        return failures;
                    } catch (MailboxException e) { // something changed since they were looked at
                        if (attempt == ATTEMPTS) {
                            failures.replaceAll(failure -> failure.or(() -> Optional.of(failure(e))));
                            outcome = outcome(failure(e));
                            return failures;
                        }
                    }
                }
            } finally {
                mailboxes.contents().release(stored);
            }
        } finally {
            spool.close();
            ended(sample, outcome);
        }
    }

    private void ended(Timer.Sample sample, String outcome) {
        sample.stop(Timer.builder("postern.deliveries")
                .description("Messages brought to their mailboxes, all recipients of one together.")
                .tag("outcome", outcome)
                .register(meters));
    }

    private static String outcome(DeliveryException failure) {
        return switch (failure.reason()) {
            case OVER_QUOTA -> "over-quota";
            case NO_SPACE -> "no-space";
            case LOOP -> "loop";
            case NO_MAILBOX -> "no-mailbox";
            case UNAVAILABLE -> "unavailable";
        };
    }

    /// Those that can take the message; why the others cannot is noted.
    private List<RecipientVerdict.Accepted> leaveOut(
            Content content,
            String reversePath,
            List<RecipientVerdict.Accepted> recipients,
            List<Optional<DeliveryException>> failures) {
        List<RecipientVerdict.Accepted> left = new ArrayList<>();
        for (int index = 0; index < recipients.size(); index++) {
            RecipientVerdict.Accepted recipient = recipients.get(index);
            if (failures.get(index).isEmpty()) {
                for (RecipientVerdict.Target target : recipient.targets()) {
                    long octets = content.extract().size() + prefix(reversePath, target.address()).length;
                    try (MailboxViews.Lease _ =
                            mailboxes.acquire(target.account().value(), MailboxName.INBOX)) {
                        if (mailboxes.wouldExceed(target.account(), octets)) {
                            failures.set(
                                    index,
                                    Optional.of(new DeliveryException(
                                            DeliveryException.Reason.OVER_QUOTA, "the account's quota is used up")));
                        }
                    } catch (MailboxException e) {
                        failures.set(index, Optional.of(failure(e)));
                    }
                }
            }
            if (failures.get(index).isEmpty()) {
                left.add(recipient);
            }
        }
        return left;
    }

    private static DeliveryException failure(MailboxException cause) {
        DeliveryException.Reason reason = switch (cause.reason()) {
            case OVER_QUOTA -> DeliveryException.Reason.OVER_QUOTA;
            case NO_SUCH_MAILBOX, GONE -> DeliveryException.Reason.NO_MAILBOX;
            case NO_SPACE -> DeliveryException.Reason.NO_SPACE;
            case ALREADY_EXISTS, CANNOT, HAS_CHILDREN, USE_TAKEN, LIMIT, UNAVAILABLE, CORRUPTION ->
                DeliveryException.Reason.UNAVAILABLE;
        };
        return new DeliveryException(reason, String.valueOf(cause.getMessage()));
    }

    /// Each account once, however many ways lead to it.
    private static Map<AccountId, String> accountsOf(List<RecipientVerdict.Accepted> recipients) {
        Map<AccountId, String> reached = new LinkedHashMap<>();
        for (RecipientVerdict.Accepted recipient : recipients) {
            recipient.targets().forEach(target -> reached.putIfAbsent(target.account(), target.address()));
        }
        return reached;
    }

    /// RFC 5321 §4.4: Return-Path is made by final delivery; Delivered-To is how loops are seen.
    private static byte[] prefix(String reversePath, String address) {
        return ("Return-Path: <" + reversePath + ">\r\nDelivered-To: " + address + "\r\n")
                .getBytes(StandardCharsets.UTF_8);
    }

    private static List<Letter> letters(Content content, String reversePath, Map<AccountId, String> reached) {
        List<Letter> letters = new ArrayList<>();
        reached.forEach((account, address) ->
                letters.add(new Letter(account, MailboxName.INBOX, content, prefix(reversePath, address), 0)));
        return letters;
    }

    /// The UIDs that each mailbox gave, in the order of its letters.
    private Map<MailboxState, int[]> commit(List<Letter> letters) {
        List<MailboxViews.Lease> leases = new ArrayList<>();
        try {
            Map<MailboxState, List<Letter>> byMailbox = new LinkedHashMap<>();
            for (Letter letter : letters) {
                MailboxViews.Lease lease = mailboxes.acquire(letter.account().value(), letter.mailbox());
                leases.add(lease);
                byMailbox
                        .computeIfAbsent(lease.state(), none -> new ArrayList<>())
                        .add(letter);
            }
            return commit(byMailbox);
        } finally {
            leases.forEach(MailboxViews.Lease::close);
        }
    }

    private Map<MailboxState, int[]> commit(Map<MailboxState, List<Letter>> byMailbox) {
        long now = Instant.now().toEpochMilli();
        Map<MailboxState, Arrival> arrivals = new LinkedHashMap<>();
        byMailbox.forEach((state, letters) -> arrivals.put(state, arrival(letters, now)));
        Map<MailboxState, int[]> uids = new LinkedHashMap<>();
        mailboxes
                .writer()
                .change(
                        List.copyOf(byMailbox.keySet()),
                        () -> {
                            List<MailboxWriter.Planned> planned = new ArrayList<>();
                            arrivals.forEach((state, arrival) -> {
                                Mutation.Arrived arrived = arrival.into(state, state.headModSeq + 1);
                                uids.put(state, arrived.uids());
                                planned.add(new MailboxWriter.Planned(state, arrived));
                            });
                            return planned;
                        },
                        connection -> {
                            Map<BlobReference, Long> blobs = new HashMap<>(); // one body, however many get it
                            for (Map.Entry<MailboxState, Arrival> each : arrivals.entrySet()) {
                                List<Letter> letters = byMailbox.getOrDefault(each.getKey(), List.of());
                                for (int index = 0; index < letters.size(); index++) {
                                    each.getValue().messages[index] = insert(connection, letters.get(index), blobs);
                                }
                                MailboxRows.charge(
                                        connection,
                                        each.getKey().account,
                                        each.getValue().octets(),
                                        each.getValue().count());
                            }
                        });
        return uids;
    }

    private static Arrival arrival(List<Letter> letters, long now) {
        var arrival = new Arrival(letters.size());
        for (int index = 0; index < letters.size(); index++) {
            Letter letter = letters.get(index);
            arrival.sizes[index] = (int) (letter.content().extract().size() + letter.prefix().length);
            arrival.dates[index] = now;
            arrival.flags[index] = letter.flags();
        }
        return arrival;
    }

    private static long insert(Connection connection, Letter letter, Map<BlobReference, Long> blobs)
            throws SQLException {
        Content content = letter.content();
        Long blob = blobs.get(content.blob());
        if (blob == null) {
            blob = MailboxRows.insertBlob(connection, content);
            blobs.put(content.blob(), blob);
        }
        return MailboxRows.insertMessage(connection, blob, content, letter.prefix());
    }

    private static Map<String, AppendResult> results(Map<MailboxState, int[]> uids, Map<AccountId, String> reached) {
        Map<String, AppendResult> results = new LinkedHashMap<>();
        uids.forEach((state, given) -> results.put(
                reached.getOrDefault(new AccountId(state.account), ""), new AppendResult(state.uidValidity, given)));
        return results;
    }

    /// A message that was delivered to one of these addresses before goes in a circle.
    private static void refuseLoop(MessageSpool spool, Map<AccountId, String> reached) throws IOException {
        try (var header = new BufferedReader(new InputStreamReader(spool.open(), StandardCharsets.ISO_8859_1))) {
            String line = header.readLine();
            for (int count = 0; line != null && !line.isEmpty() && count < MOST_LINES; count++) {
                if (line.regionMatches(true, 0, "Delivered-To:", 0, 13)) {
                    String address = line.substring(13).strip().toLowerCase(Locale.ROOT);
                    if (reached.values().stream()
                            .anyMatch(known -> known.toLowerCase(Locale.ROOT).equals(address))) {
                        throw new DeliveryException(
                                DeliveryException.Reason.LOOP,
                                "mail loop: the message was delivered to " + address + " before");
                    }
                }
                line = header.readLine();
            }
        }
    }
}
