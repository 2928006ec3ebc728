package org.postern.imap;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.postern.auth.Principal;
import org.postern.imap.Command.ListMailboxes.Selection;
import org.postern.imap.CommandRefused.Code;
import org.postern.store.Accounts;
import org.postern.store.MailboxException;
import org.postern.store.MailboxListing;
import org.postern.store.MailboxName;
import org.postern.store.MailboxStatus;
import org.postern.store.Mailboxes;
import org.postern.store.SpecialUse;

/// The commands on mailboxes as a whole (RFC 3501 §6.3). Each returns the text of its tagged OK.
final class MailboxCommands {
    private final Mailboxes mailboxes;
    private final Accounts accounts;
    private final long appendLimit;
    private final Runnable wake;
    private final Revision revision;
    private final MailboxNames names;
    private final ResponseWriter writer;

    /// @param appendLimit octets of the largest message that APPEND takes
    MailboxCommands(
            Mailboxes mailboxes,
            Accounts accounts,
            long appendLimit,
            Runnable wake,
            Revision revision,
            ResponseWriter writer) {
        this.revision = revision;
        this.names = new MailboxNames(revision);
        this.mailboxes = mailboxes;
        this.accounts = accounts;
        this.appendLimit = appendLimit;
        this.wake = wake;
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
            int unseen = revision.isSecond() ? 0 : mailbox.firstUnseen(); // RFC 9051 appendix E
            if (unseen > 0) {
                writer.ok("*", "[UNSEEN " + unseen + "] First unseen message");
            }
            writer.permanentFlags(mailbox);
            writer.ok("*", "[UIDNEXT " + mailbox.uidNextAtOpening() + "] Predicted next UID");
            writer.ok("*", "[UIDVALIDITY " + mailbox.mailbox().uidValidity() + "] UIDs are valid");
            if (revision.isSecond()) { // RFC 9051 §6.3.2
                writer.list("LIST", List.of(), names.format(mailbox.mailbox().name()));
            }
            shown = true;
            return mailbox;
        } finally {
            if (!shown) {
                mailbox.close();
            }
        }
    }

    /// RFC 3501 §6.3.3.
    String create(Principal principal, Command.Create command) {
        mailboxes.create(principal.account(), names.parseForCreation(command.mailbox()), Optional.empty());
        return "Created";
    }

    /// RFC 3501 §6.3.4.
    String delete(Principal principal, Command.Delete command) {
        mailboxes.delete(principal.account(), names.parse(command.mailbox()));
        return "Deleted";
    }

    /// RFC 3501 §6.3.5.
    String rename(Principal principal, Command.Rename command) {
        mailboxes.rename(principal.account(), names.parse(command.from()), names.parseForCreation(command.to()));
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

    /// RFC 3501 §6.3.8 with RFC 3348, 5258, 5819 and 6154.
    String list(Principal principal, Command.ListMailboxes command) throws IOException {
        if (!command.extended() && command.patterns().getFirst().isEmpty()) {
            writer.list("LIST", List.of("\\Noselect"), "\"\""); // the separator, and the root of the reference
            return "Listed";
        }
        List<ListPattern> patterns = command.patterns().stream()
                .map(pattern -> names.pattern(command.reference() + pattern))
                .toList();
        NavigableMap<MailboxName, MailboxListing> listings = new TreeMap<>();
        mailboxes.list(principal.account()).forEach(listing -> listings.put(listing.name(), listing));
        TreeSet<MailboxName> existing = new TreeSet<>();
        listings.values().stream()
                .filter(MailboxListing::exists)
                .map(MailboxListing::name)
                .forEach(existing::add);
        Set<MailboxName> parents = parentsOfSelected(listings, existing, command.selection());
        for (MailboxListing listing : listings.values()) {
            boolean selected = isSelected(listing, existing, command.selection());
            boolean parent = parents.contains(listing.name());
            if ((selected || parent) && patterns.stream().anyMatch(pattern -> pattern.matches(listing.name()))) {
                writer.list(
                        "LIST",
                        attributes(listing, existing, command),
                        names.format(listing.name()),
                        parent ? childInformation(command.selection()) : List.of());
                if (listing.exists() && !command.status().isEmpty()) {
                    listStatus(principal, listing.name(), command.status());
                }
            }
        }
        return "Listed";
    }

    private static boolean isSelected(
            MailboxListing listing, NavigableSet<MailboxName> existing, Set<Selection> selection) {
        boolean listed = selection.contains(Selection.SUBSCRIBED)
                ? listing.subscribed() // RFC 5258 §3.1: whether it exists or not
                : listing.exists() || hasChildren(existing, listing.name());
        return listed
                && (!selection.contains(Selection.SPECIAL_USE)
                        || listing.specialUse().isPresent());
    }

    /// RFC 5258 §3.1, RECURSIVEMATCH: the names above those that are selected; they join the listings
    /// where only their children brought them there.
    private static Set<MailboxName> parentsOfSelected(
            Map<MailboxName, MailboxListing> listings, NavigableSet<MailboxName> existing, Set<Selection> selection) {
        Set<MailboxName> parents = new HashSet<>();
        if (selection.contains(Selection.RECURSIVEMATCH)) {
            for (MailboxListing listing : listings.values()) {
                if (isSelected(listing, existing, selection)) {
                    parents.addAll(listing.name().parents());
                }
            }
            parents.forEach(
                    name -> listings.putIfAbsent(name, new MailboxListing(name, false, false, Optional.empty())));
        }
        return parents;
    }

    private List<String> attributes(
            MailboxListing listing, NavigableSet<MailboxName> existing, Command.ListMailboxes command) {
        List<String> attributes = new ArrayList<>();
        if (!listing.exists()) {
            attributes.add(command.extended() || revision.isSecond() ? "\\NonExistent" : "\\Noselect"); // RFC 5258 §3
        }
        attributes.add(hasChildren(existing, listing.name()) ? "\\HasChildren" : "\\HasNoChildren");
        if (command.returnSubscribed() && listing.subscribed()) {
            attributes.add("\\Subscribed");
        }
        listing.specialUse().map(SpecialUse::attribute).ifPresent(attributes::add);
        return attributes;
    }

    private static List<String> childInformation(Set<Selection> selection) {
        List<String> met = new ArrayList<>();
        if (selection.contains(Selection.SUBSCRIBED)) {
            met.add("SUBSCRIBED");
        }
        if (selection.contains(Selection.SPECIAL_USE)) {
            met.add("SPECIAL-USE");
        }
        return met;
    }

    /// RFC 5819 §2. A mailbox that was deleted meanwhile has no status.
    private void listStatus(Principal principal, MailboxName name, List<Command.Status.Item> items) throws IOException {
        try {
            MailboxStatus status = mailboxes.status(principal.account(), name);
            writer.status(names.format(name), items, status, appendLimit);
        } catch (MailboxException e) {
            if (e.reason() != MailboxException.Reason.NO_SUCH_MAILBOX) {
                throw e;
            }
        }
    }

    private static boolean hasChildren(NavigableSet<MailboxName> existing, MailboxName name) {
        MailboxName first = existing.ceiling(new MailboxName(name.value() + MailboxName.SEPARATOR));
        return first != null && name.isAbove(first);
    }

    /// RFC 3501 §6.3.9: subscribed names; for a pattern that ends in `%`, also the parents that hide
    /// subscribed names.
    String listSubscribed(Principal principal, Command.ListSubscribed command) throws IOException {
        if (command.pattern().isEmpty()) {
            writer.list("LSUB", List.of("\\Noselect"), "\"\"");
            return "Listed";
        }
        ListPattern pattern = names.pattern(command.reference() + command.pattern());
        TreeSet<MailboxName> shown = new TreeSet<>();
        TreeSet<MailboxName> parents = new TreeSet<>();
        for (MailboxListing listing : mailboxes.list(principal.account())) {
            if (!listing.subscribed()) {
                continue;
            }
            if (pattern.matches(listing.name())) {
                shown.add(listing.name());
            } else if (command.pattern().endsWith("%")) {
                String name = listing.name().value();
                for (int at = name.indexOf('/'); at >= 0; at = name.indexOf('/', at + 1)) {
                    MailboxName parent = new MailboxName(name.substring(0, at));
                    if (pattern.matches(parent)) {
                        parents.add(parent);
                    }
                }
            }
        }
        for (MailboxName name : shown) {
            writer.list("LSUB", List.of(), names.format(name));
        }
        for (MailboxName name : parents) {
            if (!shown.contains(name)) {
                writer.list("LSUB", List.of("\\Noselect"), names.format(name));
            }
        }
        return "Listed";
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
        List<String> enabled = new ArrayList<>();
        if (command.capabilities().contains("IMAP4REV2")) {
            revision.enableSecond();
            enabled.add("IMAP4rev2");
        }
        writer.enabled(enabled);
        return "Done";
    }
}
