/// Mail files of other servers and programs, in and out.
///
/// The files are read and written by the program that the operator runs, with that user's rights; the server has
/// the store, and reads none of them. Between the two is a socket. In reading order: [MailSource] (mail outside),
/// [MaildirSource] and MaildirMessages, with MaildirName, UidList and DovecotFiles (words of Dovecot), Folder
/// (files of others, no link followed), CrlfInputStream; [MboxSource] with MboxReader, FromLine, FromUnquoting and
/// Occurrences; [EmlSource] with EmlName and DateField; [ImportSender] and [ImportReceiver] (the two sides), Wire
/// (between them). [RestoreSender] is the first side with a backup instead of files: BackupSource, RestoreWire.
/// The way out: [ExportSender] has the store, [ExportReceiver] the files; Exported is a mailbox, [MailTarget] what
/// it becomes: [MaildirTarget], [MboxTarget] with FromQuoting, [EmlTarget]; with ExportDirectory, [FileNames],
/// FolderPlaces and LocalLines.
///
/// Invariants: one message at a time is read; what was confirmed is durable and is not imported twice; a message that
/// cannot be read is named and counted, and the others go on.
@org.jspecify.annotations.NullMarked
package org.postern.interchange;
