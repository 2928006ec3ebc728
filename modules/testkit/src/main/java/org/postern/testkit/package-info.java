/// Transcripts, test certificates, seeded mail, signed zones, servers that do wrong, @Requirement: for tests only, uses
/// nothing of ours.
@org.jspecify.annotations.NullMarked
package org.postern.testkit;
