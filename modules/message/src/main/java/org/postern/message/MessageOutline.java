package org.postern.message;

import java.util.List;
import java.util.Optional;

/// Where the parts of one message lie: octet offsets into the message, so that any section is served by a ranged read
/// without parsing again. Immutable.
public final class MessageOutline {
    private final Part root;

    public MessageOutline(Part root) {
        this.root = root;
    }

    /// The message itself, as the entity that holds all others.
    public Part root() {
        return root;
    }

    /// Octets of the message.
    public long size() {
        return root.bodyOffset() + root.bodyLength();
    }

    /// The part that the numbers of a section specifier name; no numbers name the message.
    ///
    /// RFC 3501 §6.4.5: every message has at least part 1; the parts of a multipart are numbered consecutively;
    /// behind a message/rfc822 part, numbers count the parts of the message it holds.
    public Optional<Part> part(int... path) {
        Part part = root;
        boolean atMessage = true; // whether the next number counts the parts of a message
        for (int number : path) {
            if (!atMessage && part.isMessage()) {
                part = part.nested();
                atMessage = true;
            }
            if (part.isMultipart()) {
                List<Part> children = part.children();
                if (number < 1 || number > children.size()) {
                    return Optional.empty();
                }
                part = children.get(number - 1);
            } else if (!atMessage || number != 1) {
                return Optional.empty();
            }
            // Part 1 of a message that is no multipart is that message's own body: `part` stays.
            atMessage = false;
        }
        return Optional.of(part);
    }

    /// The octets of a section; empty where the message has no such section.
    public Optional<Range> section(int[] path, SectionText text) {
        if (path.length == 0) {
            return switch (text) {
                case WHOLE -> Optional.of(new Range(0, size()));
                case HEADER -> Optional.of(root.header());
                case TEXT -> Optional.of(root.body());
                case MIME -> Optional.empty(); // RFC 3501 §6.4.5: MIME must follow a part number
            };
        }
        Optional<Part> part = part(path);
        return switch (text) {
            case WHOLE -> part.map(Part::body);
            case MIME -> part.map(Part::header);
            case HEADER ->
                part.filter(Part::isMessage).map(message -> message.nested().header());
            case TEXT ->
                part.filter(Part::isMessage).map(message -> message.nested().body());
        };
    }

    /// The outline of this message with `octets` of trace header before it: they belong to the message's header.
    public MessageOutline withPrefix(int octets) {
        if (octets == 0) {
            return this;
        }
        return new MessageOutline(new Part(
                root.type(),
                root.subtype(),
                0,
                root.headerLength() + octets,
                root.bodyOffset() + octets,
                root.bodyLength(),
                root.lines(),
                root.transferEncoding(),
                root.charset(),
                root.children().stream().map(child -> child.shifted(octets)).toList()));
    }

    /// A compact form of this, some 20 octets a part; [#decode] reads what any version wrote.
    public byte[] encode() {
        return OutlineCodec.encode(root);
    }

    /// Reads what [#encode] made.
    /// @throws IllegalArgumentException for other octets
    public static MessageOutline decode(byte[] encoded) {
        return new MessageOutline(OutlineCodec.decode(encoded));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof MessageOutline outline && outline.root.equals(root);
    }

    @Override
    public int hashCode() {
        return root.hashCode();
    }

    @Override
    public String toString() {
        return root.toString();
    }
}
