package org.postern.session;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import org.postern.auth.AccountId;

/// Counts the connections of each source and account against the limits. Safe for use by all threads.
final class ConnectionCounts {
    private ConnectionLimits limits;
    private final Map<String, Integer> byAddress = new HashMap<>();
    private final Map<AccountId, Integer> byAccount = new HashMap<>();
    private int total;

    ConnectionCounts(ConnectionLimits limits) {
        this.limits = limits;
    }

    /// For what comes from now on.
    synchronized void limit(ConnectionLimits changed) {
        limits = changed;
    }

    synchronized boolean enter(InetAddress address) {
        String source = source(address);
        int ofSource = byAddress.getOrDefault(source, 0);
        if (total >= limits.total() || ofSource >= limits.perAddress()) {
            return false;
        }
        total++;
        byAddress.put(source, ofSource + 1);
        return true;
    }

    synchronized void leave(InetAddress address) {
        total--;
        byAddress.computeIfPresent(source(address), (key, count) -> count > 1 ? count - 1 : null);
    }

    synchronized boolean enter(AccountId account) {
        int ofAccount = byAccount.getOrDefault(account, 0);
        if (ofAccount >= limits.perAccount()) {
            return false;
        }
        byAccount.put(account, ofAccount + 1);
        return true;
    }

    synchronized void leave(AccountId account) {
        byAccount.computeIfPresent(account, (key, count) -> count > 1 ? count - 1 : null);
    }

    /// An IPv6 host has a whole /64 to come from.
    private static String source(InetAddress address) {
        return address instanceof Inet6Address
                ? HexFormat.of().formatHex(Arrays.copyOf(address.getAddress(), 8))
                : address.getHostAddress();
    }
}
