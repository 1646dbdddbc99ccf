-- Machines of a pool's base: managers of the Swarm. Their life is that of nodes, but no class asks for them.
alter table node add column role text not null default 'node' check (role in ('node', 'manager'));
