package org.postern.auth;

/// An account whose credentials have been accepted in this session.
///
/// @param address the account's own full address (`local@a-label-domain`), as stored
/// @param credentialVersion grows with each change of the account's credentials: a session whose number is old must end
public record Principal(AccountId account, String address, long credentialVersion) {}
