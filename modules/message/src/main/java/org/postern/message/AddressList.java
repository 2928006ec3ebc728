package org.postern.message;

import java.util.ArrayList;
import java.util.List;

/// The addresses of a field such as From (RFC 5322 §3.4).
public final class AddressList {
    private AddressList() {}

    /// Each mailbox of the list as `local@domain`, the members of groups among them; an element that is none is left
    /// out.
    public static List<String> mailboxes(String fieldValue) {
        List<String> mailboxes = new ArrayList<>();
        for (Address address : AddressListParser.parse(fieldValue)) {
            if (address instanceof Address.Mailbox mailbox
                    && !mailbox.localPart().isEmpty()
                    && !mailbox.domain().isEmpty()) {
                mailboxes.add(mailbox.localPart() + "@" + mailbox.domain());
            }
        }
        return mailboxes;
    }
}
