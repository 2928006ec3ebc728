package org.postern.store;

import java.time.Instant;

/// What a backup has become.
///
/// @param generation its name below `generations`
/// @param octets that it consists of
/// @param copied of these anew; the others it shares with earlier ones
/// @param keyFiles certificates and keys among them
public record BackupReport(String generation, Instant time, long octets, long copied, int keyFiles) {}
