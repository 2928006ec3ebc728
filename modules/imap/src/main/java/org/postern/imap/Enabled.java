package org.postern.imap;

/// What the client has enabled (RFC 5161). For the session's thread.
final class Enabled {
    private boolean revision2;
    private boolean utf8;

    /// RFC 9051 §6.3.1, §2.3.2 and appendix E: mailbox names are UTF-8, there is no `\Recent`, SEARCH answers with
    /// ESEARCH, texts may be UTF-8.
    void enableRevision2() {
        revision2 = true;
    }

    /// RFC 6855 §3.
    void enableUtf8() {
        utf8 = true;
    }

    boolean isRevision2() {
        return revision2;
    }

    /// UTF8=ACCEPT by its name, which forbids the CHARSET of SEARCH.
    boolean isUtf8() {
        return utf8;
    }

    /// True where the client reads UTF-8 in quoted strings: IMAP4rev2 has all of UTF8=ACCEPT in it.
    boolean takesUtf8() {
        return revision2 || utf8;
    }
}
