package org.postern.message;

import java.util.List;

/// One MIME entity of a message: the message itself, a body part, or a message inside a message/rfc822 part.
///
/// A part of type `multipart` has at least one child; a `message/rfc822` has exactly one, the message it holds, as
/// has a `message/global` that is not encoded; any other has none. What could not be read as such structure has a
/// plain type.
///
/// @param type in lower case, like `subtype`
/// @param headerLength octets of the header, its closing blank line included
/// @param bodyLength octets of the body; the line break before a boundary belongs to the boundary (RFC 2046 §5.1.1)
/// @param lines line ends in the body
/// @param transferEncoding in upper case; `7BIT` where none is said
/// @param charset as said, or the empty string
public record Part(
        String type,
        String subtype,
        long headerOffset,
        long headerLength,
        long bodyOffset,
        long bodyLength,
        long lines,
        String transferEncoding,
        String charset,
        List<Part> children) {
    public Part {
        children = List.copyOf(children);
        boolean isPlainMessage = type.equals("message") && subtype.equals("rfc822");
        int least = isMultipart(type) || isPlainMessage ? 1 : 0;
        int most = isMultipart(type) ? Integer.MAX_VALUE : isPlainMessage || isGlobal(type, subtype) ? 1 : 0;
        if (children.size() < least || children.size() > most) {
            throw new IllegalArgumentException(type + "/" + subtype + " with " + children.size() + " children");
        }
        if (headerOffset < 0 || headerLength < 0 || bodyOffset < headerOffset || bodyLength < 0 || lines < 0) {
            throw new IllegalArgumentException("part with a negative place");
        }
    }

    public boolean isMultipart() {
        return isMultipart(type);
    }

    public boolean isMessage() {
        return type.equals("message") && !children.isEmpty();
    }

    public boolean isText() {
        return type.equals("text");
    }

    /// The message that a message/rfc822 part holds.
    public Part nested() {
        if (!isMessage()) {
            throw new IllegalStateException("not a message/rfc822 part: " + type + "/" + subtype);
        }
        return children.getFirst();
    }

    public Range header() {
        return new Range(headerOffset, headerLength);
    }

    public Range body() {
        return new Range(bodyOffset, bodyLength);
    }

    /// The same with everything `octets` further back.
    Part shifted(int octets) {
        return new Part(
                type,
                subtype,
                headerOffset + octets,
                headerLength,
                bodyOffset + octets,
                bodyLength,
                lines,
                transferEncoding,
                charset,
                children.stream().map(child -> child.shifted(octets)).toList());
    }

    private static boolean isMultipart(String type) {
        return type.equals("multipart");
    }

    private static boolean isGlobal(String type, String subtype) {
        return type.equals("message") && subtype.equals("global");
    }
}
