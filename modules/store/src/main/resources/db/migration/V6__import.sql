-- What imports from other servers' and programs' files need.

-- True while an import that keeps UIDs fills it: nobody sees it before it is whole.
alter table mailbox add column importing boolean default false not null;

-- UIDVALIDITYs that imports into an account may give: above the first number, up to the second. Postern's own counter
-- was below them before, and is above them since.
create table import_reservation (
    account bigint not null,
    above bigint not null,
    up_to bigint not null,
    primary key (account, up_to)
);

-- UIDVALIDITYs that imports have given. One that was given is never given again, even if its mailbox is gone.
create table import_mailbox (
    account bigint not null,
    uid_validity bigint not null,
    name_digest bytea not null,                        -- as the source named it
    mailbox bigint not null,
    primary key (account, uid_validity)
);

-- Messages that were imported, so that none is imported twice.
create table imported (
    account bigint not null,
    identity bytea not null,                           -- the first half of SHA-256 over mailbox name and what the source calls it
    mailbox bigint not null,
    primary key (account, identity)
);

create index imported_mailbox on imported (mailbox);

-- The highest UIDVALIDITY that an account had reached when it was removed. What was removed earlier is in "retired".
create table retired_account (
    domain varchar(255) not null,
    local_key varchar(255) not null,
    uid_validity bigint not null,
    primary key (domain, local_key)
);
