/// Who a client is: credentials, and SASL mechanisms as pure state machines that never see the protocol
/// around them.
///
/// In reading order: [AccountDirectory] and [StoredCredentials] (what is kept of a password), [SaslMechanisms]
/// with [SaslSettings], [SaslExchange] and [SaslStep] (how it arrives; [ScramExchange] proves it without sending it,
/// and may tie it to
/// a [ChannelBinding]; [ExternalExchange] leaves it to [ClientCertificates]), [Authenticator] (how it is judged),
/// [HashingThreads], [VerifiedLogins] and [PasswordHasher] (what that costs).
///
/// Invariants: unknown, disabled and wrong cost the same and look the same; no password, hash or key is in
/// a log, an exception or a `toString`; hashing never runs on a session's thread.
@NullMarked
package org.postern.auth;

import org.jspecify.annotations.NullMarked;
