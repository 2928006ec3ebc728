package org.postern.server;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.postern.auth.AccountId;
import org.postern.interchange.ExportSender;
import org.postern.interchange.ImportReceiver;
import org.postern.store.MailboxException;
import org.postern.store.PosternStore;

/// Mail that comes from files. The command line reads them and sends their octets: the server reads no file that
/// somebody names.
final class MailManagement {
    private final PosternStore store;

    MailManagement(PosternStore store) {
        this.store = store;
    }

    /// What follows.
    interface Conversation {
        /// Returns what came of it, for the audit log.
        String run(InputStream in, OutputStream out, BooleanSupplier stopping) throws IOException;
    }

    Answer execute(Request.Mail request) {
        return switch (request) {
            case Request.Mail.ForgetImports forget -> {
                try {
                    store.imports().forget(account(forget.address()));
                } catch (MailboxException e) {
                    throw new RequestRefused(String.valueOf(e.getMessage()));
                }
                yield new Answer.Removed(Map.of("imports", forget.address()));
            }
            case Request.Mail.Import _, Request.Mail.Export _, Request.Mail.Restore _ ->
                throw new IllegalArgumentException("a conversation is due");
        };
    }

    Conversation converse(Request request) {
        if (!(request instanceof Request.Mail mail)) {
            throw new IllegalArgumentException("an answer is due");
        }
        return switch (mail) {
            case Request.Mail.Import begin -> {
                AccountId account = account(begin.address());
                yield (in, out, stopping) ->
                        new ImportReceiver(store, account, in, out, stopping).serve() + " messages";
            }
            case Request.Mail.Export begin -> {
                AccountId account = account(begin.address());
                yield (in, out, stopping) -> {
                    try (var sender = new ExportSender(store, account, in, out, stopping)) {
                        return sender.serve() + " messages";
                    }
                };
            }
            case Request.Mail.Restore begin ->
                (in, out, stopping) -> ImportReceiver.restoring(store, begin.address(), in, out, stopping)
                                .serve()
                        + " messages";
            case Request.Mail.ForgetImports _ -> throw new IllegalArgumentException("an answer is due");
        };
    }

    private AccountId account(String address) {
        return AccountManagement.require(store.accounts(), address).id();
    }
}
