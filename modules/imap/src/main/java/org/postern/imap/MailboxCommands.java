package org.postern.imap;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.postern.auth.Principal;
import org.postern.imap.CommandRefused.Code;
import org.postern.store.Accounts;
import org.postern.store.MailboxName;
import org.postern.store.MailboxStatus;
import org.postern.store.Mailboxes;
import org.postern.store.SpecialUse;

/// The commands on mailboxes as a whole (RFC 3501 §6.3), but for LIST and LSUB. Each returns the text of its tagged OK.
final class MailboxCommands {
    private final Mailboxes mailboxes;
    private final Accounts accounts;
    private final long appendLimit;
    private final Runnable wake;
    private final Enabled enabled;
    private final MailboxNames names;
    private final MailboxLists lists;
    private final ResponseWriter writer;

    /// @param appendLimit octets of the largest message that APPEND takes
    MailboxCommands(
            Mailboxes mailboxes,
            Accounts accounts,
            long appendLimit,
            Runnable wake,
            Enabled enabled,
            MailboxNames names,
            MailboxLists lists,
            ResponseWriter writer) {
        this.mailboxes = mailboxes;
        this.accounts = accounts;
        this.appendLimit = appendLimit;
        this.wake = wake;
        this.enabled = enabled;
        this.names = names;
        this.lists = lists;
        this.writer = writer;
    }

    /// RFC 3501 §6.3.1, §6.3.2.
    SelectedMailbox select(Principal principal, String name, boolean readOnly) throws IOException {
        var mailbox = new SelectedMailbox(mailboxes.open(principal.account(), names.parse(name), readOnly, wake), wake);
        boolean shown = false;
        try {
            writer.flags(mailbox.keywords());
            writer.exists(mailbox.count());
            writer.recent(mailbox.recentCount());
            int unseen = enabled.isRevision2() ? 0 : mailbox.firstUnseen(); // RFC 9051 appendix E
            if (unseen > 0) {
                writer.ok("*", "[UNSEEN " + unseen + "] First unseen message");
            }
            writer.permanentFlags(mailbox);
            writer.ok("*", "[UIDNEXT " + mailbox.uidNextAtOpening() + "] Predicted next UID");
            writer.ok("*", "[UIDVALIDITY " + mailbox.mailbox().uidValidity() + "] UIDs are valid");
            if (enabled.isRevision2()) { // RFC 9051 §6.3.2
                lists.announce(principal, mailbox.mailbox().name(), names.denormalized(name));
            }
            shown = true;
            return mailbox;
        } finally {
            if (!shown) {
                mailbox.close();
            }
        }
    }

    /// RFC 3501 §6.3.3, RFC 6154 §3.
    String create(Principal principal, Command.Create command) throws IOException {
        mailboxes.create(principal.account(), names.parseForCreation(command.mailbox()), specialUse(command.uses()));
        lists.announceDenormalized(principal, command.mailbox());
        return "Created";
    }

    /// A mailbox has one use here, and none that would have the server choose what is in it (\All, \Flagged).
    private static Optional<SpecialUse> specialUse(List<String> uses) {
        if (uses.size() > 1) {
            throw CommandRefused.refused(Code.USEATTR, "A mailbox has one special use here");
        }
        return uses.stream().findFirst().map(MailboxCommands::specialUse);
    }

    private static SpecialUse specialUse(String use) {
        return switch (use.toUpperCase(Locale.ROOT)) {
            case "ARCHIVE" -> SpecialUse.ARCHIVE;
            case "DRAFTS" -> SpecialUse.DRAFTS;
            case "JUNK" -> SpecialUse.JUNK;
            case "SENT" -> SpecialUse.SENT;
            case "TRASH" -> SpecialUse.TRASH;
            default -> throw CommandRefused.refused(Code.USEATTR, "A mailbox cannot be made with that special use");
        };
    }

    /// RFC 3501 §6.3.4.
    String delete(Principal principal, Command.Delete command) throws IOException {
        mailboxes.delete(principal.account(), names.parse(command.mailbox()));
        lists.announceDenormalized(principal, command.mailbox());
        return "Deleted";
    }

    /// RFC 3501 §6.3.5.
    String rename(Principal principal, Command.Rename command) throws IOException {
        MailboxName from = names.parse(command.from());
        MailboxName to = names.parseForCreation(command.to());
        mailboxes.rename(principal.account(), from, to);
        if (enabled.isRevision2()
                && !from.isInbox()) { // RFC 9051 §6.3.6: a new INBOX is made, that goes without saying
            String oldName = names.denormalized(command.from()).orElseGet(() -> names.format(from));
            lists.announce(principal, to, Optional.of(oldName)); // RFC 9051 §6.3.9.7
        }
        return "Renamed";
    }

    /// RFC 3501 §6.3.6: the mailbox need not exist, but its name must be a possible one.
    String subscribe(Principal principal, Command.Subscribe command) {
        mailboxes.subscribe(principal.account(), names.parse(command.mailbox()));
        return "Subscribed";
    }

    /// RFC 3501 §6.3.7.
    String unsubscribe(Principal principal, Command.Unsubscribe command) {
        mailboxes.unsubscribe(principal.account(), names.parse(command.mailbox()));
        return "Unsubscribed";
    }

    /// RFC 3501 §6.3.10.
    String status(Principal principal, Command.Status command) throws IOException {
        MailboxName name = names.parse(command.mailbox());
        MailboxStatus status = mailboxes.status(principal.account(), name);
        writer.status(names.format(name), command.items(), status, appendLimit);
        return "Done";
    }

    /// RFC 9208 §4.2.
    String quota(Principal principal, Command.GetQuota command) throws IOException {
        if (!command.root().isEmpty()) {
            throw CommandRefused.refused(Code.NONEXISTENT, "There is no such quota root");
        }
        writeQuota(principal);
        return "Done";
    }

    /// RFC 9208 §4.3.
    String quotaRoot(Principal principal, Command.GetQuotaRoot command) throws IOException {
        MailboxName name = names.parse(command.mailbox());
        mailboxes.status(principal.account(), name); // refuses one that is not there
        writer.quotaRoot(names.format(name));
        writeQuota(principal);
        return "Done";
    }

    private void writeQuota(Principal principal) throws IOException {
        Optional<Accounts.AccountInformation> account = accounts.account(principal.address());
        if (account.isPresent()) {
            writer.quota(account.get());
        }
    }

    /// RFC 2342: one namespace, the account's own.
    String namespace() throws IOException {
        writer.namespace();
        return "Done";
    }

    /// RFC 5161 §3.1: what is unknown, or works without, is not named in the answer.
    String enable(Command.Enable command) throws IOException {
        List<String> named = new ArrayList<>();
        if (command.capabilities().contains("IMAP4REV2")) {
            enabled.enableRevision2();
            named.add("IMAP4rev2");
        }
        if (command.capabilities().contains("UTF8=ACCEPT")) { // RFC 6855 §3
            enabled.enableUtf8();
            named.add("UTF8=ACCEPT");
        }
        writer.enabled(named);
        return "Done";
    }
}
