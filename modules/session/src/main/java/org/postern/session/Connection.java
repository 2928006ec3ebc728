package org.postern.session;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Optional;
import org.postern.auth.Principal;

/// One client connection, as its session sees it: a blocking byte stream over TCP or TLS.
/// All methods but `wake` and `ended` belong to the session's own thread.
public final class Connection {
    Connection() {}

    /// Names the session in every log line and in internal-error replies: short, unique while the server runs.
    public String id() {
        throw new UnsupportedOperationException();
    }

    public InetSocketAddress remoteAddress() {
        throw new UnsupportedOperationException();
    }

    public InetSocketAddress localAddress() {
        throw new UnsupportedOperationException();
    }

    /// Present after the handshake.
    public Optional<TlsFacts> tls() {
        throw new UnsupportedOperationException();
    }

    /// True when this session's TLS satisfies the policy for reading credentials. The one place that decides it.
    public boolean mayAuthenticate() {
        throw new UnsupportedOperationException();
    }

    /// True on a STARTTLS listener before TLS, while a certificate can be served (R8314-17).
    public boolean mayStartTls() {
        throw new UnsupportedOperationException();
    }

    /// Flushes, then waits until the client has sent something (true) or `wake` was called (false), whichever is
    /// first. Ends the session by exception when the phase's deadline passes or the client is gone.
    public boolean awaitInput() throws IOException {
        throw new UnsupportedOperationException();
    }

    /// The next byte, 0 to 255. Flushes pending output before it waits. Wake-ups do not end this wait.
    public int read() throws IOException {
        throw new UnsupportedOperationException();
    }

    /// Reads at least one and at most `length` bytes; returns how many.
    public int read(byte[] into, int offset, int length) throws IOException {
        throw new UnsupportedOperationException();
    }

    /// True if a read would not wait.
    public boolean hasBufferedInput() {
        throw new UnsupportedOperationException();
    }

    /// Buffers output; written when the buffer fills or the session waits for input. Waits while the client does not
    /// read.
    public void write(byte[] bytes, int offset, int length) throws IOException {
        throw new UnsupportedOperationException();
    }

    public void write(byte[] bytes) throws IOException {
        write(bytes, 0, bytes.length);
    }

    public void write(int octet) throws IOException {
        throw new UnsupportedOperationException();
    }

    /// Writes characters below U+0100 as octets (ISO 8859-1): protocol text.
    public void writeAscii(String text) throws IOException {
        throw new UnsupportedOperationException();
    }

    public void flush() throws IOException {
        throw new UnsupportedOperationException();
    }

    /// Sends `reply` as the last plaintext, and runs the handshake. Ends the session if anything was received after
    /// the command: it was not protected (ST-1, ST-2).
    public void startTls(byte[] reply) throws IOException {
        throw new UnsupportedOperationException();
    }

    /// Binds the session to an account: starts the AFTER_LOGIN deadlines and counts it against the account's limit.
    /// False if the account has too many connections: the session must refuse and end.
    public boolean authenticated(Principal principal, String mechanism) throws IOException {
        throw new UnsupportedOperationException();
    }

    /// Notes a failed attempt in the session record, without the name that was tried.
    public void authenticationFailed(String mechanism) {
        throw new UnsupportedOperationException();
    }

    /// Counts a command in the session record.
    public void countCommand() {
        throw new UnsupportedOperationException();
    }

    /// Ends a wait in `awaitInput`. From any thread.
    public void wake() {
        throw new UnsupportedOperationException();
    }

    /// True once the client is gone or the session is to end: long commands poll this. From any thread.
    public boolean ended() {
        throw new UnsupportedOperationException();
    }

    /// Present once the session was told to end while it may still speak (server stopping, account revoked): the
    /// protocol writes its farewell and returns.
    public Optional<EndReason> endRequested() {
        throw new UnsupportedOperationException();
    }

    /// States why the session is about to end, for the record. The first reason given stays.
    public void ending(EndReason reason) {
        throw new UnsupportedOperationException();
    }
}
