package org.postern.imap;

/// Which IMAP a session speaks: RFC 3501's, until the client enables RFC 9051's. For the session's thread.
final class Revision {
    private boolean second;

    /// RFC 9051 §6.3.1, §2.3.2 and appendix E: mailbox names are UTF-8, there is no `\Recent`, and
    /// SEARCH answers with ESEARCH.
    void enableSecond() {
        second = true;
    }

    boolean isSecond() {
        return second;
    }
}
