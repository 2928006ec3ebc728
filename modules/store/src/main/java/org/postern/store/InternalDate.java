package org.postern.store;

/// INTERNALDATE: the instant, and the zone offset it was given in, which RFC 3501 makes visible.
///
/// @param epochMillis since 1970-01-01T00:00Z
/// @param offsetMinutes east of UTC
public record InternalDate(long epochMillis, int offsetMinutes) {}
