package org.postern.interchange;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.postern.store.MailboxName;
import org.postern.store.ModifiedUtf7;

/// Where each mailbox of an export is written: a path of its levels below the directory, which no other has.
final class FolderPlaces {
    private final String suffix;
    private final Map<MailboxName, String> places = new HashMap<>();

    /// @param suffix behind each path
    FolderPlaces(String suffix) {
        this.suffix = suffix;
    }

    /// Gives each its place; returns, for the operator, what is written otherwise than it is called.
    List<String> assign(List<MailTarget.Listed> mailboxes) {
        List<String> changed = new ArrayList<>();
        FileNames names = new FileNames();
        for (MailTarget.Listed each : mailboxes) {
            String relative = names.unique(String.join("/", FileNames.levels(each.name())), each.name());
            places.put(each.name(), relative + suffix);
            if (!relative.equals(ModifiedUtf7.encode(each.name().value()))) {
                changed.add("mailbox " + each.name() + " is written as " + relative + suffix);
            }
        }
        return changed;
    }

    String of(MailboxName name) throws IOException {
        String place = places.get(name);
        if (place == null) {
            throw new IOException("mailbox " + name + " was not listed");
        }
        return place;
    }
}
