package org.postern.auth;

import java.util.EnumSet;
import java.util.Set;

/// Which mechanisms are offered beyond those that always are.
///
/// @param channelBinding whether those with channel binding are offered
/// @param kept hashes for which accounts are given SCRAM verifiers beside SHA-256
/// @param offered those of them that clients may use
public record SaslSettings(boolean channelBinding, Set<ScramHash> kept, Set<ScramHash> offered) {
    public static final SaslSettings DEFAULT = new SaslSettings(true, Set.of(), Set.of());

    public SaslSettings {
        if (!kept.containsAll(offered)) {
            throw new IllegalArgumentException("nobody could use what is not kept");
        }
        kept = Set.copyOf(kept);
        offered = Set.copyOf(offered);
    }

    /// With SHA-256, which each account has: the strongest last.
    Set<ScramHash> usable() {
        EnumSet<ScramHash> all = EnumSet.of(ScramHash.SHA_256);
        all.addAll(offered);
        return all;
    }
}
