package org.postern.mua;

import java.io.IOException;

/// The server did something that ends the visit.
final class WireException extends IOException {
    private static final long serialVersionUID = 1;

    private final ClientRule rule;
    private final String detail;

    WireException(ClientRule rule, String detail) {
        super(rule + (detail.isEmpty() ? "" : ": " + detail));
        this.rule = rule;
        this.detail = detail;
    }

    ClientRule rule() {
        return rule;
    }

    String detail() {
        return detail;
    }
}
