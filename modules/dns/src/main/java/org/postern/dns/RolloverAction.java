package org.postern.dns;

/// What is to be done next, in this order, after the state was saved.
public sealed interface RolloverAction {
    /// Have the target published.
    record Publish() implements RolloverAction {}

    /// Ask the authoritative servers.
    record Observe() implements RolloverAction {}

    /// Make handshakes from outside.
    record Verify() implements RolloverAction {}

    /// Look again at what may be served.
    record Reconsider() implements RolloverAction {}

    /// Something that operators want to know.
    ///
    /// @param warning whether they must do something
    record Tell(boolean warning, String text) implements RolloverAction {}
}
