package org.postern.imap;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.postern.auth.Principal;
import org.postern.imap.Command.ListMailboxes.Selection;
import org.postern.store.MailboxException;
import org.postern.store.MailboxListing;
import org.postern.store.MailboxName;
import org.postern.store.MailboxStatus;
import org.postern.store.Mailboxes;
import org.postern.store.SpecialUse;

/// LIST and LSUB (RFC 9051 §6.3.9, RFC 3501 §6.3.8 and §6.3.9), and the LIST responses that other commands cause.
final class MailboxLists {
    private final Mailboxes mailboxes;
    private final long appendLimit;
    private final Enabled enabled;
    private final MailboxNames names;
    private final ResponseWriter writer;

    MailboxLists(Mailboxes mailboxes, long appendLimit, Enabled enabled, MailboxNames names, ResponseWriter writer) {
        this.mailboxes = mailboxes;
        this.appendLimit = appendLimit;
        this.enabled = enabled;
        this.names = names;
        this.writer = writer;
    }

    /// What an account has, by name.
    private record Tree(NavigableMap<MailboxName, MailboxListing> listings, NavigableSet<MailboxName> existing) {
        boolean hasChildren(MailboxName name) {
            MailboxName first = existing.ceiling(new MailboxName(name.value() + MailboxName.SEPARATOR));
            return first != null && name.isAbove(first);
        }

        MailboxListing listing(MailboxName name) {
            MailboxListing listing = listings.get(name);
            return listing == null ? new MailboxListing(name, false, false, Optional.empty()) : listing;
        }
    }

    private Tree tree(Principal principal) {
        NavigableMap<MailboxName, MailboxListing> listings = new TreeMap<>();
        mailboxes.list(principal.account()).forEach(listing -> listings.put(listing.name(), listing));
        TreeSet<MailboxName> existing = new TreeSet<>();
        listings.values().stream()
                .filter(MailboxListing::exists)
                .map(MailboxListing::name)
                .forEach(existing::add);
        return new Tree(listings, existing);
    }

    /// RFC 3501 §6.3.8 with RFC 3348, 5258, 5819 and 6154.
    String list(Principal principal, Command.ListMailboxes command) throws IOException {
        if (!command.extended() && command.patterns().getFirst().isEmpty()) {
            writer.list("LIST", List.of("\\Noselect"), "\"\""); // the separator, and the root of the reference
            return "Listed";
        }
        List<ListPattern> patterns = command.patterns().stream()
                .filter(pattern -> !pattern.isEmpty()) // RFC 9051 §6.3.9: they mean nothing in the extended form
                .map(pattern -> names.pattern(command.reference() + pattern))
                .toList();
        Tree tree = tree(principal);
        Set<MailboxName> parents = parentsOfHidden(tree, patterns, command.selection());
        for (MailboxListing listing : tree.listings().values()) {
            boolean selected = isSelected(listing, tree, command.selection());
            boolean parent = parents.contains(listing.name());
            if ((selected || parent) && matches(patterns, listing.name())) {
                List<String> childInformation = parent ? childInformation(command.selection()) : List.of();
                write(principal, command, tree, listing, selected, childInformation);
            }
        }
        return "Listed";
    }

    private static boolean matches(List<ListPattern> patterns, MailboxName name) {
        return patterns.stream().anyMatch(pattern -> pattern.matches(name));
    }

    /// RFC 5819 §2: the status is looked up before LIST tells of the mailbox: one that was deleted meanwhile has
    /// none, and cannot be selected.
    private void write(
            Principal principal,
            Command.ListMailboxes command,
            Tree tree,
            MailboxListing listing,
            boolean selected,
            List<String> childInformation)
            throws IOException {
        List<String> attributes =
                attributes(listing, tree, command.extended() || enabled.isRevision2(), command.returnSubscribed());
        boolean wantsStatus = selected && listing.exists() && !command.status().isEmpty();
        Optional<MailboxStatus> status = wantsStatus ? status(principal, listing.name()) : Optional.empty();
        if (wantsStatus && status.isEmpty()) {
            attributes.addFirst("\\Noselect");
        }
        String name = names.format(listing.name());
        writer.list("LIST", attributes, name, childInformation);
        if (status.isPresent()) {
            writer.status(name, command.status(), status.get(), appendLimit);
        }
    }

    private Optional<MailboxStatus> status(Principal principal, MailboxName name) {
        try {
            return Optional.of(mailboxes.status(principal.account(), name));
        } catch (MailboxException e) {
            if (e.reason() == MailboxException.Reason.NO_SUCH_MAILBOX) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private static boolean isSelected(MailboxListing listing, Tree tree, Set<Selection> selection) {
        boolean listed = selection.contains(Selection.SUBSCRIBED)
                ? listing.subscribed() // RFC 5258 §3.1: whether it exists or not
                : listing.exists() || tree.hasChildren(listing.name());
        return listed
                && (!selection.contains(Selection.SPECIAL_USE)
                        || listing.specialUse().isPresent());
    }

    /// RFC 5258 §3.1, RECURSIVEMATCH: the names above those that are selected and, for no pattern matches
    /// them, not listed themselves (RFC 9051 §6.3.9.6). They join the listings where only their children
    /// brought them there.
    private static Set<MailboxName> parentsOfHidden(Tree tree, List<ListPattern> patterns, Set<Selection> selection) {
        Set<MailboxName> parents = new HashSet<>();
        if (selection.contains(Selection.RECURSIVEMATCH)) {
            for (MailboxListing listing : tree.listings().values()) {
                if (isSelected(listing, tree, selection) && !matches(patterns, listing.name())) {
                    parents.addAll(listing.name().parents());
                }
            }
            parents.forEach(name -> tree.listings().putIfAbsent(name, tree.listing(name)));
        }
        return parents;
    }

    /// @param nonExistent whether the client knows this attribute of RFC 5258
    private static List<String> attributes(
            MailboxListing listing, Tree tree, boolean nonExistent, boolean showSubscribed) {
        List<String> attributes = new ArrayList<>();
        if (!listing.exists()) {
            attributes.add(nonExistent ? "\\NonExistent" : "\\Noselect"); // RFC 5258 §3
        }
        attributes.add(tree.hasChildren(listing.name()) ? "\\HasChildren" : "\\HasNoChildren");
        if (showSubscribed && listing.subscribed()) {
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

    /// RFC 9051 §6.3.2, §6.3.9.7: a LIST response for one name, as SELECT and changes of names cause it in IMAP4rev2.
    ///
    /// @param oldName how the mailbox was called before, or in this command, ready for the wire
    void announce(Principal principal, MailboxName name, Optional<String> oldName) throws IOException {
        Tree tree = tree(principal);
        List<String> attributes = attributes(tree.listing(name), tree, true, true);
        if (oldName.isPresent()) {
            writer.listRenamed(attributes, names.format(name), oldName.get());
        } else {
            writer.list("LIST", attributes, names.format(name));
        }
    }

    /// The same, where the name that the client wrote is not the mailbox's.
    void announceDenormalized(Principal principal, String written) throws IOException {
        Optional<String> oldName = names.denormalized(written);
        if (oldName.isPresent()) {
            announce(principal, names.parseForCreation(written), oldName);
        }
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
                listing.name().parents().stream().filter(pattern::matches).forEach(parents::add);
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
}
