package org.postern.mua;

import java.util.List;

/// What became of the way to a server. The only thing that can send a password lives in [Continue].
public sealed interface Attempt {
    /// Decisions about servers that were tried before.
    List<Decision> earlier();

    /// The server may have the password.
    ///
    /// @param connection inside of TLS, before login; whoever has it closes it
    record Continue(Decision.Continue decision, MailConnection connection, List<Decision> earlier) implements Attempt {
        public Continue {
            earlier = List.copyOf(earlier);
        }
    }

    /// Nothing is open any more. Decision is never a [Decision.Continue].
    record Stopped(Decision decision, List<Decision> earlier) implements Attempt {
        public Stopped {
            earlier = List.copyOf(earlier);
            if (decision.mayContinue()) {
                throw new IllegalArgumentException("a client that may continue has not stopped");
            }
        }
    }
}
