package org.postern.store;

/// A refused change of domains, accounts or aliases; the message tells the operator why.
public final class AccountException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public AccountException(String message) {
        super(message);
    }
}
