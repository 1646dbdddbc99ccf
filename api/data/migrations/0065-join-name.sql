-- What the pool's document calls a machine that joined by a ticket: its host name, unless another has the same.
alter table join_ticket add column node_key text;
update join_ticket set node_key = hostname from swarm_node where swarm_node.id = swarm_id and planned_at is not null;
