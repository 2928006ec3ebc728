package org.postern.message;

import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;

/// Looks for a string in the text of a message: SEARCH BODY and SEARCH TEXT (RFC 3501 §6.4.4). Decoded text, without
/// regard to case, in bounded memory.
public final class TextSearch {
    private final SectionSource source;
    private final TextMatcher matcher;

    private TextSearch(SectionSource source, TextMatcher matcher) {
        this.source = source;
        this.matcher = matcher;
    }

    /// Searches the text parts and the headers inside the body (of parts and of contained messages).
    ///
    /// @param withHeader true for TEXT: the message's own header too; false for BODY
    public static boolean contains(MessageOutline outline, SectionSource source, String text, boolean withHeader)
            throws IOException {
        TextSearch search = new TextSearch(source, new TextMatcher(text));
        Part root = outline.root();
        return text.isEmpty() || (withHeader && search.inHeader(root)) || search.inBody(root);
    }

    private boolean inBody(Part part) throws IOException {
        for (Part child : part.children()) {
            if (inHeader(child) || inBody(child)) {
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

    private boolean inHeader(Part part) throws IOException {
        if (part.headerLength() == 0) {
            return false;
        }
        try (InputStream header = source.open(part.headerOffset(), part.headerLength())) {
            return HeaderText.read(header).containsAnywhere(matcher);
        }
    }
}
