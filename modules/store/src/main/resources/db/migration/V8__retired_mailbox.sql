-- How far a mailbox had come when it was deleted, so that a restore brings it back without giving a number twice. By address:
-- an account that comes back has another row. A mailbox that never gave a UID is not in it.
create table retired_mailbox (
    domain varchar(255) not null,
    local_key varchar(255) not null,
    uid_validity bigint not null,
    uid_next bigint not null,
    modseq bigint not null,
    primary key (domain, local_key, uid_validity)
);
