package org.postern.store;

import java.io.IOException;
import java.io.InputStream;
import org.postern.message.MessageExtract;

/// The immutable content of one message. Its octets are the trace prefix of its delivery (Return-Path, Delivered-To;
/// empty for APPEND) followed by the stored blob; offsets of the extract's outline count from the first octet of the
/// whole.
public interface MessageContent {
    long size();

    MessageExtract extract();

    /// The octets from `offset` on, at most `length` of them. Reads are ranged: nothing before `offset` is read.
    /// They have been compared with their checksums when this returns.
    /// @throws MailboxException GONE where the message was removed since; CORRUPTION where it is damaged
    InputStream open(long offset, long length) throws IOException;
}
