package org.postern.store;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.postern.auth.AccountId;

/// One client's changes of its own account, at random, with a log of what was acknowledged: what must be there after a
/// crash. The one change that was under way may have been done or not, but not by half.
final class Acknowledgements {
    /// @param content as [#content] puts it
    private record Message(String content, long flags) {}

    private static final class Box {
        private final long uidValidity;
        private final Map<Integer, Message> messages;
        private long modSeq;

        Box(long uidValidity, Map<Integer, Message> messages, long modSeq) {
            this.uidValidity = uidValidity;
            this.messages = messages;
            this.modSeq = modSeq;
        }

        Box copy() {
            return new Box(uidValidity, new TreeMap<>(messages), modSeq);
        }
    }

    private final String address;
    private final SplittableRandom random;
    private Map<String, Box> boxes = new TreeMap<>();
    /// As it is if the change under way is done; messages that have no UID yet are told by their content alone.
    private Optional<Map<String, Box>> after = Optional.empty();

    private Map<String, List<String>> arriving = Map.of();
    private final Map<String, String> meanings = new HashMap<>();
    private int counter;

    Acknowledgements(String address, long seed) {
        this.address = address;
        this.random = new SplittableRandom(seed);
    }

    String address() {
        return address;
    }

    private AccountId account(PosternStore store) {
        return store.accounts().account(address).orElseThrow().id();
    }

    private String newMessage() {
        int size = random.nextInt(10) == 0 ? random.nextInt(150_000) : random.nextInt(4_000);
        byte[] filling = new byte[size];
        for (int at = 0; at < size; at++) {
            filling[at] = (byte) ('a' + random.nextInt(26));
        }
        return "Subject: " + ++counter + " of " + address + "\r\n\r\n" + new String(filling, ISO_8859_1) + "\r\n";
    }

    private static FileSpool spool(PosternStore store, String text) {
        var spool = (FileSpool) store.newSpool();
        byte[] octets = text.getBytes(ISO_8859_1);
        spool.write(octets, 0, octets.length);
        return spool;
    }

    private String anyBox() {
        List<String> names = List.copyOf(boxes.keySet());
        return names.get(random.nextInt(names.size()));
    }

    private int[] some(Box box) {
        return box.messages.keySet().stream()
                .filter(_ -> random.nextInt(3) == 0)
                .mapToInt(Integer::intValue)
                .toArray();
    }

    /// One change, whichever it is.
    void change(PosternStore store) throws IOException {
        int which = random.nextInt(100);
        if (which < 30) {
            append(store);
        } else if (which < 45) {
            deliver(store);
        } else if (which < 65) {
            flags(store);
        } else if (which < 75) {
            move(store);
        } else if (which < 85) {
            expunge(store);
        } else if (which < 91) {
            create(store);
        } else if (which < 96) {
            rename(store);
        } else {
            delete(store);
        }
    }

    private Map<String, Box> copy() {
        return boxes.entrySet().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey, entry -> entry.getValue().copy(), (one, _) -> one, TreeMap::new));
    }

    /// The subject, and a digest of the whole: thousands of messages may be there.
    private static String content(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(ISO_8859_1));
            return text.lines().findFirst().orElse("") + " " + HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private void begin(Map<String, Box> target, Map<String, List<String>> contents) {
        after = Optional.of(target);
        arriving = contents;
    }

    private void acknowledged(Map<String, Box> target) {
        boxes = target;
        after = Optional.empty();
        arriving = Map.of();
    }

    private void append(PosternStore store) throws IOException {
        String name = anyBox();
        String text = newMessage();
        Map<String, Box> target = copy();
        begin(target, Map.of(name, List.of(content(text))));
        AppendResult result = store.mailboxes()
                .append(
                        account(store),
                        MailboxName.of(name),
                        List.of(new Mailboxes.Appended(
                                spool(store, text), Flags.SEEN, Set.of(), new InternalDate(1_700_000_000_000L, 0))));
        arrived(target, name, result, content(text), Flags.SEEN);
    }

    private void arrived(Map<String, Box> target, String name, AppendResult result, String content, long flags) {
        Box box = box(target, name);
        assertThat(result.uidValidity()).isEqualTo(box.uidValidity);
        box.messages.put(result.uids()[0], new Message(content, flags));
        remember(box, result.uids()[0], content);
        acknowledged(target);
    }

    private static Box box(Map<String, Box> boxes, String name) {
        Box box = boxes.get(name);
        assertThat(box).as(name).isNotNull();
        return box;
    }

    /// No UID ever means two messages.
    private void remember(Box box, int uid, String content) {
        String before = meanings.put(box.uidValidity + " " + uid, content);
        assertThat(before == null || before.equals(content))
                .as("%s: UID %d of UIDVALIDITY %d means two messages", address, uid, box.uidValidity)
                .isTrue();
    }

    private void deliver(PosternStore store) throws IOException {
        String text = newMessage();
        Map<String, Box> target = copy();
        begin(target, Map.of("INBOX", List.of(content(text))));
        var accepted = (RecipientVerdict.Accepted) store.deliveries().resolve(address);
        Map<String, AppendResult> results =
                store.deliveries().deliver(spool(store, text), "sender@example.test", List.of(accepted));
        arrived(target, "INBOX", results.values().iterator().next(), content(text), 0);
    }

    private void flags(PosternStore store) {
        String name = anyBox();
        Map<String, Box> target = copy();
        Box box = box(target, name);
        int[] uids = some(box);
        boolean add = random.nextBoolean();
        for (int uid : uids) {
            box.messages.computeIfPresent(
                    uid,
                    (_, old) -> new Message(
                            old.content(), add ? old.flags() | Flags.FLAGGED : old.flags() & ~Flags.FLAGGED));
        }
        begin(target, Map.of());
        try (OpenMailbox open = open(store, name)) {
            open.updateFlags(
                    uids,
                    new FlagUpdate(add ? FlagUpdate.Mode.ADD : FlagUpdate.Mode.REMOVE, Flags.FLAGGED, Set.of()),
                    OptionalLong.empty());
            box.modSeq = open.status().highestModSeq();
        }
        acknowledged(target);
    }

    private OpenMailbox open(PosternStore store, String name) {
        return store.mailboxes().open(account(store), MailboxName.of(name), false, () -> {});
    }

    private void move(PosternStore store) {
        String from = anyBox();
        String to = anyBox();
        if (from.equals(to)) {
            return;
        }
        Map<String, Box> target = copy();
        int[] uids = some(box(target, from));
        List<Message> moved = new ArrayList<>();
        for (int uid : uids) {
            moved.add(box(target, from).messages.remove(uid));
        }
        begin(target, Map.of(to, moved.stream().map(Message::content).toList()));
        try (OpenMailbox open = open(store, from)) {
            CopyResult result = open.move(uids, MailboxName.of(to));
            for (int index = 0; index < uids.length; index++) {
                box(target, to).messages.put(result.target()[index], moved.get(index));
                remember(
                        box(target, to),
                        result.target()[index],
                        moved.get(index).content());
            }
        }
        acknowledged(target);
    }

    private void expunge(PosternStore store) {
        String name = anyBox();
        Map<String, Box> target = copy();
        int[] uids = some(box(target, name));
        try (OpenMailbox open = open(store, name)) {
            // two changes: the flag is a change of its own, and is there or not by itself
            Map<String, Box> flagged = copy();
            for (int uid : uids) {
                box(flagged, name)
                        .messages
                        .computeIfPresent(uid, (_, old) -> new Message(old.content(), old.flags() | Flags.DELETED));
            }
            begin(flagged, Map.of());
            open.updateFlags(uids, new FlagUpdate(FlagUpdate.Mode.ADD, Flags.DELETED, Set.of()), OptionalLong.empty());
            acknowledged(flagged);
            for (int uid : uids) {
                box(target, name).messages.remove(uid);
            }
            begin(target, Map.of());
            assertThat(open.expunge(uids)).containsExactly(uids);
            box(target, name).modSeq = open.status().highestModSeq();
        }
        acknowledged(target);
    }

    private void create(PosternStore store) {
        String name = "Box " + ++counter;
        Map<String, Box> target = copy();
        target.put(name, new Box(0, new TreeMap<>(), 0)); // its UIDVALIDITY is not known yet
        begin(target, Map.of());
        store.mailboxes().create(account(store), MailboxName.of(name), Optional.empty());
        MailboxStatus status = store.mailboxes().status(account(store), MailboxName.of(name));
        target.put(name, new Box(status.uidValidity(), new TreeMap<>(), status.highestModSeq()));
        acknowledged(target);
    }

    private void rename(PosternStore store) {
        String from = anyBox();
        if (!from.startsWith("Box")) {
            return;
        }
        String to = "Box " + ++counter;
        Map<String, Box> target = copy();
        target.put(to, target.remove(from));
        begin(target, Map.of());
        store.mailboxes().rename(account(store), MailboxName.of(from), MailboxName.of(to));
        acknowledged(target);
    }

    private void delete(PosternStore store) {
        String name = anyBox();
        if (!name.startsWith("Box")) {
            return;
        }
        Map<String, Box> target = copy();
        target.remove(name);
        begin(target, Map.of());
        store.mailboxes().delete(account(store), MailboxName.of(name));
        acknowledged(target);
    }

    // ---- afterwards

    /// Compares what is there with what was acknowledged; goes on from what is there.
    void verify(PosternStore store) throws IOException {
        Map<String, Box> found = read(store);
        if (!boxes.isEmpty()) {
            Optional<String> asItWas = difference(boxes, found, Map.of());
            if (asItWas.isPresent()) {
                Optional<String> asItWillBe = after.isEmpty() ? asItWas : difference(after.get(), found, arriving);
                assertThat(asItWillBe)
                        .as("%s: neither as acknowledged (%s), nor with the change under way", address, asItWas)
                        .isEmpty();
            }
        }
        for (Box box : found.values()) {
            box.messages.forEach((uid, message) -> remember(box, uid, message.content()));
        }
        acknowledged(found);
    }

    private Map<String, Box> read(PosternStore store) throws IOException {
        Map<String, Box> found = new TreeMap<>();
        for (MailboxListing listing : store.mailboxes().list(account(store))) {
            if (!listing.exists()) {
                continue;
            }
            try (OpenMailbox open = open(store, listing.name().value())) {
                TreeMap<Integer, Message> messages = new TreeMap<>();
                for (int uid : open.uids()) {
                    String text = StoreFixture.text(open, uid);
                    text = text.substring(text.indexOf("Subject: ")); // without the trace of its delivery
                    messages.put(uid, new Message(content(text), StoreFixture.flags(open, uid)));
                    assertThat(open.status().uidNext()).isGreaterThan(uid);
                }
                found.put(
                        listing.name().value(),
                        new Box(open.uidValidity(), messages, open.status().highestModSeq()));
            }
        }
        return found;
    }

    /// Empty if there is what should be. Of what was arriving the UIDs are not known.
    private static Optional<String> difference(
            Map<String, Box> expected, Map<String, Box> found, Map<String, List<String>> arriving) {
        if (!expected.keySet().equals(found.keySet())) {
            return Optional.of("mailboxes " + expected.keySet() + ", and there are " + found.keySet());
        }
        for (Map.Entry<String, Box> entry : expected.entrySet()) {
            Box wanted = entry.getValue();
            Box there = box(found, entry.getKey());
            if (wanted.uidValidity != 0 && wanted.uidValidity != there.uidValidity) {
                return Optional.of(entry.getKey() + " has another UIDVALIDITY");
            }
            if (there.modSeq < wanted.modSeq) {
                return Optional.of(entry.getKey() + ": MODSEQ " + wanted.modSeq + " went back to " + there.modSeq);
            }
            Map<Integer, Message> further = new TreeMap<>(there.messages);
            for (Map.Entry<Integer, Message> message : wanted.messages.entrySet()) {
                if (!message.getValue().equals(further.remove(message.getKey()))) {
                    return Optional.of("%s: UID %d is not as it was: %s"
                            .formatted(entry.getKey(), message.getKey(), brief(there.messages.get(message.getKey()))));
                }
            }
            List<String> contents = new ArrayList<>(arriving.getOrDefault(entry.getKey(), List.of()));
            for (Message message : further.values()) {
                if (!contents.remove(message.content())) {
                    return Optional.of(entry.getKey() + ": nobody has seen this arrive: " + brief(message));
                }
            }
            if (!contents.isEmpty()) {
                return Optional.of(entry.getKey() + ": arrived by half");
            }
        }
        return Optional.empty();
    }

    private static String brief(Message message) {
        return message == null ? "gone" : message.content() + " " + message.flags();
    }
}
