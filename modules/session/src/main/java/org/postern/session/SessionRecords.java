package org.postern.session;

/// Who keeps the records of ended sessions. Called on the session's thread, or an event loop for one that never had a
/// thread: must not block.
public interface SessionRecords {
    void ended(SessionRecord session);
}
