package org.postern.dns;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// What a [Rollover] learns.
public sealed interface RolloverEvent {
    /// Something was served, replaced or configured.
    record Told(RolloverState.Situation situation) implements RolloverEvent {}

    /// Time to go on: at a start, and then again and again.
    record Look() implements RolloverEvent {}

    /// The publisher has taken the target.
    record Published() implements RolloverEvent {}

    /// It has not, or nobody knows.
    record PublicationFailed(String reason) implements RolloverEvent {}

    /// All authoritative servers were asked for the records of every port.
    ///
    /// @param answers one for each server and port; none where the servers could not be found
    record Observed(List<Observation> answers) implements RolloverEvent {
        public Observed {
            answers = List.copyOf(answers);
        }
    }

    /// What one server has at one port.
    ///
    /// @param server in words
    /// @param data none where there are no records
    /// @param failure why there is no answer
    record Observation(String server, Set<String> data, Duration timeToLive, Optional<String> failure) {
        public Observation {
            data = Set.copyOf(data);
        }
    }

    /// A handshake from outside was made with every port.
    ///
    /// @param keys of the chains that were shown
    /// @param failure why it proves nothing; empty where it does
    record Verified(Set<String> keys, Optional<String> failure) implements RolloverEvent {
        public Verified {
            keys = Set.copyOf(keys);
        }
    }

    /// An operator lets what is wanted be served at once.
    record Forced() implements RolloverEvent {}

    /// Keys are in the wrong hands.
    record Compromised(Set<String> keys) implements RolloverEvent {
        public Compromised {
            keys = Set.copyOf(keys);
        }
    }
}
