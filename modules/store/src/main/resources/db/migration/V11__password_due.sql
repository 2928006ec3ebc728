-- From when on an account's password must be changed before it is good for anything again; null: never.
alter table account add column password_due bigint;
