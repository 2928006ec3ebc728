package org.postern.nameserver;

import java.net.InetSocketAddress;
import java.util.List;

/// What an operator decides.
///
/// @param addresses to listen on, by UDP and TCP
public record NameServerSettings(List<InetSocketAddress> addresses) {
    public NameServerSettings {
        addresses = List.copyOf(addresses);
    }
}
