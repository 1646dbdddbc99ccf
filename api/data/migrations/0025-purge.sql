-- Files go when their date has come, after their course was told; what went is said for good.

alter table course add column volumes_until timestamptz; -- as the blueprint in force says; null: none are planned

alter table volume drop constraint volume_state_check;
alter table volume add constraint volume_state_check
  check (state in ('wanted', 'ready', 'missing', 'damaged', 'purging', 'purged'));

create table purge (
  id uuid primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  volume_id uuid not null references volume,
  ordered_at timestamptz not null,
  done_at timestamptz,
  number int unique check (number > 0), -- of its receipt: a chain without gaps
  body text, -- canonical JSON: exactly what was hashed
  hash text unique, -- sha-256 of body, hex
  check ((done_at is null) = (body is null) and (body is null) = (hash is null) and (hash is null) = (number is null))
);
create unique index purge_open on purge (volume_id) where done_at is null;

create function purge_is_final() returns trigger language plpgsql as $$
begin
  raise exception 'A receipt is never changed.';
end $$;
create trigger purge_is_final before update or delete on purge
  for each row when (old.done_at is not null) execute function purge_is_final();
