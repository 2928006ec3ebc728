-- What a blob's record takes in its segment, so that dead space can be counted, and the way from a segment to its blobs.
alter table blob add column stored bigint default 0 not null;
update blob set stored = length + 20;
create index blob_segment on blob (node, segment);
