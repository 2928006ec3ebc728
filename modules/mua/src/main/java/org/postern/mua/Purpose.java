package org.postern.mua;

import java.util.List;

/// What a client looks for a server for.
public enum Purpose {
    /// to read mail: IMAP or POP3
    ACCESS,
    /// to send mail
    SUBMISSION;

    /// The services that are asked for, those with implicit TLS before their elder twins.
    public List<Service> services() {
        return switch (this) {
            case ACCESS -> List.of(Service.IMAPS, Service.IMAP, Service.POP3S, Service.POP3);
            case SUBMISSION -> List.of(Service.SUBMISSIONS, Service.SUBMISSION);
        };
    }
}
