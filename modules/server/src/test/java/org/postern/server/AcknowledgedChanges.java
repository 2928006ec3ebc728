package org.postern.server;

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
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.postern.testkit.WireClient;

/// One account's clients, by IMAP, POP3, LMTP and Submission: changes at random, one at a time, with a log of what the
/// server has acknowledged. After a crash all of that must be there; the one change that was under way may have been
/// done or not, but not by half.
final class AcknowledgedChanges {
    /// How the server that runs now is reached.
    interface Server {
        WireClient imap(String account) throws IOException;

        WireClient pop3(String account) throws IOException;

        WireClient lmtp() throws IOException;

        WireClient submission(String account) throws IOException;
    }

    /// @param text from the first field of ours on: trace fields come before
    private record Message(String text, Set<String> flags) {}

    /// A mailbox as it must be.
    ///
    /// @param arrived further messages, whose UIDs nobody was told
    private record Box(long uidValidity, Map<Long, Message> messages, List<String> arrived) {
        Box copy() {
            return new Box(uidValidity, new TreeMap<>(messages), new ArrayList<>(arrived));
        }
    }

    private static final Pattern APPENDUID = Pattern.compile("t OK \\[APPENDUID (\\d+) (\\d+)].*");
    private static final Pattern COPYUID = Pattern.compile("(?:\\*|t) OK \\[COPYUID (\\d+) (\\S+) (\\S+)].*");
    private static final Pattern FETCH =
            Pattern.compile("\\* \\d+ FETCH \\(UID (\\d+) FLAGS \\(([^)]*)\\) BODY\\[] \\{(\\d+)}");
    private static final String MARK = "X-Kill-Id: ";
    private static final int MOST_AT_ONCE = 20;

    private final String account;
    private final SplittableRandom random;
    private Map<String, Box> boxes = new TreeMap<>();
    private volatile Optional<Map<String, Box>> after = Optional.empty();
    /// What each UID means, over all rounds.
    private final Map<String, String> meanings = new HashMap<>();

    private final Map<String, Integer> done = new TreeMap<>();
    private int counter;
    private @Nullable WireClient imap;
    private String selected = "";

    AcknowledgedChanges(String account, long seed) {
        this.account = account;
        this.random = new SplittableRandom(seed);
    }

    /// True while the server has not answered.
    boolean underWay() {
        return after.isPresent();
    }

    /// How often each kind of change was acknowledged.
    Map<String, Integer> done() {
        return done;
    }

    void connect(Server server) throws IOException {
        imap = server.imap(account);
        selected = "";
    }

    // ---- changes

    /// One change, whichever it is.
    ///
    /// @return false if there was nothing that could be changed that way
    boolean change(Server server) throws IOException {
        int which = random.nextInt(100);
        String kind = which < 20
                ? append()
                : which < 30
                        ? lmtp(server)
                        : which < 35
                                ? submit(server)
                                : which < 50
                                        ? store()
                                        : which < 60
                                                ? copy()
                                                : which < 70
                                                        ? move()
                                                        : which < 82
                                                                ? expunge()
                                                                : which < 88
                                                                        ? create()
                                                                        : which < 92
                                                                                ? rename()
                                                                                : which < 95 ? delete() : quit(server);
        if (!kind.isEmpty()) {
            done.merge(kind, 1, Integer::sum);
        }
        return !kind.isEmpty();
    }

    private String newText() {
        int lines = random.nextInt(10) == 0 ? random.nextInt(2_000) : random.nextInt(50);
        String line = Integer.toString(random.nextInt(Integer.MAX_VALUE), 36) + " of " + account + "\r\n";
        String id = ++counter + "." + account;
        return MARK + id + "\r\nMessage-ID: <" + id + ">\r\nFrom: " + account
                + "\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\nSubject: storm\r\n\r\n" + line.repeat(1 + lines);
    }

    private String append() throws IOException {
        String name = anyBox();
        String text = newText();
        Map<String, Box> target = copies();
        box(target, name).arrived().add(text);
        begin(target);
        WireClient client = Objects.requireNonNull(imap);
        client.send("t APPEND " + name + " (\\Seen) {" + text.length() + "+}\r\n" + text + "\r\n");
        String answer = client.readUntil("t ").getLast();
        Matcher ok = APPENDUID.matcher(answer);
        if (!ok.matches()) {
            throw new AssertionError("APPEND was refused: " + answer);
        }
        box(target, name).arrived().remove(text);
        told(target, name, ok.group(1), Long.parseLong(ok.group(2)), new Message(text, Set.of("\\Seen")));
        acknowledged(target);
        return "APPEND";
    }

    private String lmtp(Server server) throws IOException {
        try (WireClient client = server.lmtp()) {
            client.command("LHLO client.test", "250 ");
            return deliver("LMTP", client);
        }
    }

    private String submit(Server server) throws IOException {
        try (WireClient client = server.submission(account)) {
            return deliver("Submission", client);
        }
    }

    private String deliver(String kind, WireClient client) throws IOException {
        String text = newText();
        client.command("MAIL FROM:<" + account + ">", "250 ");
        client.command("RCPT TO:<" + account + ">", "250 ");
        client.command("DATA", "354 ");
        Map<String, Box> target = copies();
        box(target, "INBOX").arrived().add(text);
        begin(target);
        client.send(text + ".\r\n");
        String answer = client.readLine();
        if (answer == null) {
            throw new IOException("it is gone");
        }
        assertThat(answer).startsWith("250 ");
        acknowledged(target);
        return kind;
    }

    private String store() throws IOException {
        String name = anyBox();
        List<Long> uids = some(name);
        if (uids.isEmpty()) {
            return "";
        }
        select(name);
        String flag = random.nextBoolean() ? "\\Flagged" : "$Important";
        boolean add = random.nextBoolean();
        Map<String, Box> target = copies();
        flag(box(target, name), uids, flag, add);
        begin(target);
        imap("UID STORE " + set(uids) + (add ? " +" : " -") + "FLAGS.SILENT (" + flag + ")");
        acknowledged(target);
        return "STORE";
    }

    private static void flag(Box box, List<Long> uids, String flag, boolean add) {
        for (long uid : uids) {
            box.messages().computeIfPresent(uid, (_, message) -> {
                var flags = new TreeSet<>(message.flags());
                if (add) {
                    flags.add(flag);
                } else {
                    flags.remove(flag);
                }
                return new Message(message.text(), flags);
            });
        }
    }

    private String copy() throws IOException {
        return transfer("COPY");
    }

    private String move() throws IOException {
        return transfer("MOVE");
    }

    private String transfer(String command) throws IOException {
        String from = anyBox();
        String to = anyBox();
        List<Long> uids = some(from);
        if (from.equals(to) || uids.isEmpty()) {
            return "";
        }
        select(from);
        Map<Long, Message> before = box(boxes, from).messages();
        Map<String, Box> target = copies();
        for (long uid : uids) {
            if (command.equals("MOVE")) {
                box(target, from).messages().remove(uid);
            }
            box(target, to).arrived().add(text(before, uid));
        }
        begin(target);
        for (String line : imap("UID " + command + " " + set(uids) + " " + to)) {
            Matcher told = COPYUID.matcher(line);
            if (told.matches()) {
                List<Long> sources = numbers(told.group(2));
                List<Long> targets = numbers(told.group(3));
                assertThat(sources).hasSameElementsAs(uids).hasSameSizeAs(targets);
                for (int index = 0; index < sources.size(); index++) {
                    Message message = Objects.requireNonNull(before.get(sources.get(index)));
                    box(target, to).arrived().remove(message.text());
                    told(target, to, told.group(1), targets.get(index), message);
                }
            }
        }
        acknowledged(target);
        return command;
    }

    private String expunge() throws IOException {
        String name = anyBox();
        List<Long> uids = some(name);
        if (uids.isEmpty()) {
            return "";
        }
        select(name);
        Map<String, Box> flagged = copies();
        flag(box(flagged, name), uids, "\\Deleted", true);
        begin(flagged);
        imap("UID STORE " + set(uids) + " +FLAGS.SILENT (\\Deleted)");
        acknowledged(flagged);
        Map<String, Box> target = copies();
        uids.forEach(box(target, name).messages()::remove);
        begin(target);
        imap("UID EXPUNGE " + set(uids));
        acknowledged(target);
        return "EXPUNGE";
    }

    private String create() throws IOException {
        String name = "Box" + ++counter;
        Map<String, Box> target = copies();
        target.put(name, new Box(0, new TreeMap<>(), new ArrayList<>())); // of a UIDVALIDITY that nobody knows
        begin(target);
        imap("CREATE " + name);
        acknowledged(target);
        return "CREATE";
    }

    private String rename() throws IOException {
        String from = anyBox();
        if (!from.startsWith("Box")) {
            return "";
        }
        select("INBOX");
        String to = "Box" + ++counter;
        Map<String, Box> target = copies();
        target.put(to, Objects.requireNonNull(target.remove(from)));
        begin(target);
        imap("RENAME " + from + " " + to);
        acknowledged(target);
        return "RENAME";
    }

    private String delete() throws IOException {
        String name = anyBox();
        if (!name.startsWith("Box")) {
            return "";
        }
        select("INBOX");
        Map<String, Box> target = copies();
        target.remove(name);
        begin(target);
        imap("DELETE " + name);
        acknowledged(target);
        return "DELETE";
    }

    /// DELE of some, and QUIT, which does it.
    private String quit(Server server) throws IOException {
        List<Long> uids = some("INBOX");
        if (uids.isEmpty()) {
            return "";
        }
        try (WireClient client = server.pop3(account)) {
            Map<String, String> numbers = new HashMap<>();
            client.command("UIDL", "+OK");
            for (String line : client.readUntil(".")) {
                if (!line.equals(".")) {
                    numbers.put(line.substring(line.lastIndexOf('-') + 1), line.substring(0, line.indexOf(' ')));
                }
            }
            for (long uid : uids) {
                assertThat(numbers).containsKey(Long.toString(uid));
                client.command("DELE " + numbers.get(Long.toString(uid)), "+OK");
            }
            Map<String, Box> target = copies();
            uids.forEach(box(target, "INBOX").messages()::remove);
            begin(target);
            String answer = client.command("QUIT", "").getLast();
            assertThat(answer).startsWith("+OK");
            acknowledged(target);
            return "POP3 QUIT";
        }
    }

    // ---- the log

    private String anyBox() {
        List<String> names = List.copyOf(boxes.keySet());
        return random.nextInt(3) == 0 ? "INBOX" : names.get(random.nextInt(names.size()));
    }

    /// Messages whose UIDs are known.
    private List<Long> some(String name) {
        return box(boxes, name).messages().keySet().stream()
                .filter(_ -> random.nextInt(3) == 0)
                .limit(MOST_AT_ONCE)
                .toList();
    }

    private static String text(Map<Long, Message> messages, long uid) {
        return Objects.requireNonNull(messages.get(uid)).text();
    }

    private static Box box(Map<String, Box> boxes, String name) {
        return Objects.requireNonNull(boxes.get(name), name);
    }

    private Map<String, Box> copies() {
        return boxes.entrySet().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey, entry -> entry.getValue().copy(), (one, _) -> one, TreeMap::new));
    }

    private void begin(Map<String, Box> target) {
        after = Optional.of(target.entrySet().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey, entry -> entry.getValue().copy(), (one, _) -> one, TreeMap::new)));
    }

    private void acknowledged(Map<String, Box> target) {
        boxes = target;
        after = Optional.empty();
    }

    private void told(Map<String, Box> target, String name, String uidValidity, long uid, Message message) {
        Box box = box(target, name);
        long validity = Long.parseLong(uidValidity);
        assertThat(box.uidValidity()).as("%s: UIDVALIDITY of %s", account, name).isIn(0L, validity);
        target.put(name, new Box(validity, box.messages(), box.arrived()));
        assertThat(box.messages().put(uid, message))
                .as("%s: what UID %d of %s meant before", account, uid, name)
                .isNull();
        remember(validity, uid, message.text());
    }

    /// No UID ever means two messages.
    private void remember(long uidValidity, long uid, String text) {
        String digest = digest(text);
        String before = meanings.putIfAbsent(uidValidity + " " + uid, digest);
        assertThat(before == null || before.equals(digest))
                .as("%s: UID %d of UIDVALIDITY %d means two messages", account, uid, uidValidity)
                .isTrue();
    }

    private static String digest(String text) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(ISO_8859_1)), 0, 12);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    // ---- the wire

    private List<String> imap(String command) throws IOException {
        List<String> lines = Objects.requireNonNull(imap).command("t " + command, "t ");
        if (!lines.getLast().startsWith("t OK")) {
            throw new AssertionError(account + ": " + command + ": " + lines);
        }
        return lines;
    }

    private void select(String name) throws IOException {
        if (!selected.equals(name)) {
            imap("SELECT " + name);
            selected = name;
        }
    }

    private static String set(List<Long> uids) {
        return uids.stream().map(Object::toString).collect(Collectors.joining(","));
    }

    private static List<Long> numbers(String set) {
        List<Long> numbers = new ArrayList<>();
        for (String range : set.split(",", -1)) {
            String[] ends = range.split(":", -1);
            IntStream.rangeClosed(Integer.parseInt(ends[0]), Integer.parseInt(ends[ends.length - 1]))
                    .forEach(number -> numbers.add((long) number));
        }
        return numbers;
    }

    // ---- afterwards

    /// Compares what is there with what was acknowledged; goes on from what is there.
    void verify() throws IOException {
        Map<String, Box> found = read();
        if (!boxes.isEmpty()) {
            Optional<String> asItWas = difference(boxes, found);
            Optional<String> asItWillBe =
                    after.isEmpty() ? Optional.of("nothing was under way") : difference(after.get(), found);
            assertThat(asItWas.isEmpty() || asItWillBe.isEmpty())
                    .as(
                            "%s: neither as acknowledged (%s), nor with the change under way (%s)",
                            account, asItWas.orElse(""), asItWillBe.orElse(""))
                    .isTrue();
        }
        found.values()
                .forEach(box ->
                        box.messages().forEach((uid, message) -> remember(box.uidValidity(), uid, message.text())));
        acknowledged(found);
    }

    private Map<String, Box> read() throws IOException {
        Map<String, Box> found = new TreeMap<>();
        for (String line : imap("LIST \"\" *")) {
            if (line.startsWith("* LIST") && !line.contains("\\Non")) {
                String name = line.substring(line.lastIndexOf(' ') + 1).replace("\"", "");
                found.put(name, read(name));
            }
        }
        return found;
    }

    private Box read(String name) throws IOException {
        Map<String, Long> told = new HashMap<>();
        for (String line : imap("EXAMINE " + name)) {
            Matcher number =
                    Pattern.compile("\\* OK \\[(UIDVALIDITY|UIDNEXT) (\\d+)].*").matcher(line);
            if (number.matches()) {
                told.put(number.group(1), Long.parseLong(number.group(2)));
            }
        }
        selected = "";
        var box = new Box(Objects.requireNonNull(told.get("UIDVALIDITY")), new TreeMap<>(), new ArrayList<>());
        WireClient client = Objects.requireNonNull(imap);
        client.sendLine("t UID FETCH 1:* (FLAGS BODY.PEEK[])");
        for (String line = client.readLine(); line == null || !line.startsWith("t OK"); line = client.readLine()) {
            Matcher fetch = FETCH.matcher(String.valueOf(line));
            assertThat(fetch.matches()).as(line).isTrue();
            long uid = Long.parseLong(fetch.group(1));
            String text = new String(client.readOctets(Integer.parseInt(fetch.group(3))), ISO_8859_1);
            assertThat(client.readLine()).isEqualTo(")");
            Set<String> flags = new TreeSet<>(List.of(fetch.group(2).split(" ")));
            flags.removeAll(Set.of("", "\\Recent"));
            box.messages().put(uid, new Message(text.substring(text.indexOf(MARK)), flags));
            assertThat(told.get("UIDNEXT")).isGreaterThan(uid);
        }
        return box;
    }

    /// Empty if there is what should be.
    private static Optional<String> difference(Map<String, Box> expected, Map<String, Box> found) {
        if (!expected.keySet().equals(found.keySet())) {
            return Optional.of("mailboxes " + expected.keySet() + ", and there are " + found.keySet());
        }
        for (Map.Entry<String, Box> entry : expected.entrySet()) {
            String name = entry.getKey();
            Box wanted = entry.getValue();
            Box there = box(found, name);
            if (wanted.uidValidity() != 0 && wanted.uidValidity() != there.uidValidity()) {
                return Optional.of(name + " has another UIDVALIDITY");
            }
            Map<Long, Message> further = new TreeMap<>(there.messages());
            for (Map.Entry<Long, Message> message : wanted.messages().entrySet()) {
                if (!message.getValue().equals(further.remove(message.getKey()))) {
                    return Optional.of("%s: UID %d is not as it was, %s, but %s"
                            .formatted(
                                    name,
                                    message.getKey(),
                                    brief(message.getValue()),
                                    brief(there.messages().get(message.getKey()))));
                }
            }
            List<String> arrived = new ArrayList<>(wanted.arrived());
            for (Message message : further.values()) {
                if (!arrived.remove(message.text())) {
                    return Optional.of(name + ": nobody sent this, or it is there twice: " + brief(message));
                }
            }
            if (!arrived.isEmpty()) {
                return Optional.of(name + ": lost: " + brief(new Message(arrived.getFirst(), Set.of())));
            }
        }
        return Optional.empty();
    }

    private static String brief(@Nullable Message message) {
        return message == null
                ? "gone"
                : message.text().lines().findFirst().orElse("") + " " + message.flags() + " "
                        + message.text().length();
    }
}
