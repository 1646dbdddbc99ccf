-- Nodes of the Swarm as the worker saw them last: what pages and the command line show, without asking an engine.
create table swarm_node (
  id text primary key, -- in the Swarm
  installation_id text not null default current_setting('labplan.installation') references installation,
  hostname text not null,
  address text not null,
  pool text, -- as its engine was told; null for one that was joined by hand
  key text,
  is_manager boolean not null,
  is_up boolean not null,
  availability text not null check (availability in ('active', 'pause', 'drain')),
  cores real not null,
  memory_mb int not null,
  seats int not null, -- tasks of ours that run there
  cores_reserved real not null,
  memory_reserved_mb int not null,
  seen_at timestamptz not null
);

-- A pool may be closed to new seats, or emptied, by a person; until opened again.
alter table pool
  add column closed text check (closed in ('closed', 'drained')),
  add column closed_reason text,
  add column closed_at timestamptz;
