/// Drives mail servers over the wire, Postern and Dovecot in one run on one machine, and measures what they cost.
///
/// In reading order: [TlsBench] (what is measured, and the table), [ServerUnderTest] with [PosternUnderTest] and
/// [DovecotUnderTest] (how each is started), [ServerKey] (one key and certificate for all), [ProcessTree]
/// (processor time), [ImapClient].
///
/// Invariants: uses nothing of Postern's own code, so that it cannot share its faults; it is in no package; what
/// it prints was counted in this run, and that sessions were resumed or were not is checked, not believed.
@org.jspecify.annotations.NullMarked
package org.postern.bench;
