package org.postern.mua;

import java.util.List;

/// What the SRV records of a domain say.
public sealed interface Found {
    /// Every set that was looked up: the evidence.
    List<SrvSet> sets();

    /// There are servers.
    ///
    /// @param offers of the protocol that the domain prefers, in the order in which to try them
    /// @param otherProtocol what there is of the other protocol. A client does not turn to it by itself (RFC 6186
    ///     §3.4): the user decides.
    record Offered(Protocol protocol, List<Offer> offers, List<Offer> otherProtocol, List<SrvSet> sets)
            implements Found {
        public Offered {
            offers = List.copyOf(offers);
            otherProtocol = List.copyOf(otherProtocol);
            sets = List.copyOf(sets);
        }
    }

    /// The domain says `.` of all, or nothing of some. No port is guessed.
    record NotOffered(List<SrvSet> sets) implements Found {
        public NotOffered {
            sets = List.copyOf(sets);
        }
    }

    /// There are no SRV records: the user has to know the server. No host is guessed.
    record NoRecords(List<SrvSet> sets) implements Found {
        public NoRecords {
            sets = List.copyOf(sets);
        }
    }

    /// A lookup came back bogus or not at all, so what the domain prefers is unknown: no server is used, and none
    /// is guessed (RFC 7673 §3.1; DT-9).
    record Failed(List<SrvSet> sets) implements Found {
        public Failed {
            sets = List.copyOf(sets);
        }
    }
}
