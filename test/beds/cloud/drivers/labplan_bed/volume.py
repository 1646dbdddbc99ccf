"""Volumes that are records only: nothing is stored, nothing is attached."""

from cinder import interface
from cinder.volume import driver


@interface.volumedriver
class VolumeDriver(driver.VolumeDriver):
    VERSION = "1.0"
    CI_WIKI_NAME = "none"

    def check_for_setup_error(self):
        pass

    def _update_volume_stats(self):
        self._stats = {
            "volume_backend_name": "bed",
            "vendor_name": "bed",
            "driver_version": self.VERSION,
            "storage_protocol": "bed",
            "pools": [
                {
                    "pool_name": "bed",
                    "total_capacity_gb": 100000,
                    "free_capacity_gb": 100000,
                    "reserved_percentage": 0,
                }
            ],
        }

    def create_volume(self, volume):
        pass

    def delete_volume(self, volume):
        pass

    def clone_image(self, context, volume, location, meta, image_service):
        return {}, True

    def ensure_export(self, context, volume):
        pass

    def create_export(self, context, volume, connector):
        pass

    def remove_export(self, context, volume):
        pass

    def initialize_connection(self, volume, connector):
        return {"driver_volume_type": "fake", "data": {}}

    def terminate_connection(self, volume, connector, **kwargs):
        pass
