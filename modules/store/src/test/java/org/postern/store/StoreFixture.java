package org.postern.store;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.postern.auth.AccountId;

/// A real store in a directory, with two accounts, for tests.
final class StoreFixture implements AutoCloseable {
    final PosternStore store;
    final AccountId alice;
    final AccountId bob;

    StoreFixture(Path directory) {
        this(StoreSettings.in(directory));
    }

    StoreFixture(StoreSettings settings) {
        this(settings, new SimpleMeterRegistry());
    }

    StoreFixture(StoreSettings settings, MeterRegistry meters) {
        this(settings, Disk.LOCAL, meters);
    }

    StoreFixture(StoreSettings settings, Disk disk, MeterRegistry meters) {
        store = PosternStore.open(settings, disk, meters);
        if (store.accounts().domains().isEmpty()) {
            store.accounts().addDomain("example.test");
            store.accounts().addAccount("alice@example.test", "no hash", Optional.empty());
            store.accounts().addAccount("bob@example.test", "no hash", Optional.empty());
        }
        alice = store.accounts().account("alice@example.test").orElseThrow().id();
        bob = store.accounts().account("bob@example.test").orElseThrow().id();
    }

    MessageSpool spool(String message) throws IOException {
        MessageSpool spool = store.newSpool();
        byte[] octets = message.getBytes(ISO_8859_1);
        spool.write(octets, 0, octets.length);
        return spool;
    }

    static String message(String subject) {
        return "From: alice@example.test\r\nSubject: " + subject + "\r\n\r\nThe body of " + subject + ".\r\n";
    }

    AppendResult append(AccountId account, String mailbox, String message, long flags, String... keywords)
            throws IOException {
        return store.mailboxes()
                .append(
                        account,
                        MailboxName.of(mailbox),
                        List.of(new Mailboxes.Appended(
                                spool(message), flags, Set.of(keywords), new InternalDate(1_700_000_000_000L, 60))));
    }

    OpenMailbox open(AccountId account, String mailbox) {
        return store.mailboxes().open(account, MailboxName.of(mailbox), false, () -> {});
    }

    static String text(OpenMailbox mailbox, int uid) throws IOException {
        var rows = new MessageRows(1);
        mailbox.read(new int[] {uid}, 0, 1, rows);
        MessageContent content = mailbox.content(rows.message[0]);
        try (InputStream in = content.open(0, content.size())) {
            return new String(in.readAllBytes(), ISO_8859_1);
        }
    }

    static long flags(OpenMailbox mailbox, int uid) {
        var rows = new MessageRows(1);
        mailbox.read(new int[] {uid}, 0, 1, rows);
        return rows.present[0] ? rows.flags[0] : -1;
    }

    @Override
    public void close() {
        store.close();
    }
}
