package org.postern.message;

/// Which text of a section is meant (RFC 3501 §6.4.5): the last word of a section specifier.
public enum SectionText {
    /// No word: the whole message, or a part's body.
    WHOLE,
    /// The header of the message, or of the message in a message/rfc822 part.
    HEADER,
    /// The body of the message, or of the message in a message/rfc822 part.
    TEXT,
    /// The MIME header of a part; only with part numbers.
    MIME
}
