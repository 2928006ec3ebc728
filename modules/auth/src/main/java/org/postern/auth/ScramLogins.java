package org.postern.auth;

/// What a [ScramExchange] asks of whoever judges logins.
interface ScramLogins {
    /// Looks the name up. A name that is nobody's gets a salt all the same, and the same one each time.
    ScramLogin begin(String loginName);

    /// Judges the attempt.
    /// @param identity the authorization identity, empty for the account's own
    LoginResult end(ScramLogin login, String identity, boolean proved);
}
