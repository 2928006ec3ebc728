package org.postern.store;

/// What APPENDUID tells (RFC 4315 §3).
public record AppendResult(long uidValidity, int[] uids) {}
