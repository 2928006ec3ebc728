package org.postern.store;

import java.time.LocalDate;

/// That, and when, an account was reached in some way.
///
/// @param firstDay in UTC, as is the last
/// @param sessions how many
public record TlsUse(String address, TlsWay way, LocalDate firstDay, LocalDate lastDay, long sessions) {}
