-- Volumes that a server keeps for every node of a pool.

alter table volume drop constraint volume_backend_check;
alter table volume add constraint volume_backend_check check (backend in ('engine', 'local', 'nfs')); -- nfs: a folder with a quota
