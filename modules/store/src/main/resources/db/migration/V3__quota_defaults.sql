-- What the accounts of a domain may hold that have no limits of their own; null: no limit.
alter table domain add column quota_octets bigint;
alter table domain add column quota_messages bigint;

-- False: quota_octets and quota_messages of the account are a copy of its domain's.
alter table account add column own_quota boolean default false not null;

update account set own_quota = true where quota_octets is not null or quota_messages is not null;
