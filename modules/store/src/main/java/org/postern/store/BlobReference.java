package org.postern.store;

/// Where a blob lies: the payload's first octet in a segment file of a node.
record BlobReference(int node, int segment, long position, long length) {}
