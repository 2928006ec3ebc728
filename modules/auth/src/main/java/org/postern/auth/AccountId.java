package org.postern.auth;

/// The stable number of an account. Addresses may change; this never does, and is never used twice.
public record AccountId(long value) {}
