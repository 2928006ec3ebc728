package org.postern.message;

/// Octets of a message: `length` of them from `offset` on.
public record Range(long offset, long length) {
    public long end() {
        return offset + length;
    }

    /// What remains of it for `BODY[…]<first.count>`: less at its end, nothing beyond (RFC 3501 §6.4.5).
    public Range partial(long first, long count) {
        long skipped = Math.min(Math.max(first, 0), length);
        return new Range(offset + skipped, Math.min(Math.max(count, 0), length - skipped));
    }
}
