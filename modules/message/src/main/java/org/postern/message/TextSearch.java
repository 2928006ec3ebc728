package org.postern.message;

import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;

/// Looks for one string in the text of many messages: the string keys of SEARCH (RFC 3501 §6.4.4). Decoded text,
/// without regard to case, in bounded memory. Made once for a search key, for one thread.
public final class TextSearch {
    private final String text;
    private final TextMatcher matcher;

    public TextSearch(String text) {
        this.text = text;
        this.matcher = new TextMatcher(text);
    }

    /// RFC 3501 §6.4.4 BODY: the text parts, and the headers inside the body (of parts and of contained messages).
    public boolean inBody(MessageOutline message, SectionSource source) throws IOException {
        return text.isEmpty() || inBody(message.root(), source);
    }

    /// RFC 3501 §6.4.4 TEXT: the header of the message or its body.
    public boolean inText(MessageOutline message, SectionSource source) throws IOException {
        return text.isEmpty() || inHeader(message.root(), source) || inBody(message.root(), source);
    }

    /// RFC 3501 §6.4.4 HEADER, FROM, TO, SUBJECT …: a field of that name. The empty string is in every field there is.
    public boolean inField(HeaderText header, String name) {
        return header.values(name).stream().anyMatch(matcher::isIn);
    }

    private boolean inBody(Part part, SectionSource source) throws IOException {
        for (Part child : part.children()) {
            if (inHeader(child, source) || inBody(child, source)) {
                return true;
            }
        }
        if (!part.isText() || part.bodyLength() == 0) {
            return false;
        }
        try (InputStream body = source.open(part.bodyOffset(), part.bodyLength());
                Reader text = PartText.open(part, body)) {
            return matcher.isIn(text);
        }
    }

    private boolean inHeader(Part part, SectionSource source) throws IOException {
        if (part.headerLength() == 0) {
            return false;
        }
        try (InputStream header = source.open(part.headerOffset(), part.headerLength())) {
            return HeaderText.read(header).containsAnywhere(matcher);
        }
    }
}
