package org.postern.store;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
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

    /// One INBOX that gets the message.
    private record Place(MailboxViews.Lease inbox, byte[] prefix, Arrival arrival) {}

    @Override
    public Map<String, AppendResult> deliver(
            MessageSpool spool, String reversePath, List<RecipientVerdict.Accepted> recipients) throws IOException {
        Timer.Sample sample = Timer.start(meters);
        String outcome = "failed";
        try {
            Map<AccountId, String> reached = accountsOf(recipients);
            refuseLoop(spool, reached);
            Map<String, AppendResult> results =
                    deliver(mailboxes.contents().store(List.of(spool)).getFirst(), reversePath, reached);
            outcome = DELIVERED;
            return results;
        } catch (MailboxException e) {
            DeliveryException failure = failure(e);
            outcome = outcome(failure);
            throw failure;
        } catch (DeliveryException e) {
            outcome = outcome(e);
            throw e;
        } finally {
            spool.close();
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
            Content content = mailboxes.contents().store(List.of(spool)).getFirst();
            for (int attempt = 1; ; attempt++) {
                List<RecipientVerdict.Accepted> left = leaveOut(content, reversePath, recipients, failures);
                try {
                    if (!left.isEmpty()) {
                        deliver(content, reversePath, accountsOf(left));
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
            case ALREADY_EXISTS, CANNOT, HAS_CHILDREN, USE_TAKEN, LIMIT, UNAVAILABLE ->
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

    private Map<String, AppendResult> deliver(Content content, String reversePath, Map<AccountId, String> reached) {
        List<Place> places = new ArrayList<>();
        try {
            for (Map.Entry<AccountId, String> each : reached.entrySet()) {
                places.add(new Place(
                        mailboxes.acquire(each.getKey().value(), MailboxName.INBOX),
                        prefix(reversePath, each.getValue()),
                        new Arrival(1)));
            }
            return commit(content, places, reached);
        } finally {
            places.forEach(place -> place.inbox().close());
        }
    }

    private Map<String, AppendResult> commit(Content content, List<Place> places, Map<AccountId, String> reached) {
        long now = Instant.now().toEpochMilli();
        Map<MailboxState, int[]> uids = new LinkedHashMap<>();
        mailboxes
                .writer()
                .change(
                        places.stream().map(place -> place.inbox().state()).toList(),
                        () -> {
                            List<MailboxWriter.Planned> planned = new ArrayList<>();
                            for (Place place : places) {
                                MailboxState state = place.inbox().state();
                                place.arrival().sizes[0] =
                                        (int) (content.extract().size() + place.prefix().length);
                                place.arrival().dates[0] = now;
                                Mutation.Arrived arrived = place.arrival().into(state, state.headModSeq + 1);
                                uids.put(state, arrived.uids());
                                planned.add(new MailboxWriter.Planned(state, arrived));
                            }
                            return planned;
                        },
                        connection -> {
                            long blob = MailboxRows.insertBlob(connection, content);
                            for (Place place : places) {
                                place.arrival().messages[0] =
                                        MailboxRows.insertMessage(connection, blob, content, place.prefix());
                                MailboxRows.charge(
                                        connection,
                                        place.inbox().state().account,
                                        place.arrival().octets(),
                                        1);
                            }
                        });
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
