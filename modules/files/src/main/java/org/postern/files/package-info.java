/// Small files that one program keeps and others may read.
///
/// In reading order: [DurableFile] (replaces one as a whole, and puts one aside that cannot be read).
///
/// Invariants: whoever looks sees the file before or the file after, also after a crash; a file is its owner's alone
/// before the first octet is in it; what failed leaves nothing behind. A file has one writer at a time.
@org.jspecify.annotations.NullMarked
package org.postern.files;
