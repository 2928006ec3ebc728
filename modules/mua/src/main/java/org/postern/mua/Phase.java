package org.postern.mua;

/// When a server is judged: what a user may decide in setup is nobody's to decide later (SEED-33, SEED-35).
public enum Phase {
    /// the account is set up or edited, and a person looks
    SETUP,
    /// any other time
    NORMAL
}
