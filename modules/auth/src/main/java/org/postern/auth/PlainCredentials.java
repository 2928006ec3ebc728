package org.postern.auth;

/// A login name and password as the client sent them, with the identity it wants to act as.
///
/// @param authorizationIdentity empty: the same as `loginName`
/// @param password UTF-8 octets as received, before SASLprep; [#wipe] clears them
public record PlainCredentials(String authorizationIdentity, String loginName, byte[] password) {
    /// Overwrites the password.
    public void wipe() {
        java.util.Arrays.fill(password, (byte) 0);
    }

    @Override
    public String toString() {
        return "PlainCredentials[…]";
    }
}
