/// Reads RFC 5322 and MIME. A message is read once, at arrival, into a [MessageExtract]: ENVELOPE, BODY and
/// BODYSTRUCTURE as they go over the wire, and a [MessageOutline] that knows where every part begins and ends, so that
/// later a section is a ranged read. Search decodes what it looks at while it streams by.
///
/// In reading order:
///
///   - [MessageExtractor], [MessageExtract]: the way in and what comes out
///   - [MessageOutline], [Part], [Range], [SectionText], OutlineCodec: sections by their IMAP numbers
///   - StructureScanner, over LineScanner, OpenBoundaries and HeaderBlock: one pass over the octets
///   - ScannedPart, Envelope, WireWriter: what BODYSTRUCTURE and ENVELOPE say
///   - MediaType, Parameters, AddressListParser, Address, FieldLexer, SentDate: the grammar of single fields
///   - [HeaderFields]: HEADER.FIELDS
///   - [BinaryParts]: a message with binary parts becomes one of lines
///   - [TextSearch], [HeaderText], [PartText], TextMatcher, CaseFolding, LenientReader, DecodedText: SEARCH
///
/// Invariants: no input makes anything here throw but the stream it is read from; memory is bounded whatever the
/// message; offsets count octets of the message as stored, line ends are never changed; a String from a header has one
/// char per octet until DecodedText has made text of it; what goes over the wire holds no NUL.
@org.jspecify.annotations.NullMarked
package org.postern.message;
