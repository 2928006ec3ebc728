package org.postern.auth;

import java.util.Optional;

/// One attempt by SCRAM, from the client's name to its proof.
///
/// @param verifier what the proof is checked against; made up where the name is nobody's
/// @param account empty where no proof can succeed
record ScramLogin(
        String loginName, LoginThrottle.Attempt attempt, ScramVerifier verifier, Optional<StoredCredentials> account) {}
