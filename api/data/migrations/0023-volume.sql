-- Volumes: one row for each generation of a seat that has one, whoever keeps it.

create table volume (
  id uuid primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  seat_id uuid not null references seat,
  generation int not null check (generation > 0),
  name text not null unique, -- as Docker and the storage agent know it
  -- engine: Docker's own, with no limit; it stays with what made it, whatever its pool has later.
  backend text not null check (backend in ('engine', 'local')),
  limit_mb int check (limit_mb > 0), -- as last applied by Terraform; null where nobody holds it to one
  -- wanted: told to nobody yet; ready: mounted, held to its limit; missing: was there, and is not; damaged: cannot be mounted
  state text not null check (state in ('wanted', 'ready', 'missing', 'damaged')),
  state_at timestamptz not null,
  limit_bytes bigint, -- as its file system says
  used_bytes bigint,
  seen_at timestamptz, -- when the agent last said so
  message_code text,
  message_params jsonb not null default '{}',
  created_at timestamptz not null,
  unique (seat_id, generation),
  check ((backend = 'engine') = (limit_mb is null))
);

-- What was made before has no limit, and keeps its files where they are.
insert into volume (id, installation_id, seat_id, generation, name, backend, state, state_at, created_at)
select gen_random_uuid(), seat.installation_id, seat.id, g, 'lp-' || seat.installation_id || '-' || course.code || '-s'
    || lpad(seat.number::text, greatest(3, length(seat.number::text)), '0') || '-g' || g, 'engine', 'ready', seat.state_at, seat.state_at
from seat join course on course.id = seat.course_id cross join generate_series(1, seat.generation) as g
where seat.volume_made;
