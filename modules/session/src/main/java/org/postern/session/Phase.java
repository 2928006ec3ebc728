package org.postern.session;

/// How far a session has come: chooses its deadlines.
public enum Phase {
    BEFORE_TLS,
    BEFORE_LOGIN,
    AFTER_LOGIN
}
