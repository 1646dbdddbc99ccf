-- Which GPUs of which node a seat was given. Swarm only counts them; here each has one holder at most.
create table seat_device (
  installation_id text not null default current_setting('labplan.installation') references installation,
  node_id text not null, -- in the Swarm
  device int not null check (device >= 0), -- as its node counts them, from 0
  seat_id uuid not null references seat on delete cascade,
  taken_at timestamptz not null,
  -- Its seat has gone elsewhere; a container of it may still run there, so nobody else gets it yet.
  left_at timestamptz,
  primary key (node_id, device)
);
create index seat_device_seat on seat_device (seat_id);

alter table swarm_node add column gpus int not null default 0; -- as its engine says
