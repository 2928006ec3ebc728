package org.postern.store;

/// What COPYUID tells (RFC 4315 §3): `source[i]` became `target[i]`. UIDs that no longer existed are left out.
public record CopyResult(long uidValidity, int[] source, int[] target) {}
