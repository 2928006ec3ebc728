package org.postern.mua;

import java.util.Locale;

/// What the outcome table looks at: one value for each of its columns.
///
/// @param tlsa of the RRset for this host and port
/// @param dane what a usable RRset says of what the server presented; [Dane#NONE] where it was not asked
/// @param pkix a certification path, and a name below it
/// @param memory whether signed TLSA records were seen for this server before
public record Facts(
        Srv srv,
        Address address,
        Session session,
        Tlsa tlsa,
        Dane dane,
        Pkix pkix,
        Pinned pin,
        Memory memory,
        Phase phase) {
    /// How the client knows of the host.
    public enum Srv {
        /// it is configured
        NONE,
        SECURE,
        INSECURE,
        /// unsigned, and the user has confirmed the target in setup
        CONFIRMED,
        /// bogus, or no answer
        FAILED
    }

    /// Security of A and AAAA.
    public enum Address {
        SECURE,
        INSECURE,
        /// bogus, or no answer
        FAILED
    }

    /// How far the client got with the server.
    public enum Session {
        /// TLS is up, and the server is ready to hear of an account
        READY,
        /// nobody answers
        UNREACHABLE,
        /// there is no TLS, or not the way it has to come
        CLEAR,
        /// TLS of a kind that is not confidential
        WEAK,
        /// TLS is up, and what the server says then forbids to go on
        REFUSED
    }

    /// State of the TLSA RRset.
    public enum Tlsa {
        NOT_QUERIED,
        ABSENT,
        /// there, and not signed
        INSECURE,
        BOGUS,
        INDETERMINATE,
        /// signed, and no record of a kind that can be used
        UNUSABLE,
        USABLE
    }

    /// What a usable RRset says of the server.
    public enum Dane {
        NONE,
        /// usage 3 matches
        EE,
        /// usage 2 matches, with path, dates and name
        TA,
        /// usage 1 or 0 matches, and PKIX agrees
        CONSTRAINT,
        /// usage 2 matches an anchor, but path, dates or name are wrong
        TA_WRONG,
        /// usage 1 or 0 matches, but PKIX does not agree
        CONSTRAINT_WRONG,
        MISMATCH
    }

    /// What PKIX says.
    public enum Pkix {
        OK,
        /// no path to an anchor, expired, or somebody else's name: what a pin may excuse (RFC 8314 §5.4)
        UNVERIFIED,
        /// revoked, a weak key, not for servers …: what nothing excuses
        FAULTY,
        /// there is no certificate
        NONE
    }

    /// The pin of this host in this account.
    public enum Pinned {
        NONE,
        EQUAL,
        DIFFERENT
    }

    public enum Memory {
        NONE,
        /// signed TLSA records were seen here
        SECURE
    }

    public Facts {
        if ((dane == Dane.NONE) == (tlsa == Tlsa.USABLE && session == Session.READY)) {
            throw new IllegalArgumentException("a usable TLSA RRset is asked once TLS is up, and no other: " + tlsa
                    + ", " + session + ", " + dane);
        }
        if ((pkix == Pkix.NONE) == (session == Session.READY)) {
            throw new IllegalArgumentException("there is a certificate once TLS is up: " + session + ", " + pkix);
        }
    }

    /// In the words of the table, column by column.
    @Override
    public String toString() {
        return "srv=" + word(srv) + " address=" + word(address) + " session=" + word(session) + " tlsa=" + word(tlsa)
                + " dane=" + word(dane) + " pkix=" + word(pkix) + " pin=" + word(pin) + " memory=" + word(memory)
                + " phase=" + word(phase);
    }

    static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
