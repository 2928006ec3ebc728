package org.postern.interchange;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.Pipe;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BooleanSupplier;
import org.postern.auth.AccountId;
import org.postern.store.Flags;
import org.postern.store.MailboxListing;
import org.postern.store.MailboxName;
import org.postern.store.MessageContent;
import org.postern.store.MessageRows;
import org.postern.store.OpenMailbox;
import org.postern.store.PosternStore;
import org.postern.store.StoreSettings;

/// A real store with an account, and both sides of an import or export with pipes between them.
final class Transfer implements AutoCloseable {
    final PosternStore store;
    final AccountId alice;
    final List<String> warnings = new ArrayList<>();
    boolean trial;
    boolean requireUids;
    BooleanSupplier stopping = () -> false;

    Transfer(Path directory) {
        store = PosternStore.open(StoreSettings.in(directory), new SimpleMeterRegistry());
        if (store.accounts().domains().isEmpty()) {
            store.accounts().addDomain("example.test");
            store.accounts().addAccount("alice@example.test", "no hash", Optional.empty());
        }
        alice = store.accounts().account("alice@example.test").orElseThrow().id();
    }

    /// What one side does with its ends of the pipes.
    interface Side<T> {
        T run(InputStream in, OutputStream out) throws IOException;
    }

    static <T> T between(Side<?> server, Side<T> client) throws IOException {
        Pipe toServer = Pipe.open();
        Pipe toClient = Pipe.open();
        var running = CompletableFuture.runAsync(() -> {
            try (var in = Channels.newInputStream(toServer.source());
                    var out = Channels.newOutputStream(toClient.sink())) {
                server.run(in, out);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        try (var in = Channels.newInputStream(toClient.source());
                var out = Channels.newOutputStream(toServer.sink())) {
            return client.run(in, out);
        } finally {
            try {
                running.join();
            } catch (CompletionException e) {
                // the client has gone, as a test may want it
            }
        }
    }

    ImportSender.Summary run(MailSource source) throws IOException {
        var listener = new ImportSender.Listener() {
            @Override
            public void progress(String mailbox, long passed, long total, boolean octets) {}

            @Override
            public void warning(String text) {
                warnings.add(text);
            }
        };
        try (source) {
            return between(
                    (in, out) -> new ImportReceiver(store, alice, in, out, stopping).serve(),
                    (in, out) -> new ImportSender(source, in, out, trial, requireUids, listener).run());
        }
    }

    static MaildirSource.Options options() {
        return new MaildirSource.Options(MaildirSource.Layout.AUTOMATIC, Optional.empty(), "", Map.of(), false);
    }

    ImportSender.Summary maildir(Path path) throws IOException {
        return run(new MaildirSource(path, options()));
    }

    /// A message as a client would compare it.
    record Stored(long uid, Set<String> flags, long seconds, String text) {}

    List<Stored> messages(String mailbox) throws IOException {
        List<Stored> messages = new ArrayList<>();
        try (OpenMailbox open = store.mailboxes().open(alice, MailboxName.of(mailbox), true, () -> {})) {
            int[] uids = open.uids();
            var rows = new MessageRows(Math.max(1, uids.length));
            open.read(uids, 0, uids.length, rows);
            List<String> keywords = open.keywords();
            for (int row = 0; row < uids.length; row++) {
                MessageContent content = open.content(rows.message[row]);
                try (InputStream in = content.open(0, content.size())) {
                    messages.add(new Stored(
                            Integer.toUnsignedLong(rows.uid[row]),
                            flags(rows.flags[row], keywords),
                            rows.internalDate[row] / 1000,
                            new String(in.readAllBytes(), ISO_8859_1)));
                }
            }
        }
        return messages;
    }

    private static Set<String> flags(long bits, List<String> keywords) {
        Set<String> flags = new TreeSet<>();
        String[] system = {"\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft"};
        for (int bit = 0; bit < Flags.FIRST_KEYWORD + keywords.size(); bit++) {
            if ((bits & 1L << bit) != 0) {
                flags.add(bit < Flags.FIRST_KEYWORD ? system[bit] : keywords.get(bit - Flags.FIRST_KEYWORD));
            }
        }
        return flags;
    }

    List<String> mailboxes() {
        return store.mailboxes().list(alice).stream()
                .filter(MailboxListing::exists)
                .map(listing -> listing.name().value())
                .toList();
    }

    /// All of the account.
    Map<String, List<Stored>> everything() throws IOException {
        Map<String, List<Stored>> everything = new TreeMap<>();
        for (String mailbox : mailboxes()) {
            everything.put(mailbox, messages(mailbox));
        }
        return everything;
    }

    @Override
    public void close() {
        store.close();
    }
}
