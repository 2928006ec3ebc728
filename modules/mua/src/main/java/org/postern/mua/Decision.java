package org.postern.mua;

/// What a client does with a server, and why. There is no "continue anyway".
public sealed interface Decision {
    /// Credentials may go there.
    ///
    /// @param confidential whether the session may be called so; with a pin it may not (RFC 8314 §5.4)
    /// @param alert whether the user should hear of something all the same
    record Continue(boolean confidential, boolean alert, Evidence evidence) implements Decision {}

    /// Only in setup: the user may pin the certificate, or ask the provider. Until then nothing is sent.
    record OfferPin(PinOffer offer, Evidence evidence) implements Decision {}

    /// Nothing that says who the user is goes there. It may be tried again: the judgement is made anew each time,
    /// and no check is weaker for it.
    record Terminate(Evidence evidence) implements Decision {}

    Evidence evidence();

    default boolean mayContinue() {
        return this instanceof Continue;
    }
}
