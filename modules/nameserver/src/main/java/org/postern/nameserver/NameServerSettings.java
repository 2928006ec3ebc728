package org.postern.nameserver;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;

/// What an operator decides.
///
/// @param addresses to listen on, by UDP and TCP; the unspecified address stands for each address that this machine has
/// @param responsesPerSecond of one kind to one network by UDP, before answers are held back; 0: no limit
/// @param connections by TCP, at most
/// @param connectionsPerClient by TCP from one address, at most
/// @param idle a TCP connection without a request is closed after it
public record NameServerSettings(
        List<InetSocketAddress> addresses,
        List<ZoneSettings> zones,
        int responsesPerSecond,
        int connections,
        int connectionsPerClient,
        Duration idle) {
    public NameServerSettings {
        addresses = List.copyOf(addresses);
        zones = List.copyOf(zones);
    }

    /// As another says, but where this one listens.
    public NameServerSettings with(NameServerSettings other) {
        return new NameServerSettings(
                addresses,
                other.zones,
                other.responsesPerSecond,
                other.connections,
                other.connectionsPerClient,
                other.idle);
    }

    /// 20 responses a second, 200 connections, 20 of one client, closed after 10 s.
    public static NameServerSettings of(List<InetSocketAddress> addresses, List<ZoneSettings> zones) {
        return new NameServerSettings(addresses, zones, 20, 200, 20, Duration.ofSeconds(10));
    }
}
