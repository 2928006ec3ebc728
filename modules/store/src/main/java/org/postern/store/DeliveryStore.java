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
import org.postern.auth.AccountId;

/// Delivery into INBOXes: one blob, one small trace header per recipient, one commit for all.
final class DeliveryStore implements Deliveries {
    /// Header lines looked at for a Delivered-To of our own.
    private static final int MOST_LINES = 10_000;

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
            Map<String, AppendResult> results = deliverToAll(spool, reversePath, recipients);
            outcome = "delivered";
            return results;
        } catch (DeliveryException refusal) {
            outcome = refusal.overQuota() ? "over-quota" : "refused";
            throw refusal;
        } finally {
            sample.stop(Timer.builder("postern.deliveries")
                    .description("Messages brought to their mailboxes, all recipients of one together.")
                    .tag("outcome", outcome)
                    .register(meters));
        }
    }

    private Map<String, AppendResult> deliverToAll(
            MessageSpool spool, String reversePath, List<RecipientVerdict.Accepted> recipients) throws IOException {
        Map<AccountId, String> accountsReached =
                new LinkedHashMap<>(); // each account once, however many ways lead to it
        for (RecipientVerdict.Accepted recipient : recipients) {
            recipient.targets().forEach(target -> accountsReached.putIfAbsent(target.account(), target.address()));
        }
        List<Place> places = new ArrayList<>();
        try {
            refuseLoop(spool, accountsReached);
            for (Map.Entry<AccountId, String> reached : accountsReached.entrySet()) {
                // RFC 5321 §4.4: Return-Path is made by final delivery; Delivered-To is how loops are seen
                byte[] prefix = ("Return-Path: <" + reversePath + ">\r\nDelivered-To: " + reached.getValue() + "\r\n")
                        .getBytes(StandardCharsets.UTF_8);
                places.add(new Place(
                        mailboxes.acquire(reached.getKey().value(), MailboxName.INBOX), prefix, new Arrival(1)));
            }
            Content content = mailboxes.contents().store(List.of(spool)).getFirst();
            return commit(content, places, accountsReached);
        } catch (MailboxException e) {
            if (e.reason() == MailboxException.Reason.UNAVAILABLE) {
                throw e; // the server's fault, and not for good: the client must be told to try again
            }
            throw new DeliveryException(
                    String.valueOf(e.getMessage()), e.reason() == MailboxException.Reason.OVER_QUOTA);
        } finally {
            places.forEach(place -> place.inbox().close());
            spool.close();
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
                                "mail loop: the message was delivered to " + address + " before", false);
                    }
                }
                line = header.readLine();
            }
        }
    }
}
