-- Volumes that a Ceph keeps, and the storage agent of each node mounts.

alter table volume drop constraint volume_backend_check;
alter table volume add constraint volume_backend_check check (backend in ('engine', 'local', 'nfs', 'cephfs')); -- cephfs: a subvolume with a quota
