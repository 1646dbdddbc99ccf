-- Of a machine that joins by a line: which kind its GPUs are, when it has some; the machine itself counts them.
alter table join_ticket add column gpu_kind text;
