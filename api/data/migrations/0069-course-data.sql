-- What all seats of a course read: versions that are never changed once they are published.

alter table course
  add column data_size_mb int,
  add column data_path text, -- where seats have it
  add column data_version int; -- in force: what a seat that starts gets

create table course_data (
  id uuid primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  course_id uuid not null references course,
  version int not null check (version > 0),
  name text not null unique, -- of its volume, as the storage agent knows it
  size_mb int not null check (size_mb > 0),
  -- draft: being filled; published: sealed, and never changed again
  state text not null check (state in ('draft', 'published', 'purging', 'purged')),
  state_at timestamptz not null,
  files int,
  bytes bigint,
  created_at timestamptz not null,
  published_at timestamptz,
  last_used_at timestamptz, -- when it was in force, or in a seat, for the last time
  unique (course_id, version),
  check (state = 'draft' or (files is not null and bytes is not null and published_at is not null))
);
create unique index course_data_draft on course_data (course_id) where state = 'draft';

create function course_data_is_final() returns trigger language plpgsql as $$
begin
  if new.version <> old.version or new.name <> old.name or new.files <> old.files or new.bytes <> old.bytes
      or new.published_at <> old.published_at then
    raise exception 'A published version is never changed.';
  end if;
  return new;
end $$;
create trigger course_data_is_final before update on course_data
  for each row when (old.published_at is not null) execute function course_data_is_final();
