"""Ansible's own reading of many inventories in one process: a JSON list of lists of paths in, what it understood out."""
import json
import sys

from ansible.inventory.manager import InventoryManager
from ansible.parsing.ajson import AnsibleJSONEncoder
from ansible.parsing.dataloader import DataLoader



class Encoder(AnsibleJSONEncoder):
    def default(self, o):
        return sorted(o) if isinstance(o, set) else super().default(o)


INTERNAL = {'inventory_file', 'inventory_dir', 'inventory_hostname', 'inventory_hostname_short'}


def own(variables):
    return {name: value for name, value in variables.items() if name not in INTERNAL}


def read(paths):
    manager = InventoryManager(loader=DataLoader(), sources=paths)
    groups = {name: group for name, group in manager.groups.items() if name not in ('all', 'ungrouped')}
    return {
        'order': [host.name for host in manager.get_hosts('all')],
        'hosts': {name: own(host.vars) for name, host in manager.hosts.items()},
        'vars': own(manager.groups['all'].vars),
        'groups': {
            name: {
                'hosts': [host.name for host in group.hosts],
                'children': [child.name for child in group.child_groups],
                'vars': own(group.vars),
            }
            for name, group in groups.items()
        },
    }


# Ansible writes whatever happens to standard output and standard error.
results = [read(paths) for paths in json.load(sys.stdin)]
with open(sys.argv[1], 'w', encoding='utf-8') as out:
    json.dump(results, out, cls=Encoder)
