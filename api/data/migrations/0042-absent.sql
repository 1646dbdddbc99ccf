-- A student who has not come for the policy's weeks, whatever a list says: dormant until they come again.
alter table membership add column is_absent boolean not null default false;
