package org.postern.message;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.postern.message.HeaderBlock.Field;

/// Writes ENVELOPE (RFC 3501 §7.4.2).
final class Envelope {
    /// An address list is shown up to this many octets, some 2,500 addresses: ENVELOPE as a whole stays below 1 MB.
    private static final int LIST_LIMIT = 150_000;

    private static final String NIL = "NIL";
    private static final String GROUP_END = "(NIL NIL NIL NIL)";

    /// The envelope of a message whose header is not shown.
    static final byte[] EMPTY = write(new HeaderBlock(true));

    private Envelope() {}

    /// envelope = "(" env-date SP env-subject SP env-from SP env-sender SP env-reply-to SP env-to SP env-cc SP env-bcc
    /// SP env-in-reply-to SP env-message-id ")"
    static byte[] write(HeaderBlock header) {
        byte[] from = addresses(header.value(Field.FROM));
        WireWriter out = new WireWriter();
        out.raw("(").nstring(header.value(Field.DATE)).space();
        out.nstring(header.value(Field.SUBJECT)).space();
        out.raw(from).space();
        // RFC 3501 §7.4.2: Sender and Reply-To that are missing or empty are what From is.
        out.raw(orElse(addresses(header.value(Field.SENDER)), from)).space();
        out.raw(orElse(addresses(header.value(Field.REPLY_TO)), from)).space();
        out.raw(addresses(header.value(Field.TO))).space();
        out.raw(addresses(header.value(Field.CC))).space();
        out.raw(addresses(header.value(Field.BCC))).space();
        out.nstring(header.value(Field.IN_REPLY_TO)).space();
        out.nstring(header.value(Field.MESSAGE_ID)).raw(")");
        return out.toByteArray();
    }

    private static byte[] orElse(byte[] addresses, byte[] from) {
        return addresses.length == NIL.length() ? from : addresses;
    }

    /// "(" 1*address ")" / nil
    private static byte[] addresses(@Nullable String field) {
        List<Address> addresses = field == null ? List.of() : AddressListParser.parse(field);
        WireWriter out = new WireWriter();
        boolean inGroup = false;
        for (Address address : addresses) {
            if (out.size() > LIST_LIMIT) {
                break;
            }
            out.raw(out.size() == 0 ? "(" : "");
            inGroup = switch (address) {
                case Address.Mailbox mailbox -> {
                    out.raw("(").nstring(mailbox.name()).space().nstring(mailbox.route());
                    out.space().string(mailbox.localPart()).space();
                    out.string(mailbox.domain()).raw(")");
                    yield inGroup;
                }
                case Address.GroupStart group -> {
                    out.raw("(NIL NIL ").string(group.name()).raw(" NIL)");
                    yield true;
                }
                case Address.GroupEnd _ -> {
                    out.raw(GROUP_END);
                    yield false;
                }
            };
        }
        out.raw(inGroup ? GROUP_END : "");
        return out.size() == 0 ? out.raw(NIL).toByteArray() : out.raw(")").toByteArray();
    }
}
