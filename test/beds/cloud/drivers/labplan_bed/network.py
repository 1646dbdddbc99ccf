"""Binds every port at once: the bed has no agents and carries no packets."""

from neutron_lib import constants
from neutron_lib.plugins.ml2 import api


class MechanismDriver(api.MechanismDriver):
    def initialize(self):
        pass

    def bind_port(self, context):
        # nova refuses "bridge"; "tap" it takes for the fake hypervisor.
        for segment in context.segments_to_bind:
            context.set_binding(
                segment[api.ID],
                "tap",
                {"port_filter": False, "connectivity": "l2"},
                status=constants.PORT_STATUS_ACTIVE,
            )
            return
