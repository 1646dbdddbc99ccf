-- Volumes that are shares of a cloud, and the storage agent of each node mounts.

alter table volume drop constraint volume_backend_check;
alter table volume add constraint volume_backend_check check (backend in ('engine', 'local', 'nfs', 'cephfs', 'manila')); -- manila: a share of a cloud
alter table storage_outage drop constraint storage_outage_backend_check;
alter table storage_outage add constraint storage_outage_backend_check check (backend in ('local', 'nfs', 'cephfs', 'manila'));
alter table slot_lack drop constraint slot_lack_backend_check;
alter table slot_lack add constraint slot_lack_backend_check check (backend in ('local', 'nfs', 'cephfs', 'manila'));
