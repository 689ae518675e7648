import type { BmcInventory } from '../bmc/driver.ts';
import type { Node } from '../domain/node.ts';
import type { BmcFinding } from '../domain/power.ts';

/** Whether the machine behind the BMC is the node's. */
export function matchInventory(node: Node, inventory: BmcInventory): readonly BmcFinding[] {
  const { serialNumber, uuid, bmcMac, macs } = inventory;
  const findings: BmcFinding[] = [];
  const differ = (what: string, ours: string, theirs: string) =>
    findings.push({
      code: 'other-machine',
      isTrouble: true,
      text: `the BMC of ${node.name} says that its ${what} is ${theirs}; ${ours} is enrolled`,
      mend: `Is it the BMC of another machine? Compare the labels; podboot bmc inventory ${node.name}`,
    });
  if (
    serialNumber !== undefined &&
    node.serialNumber !== undefined &&
    serialNumber.trim().toUpperCase() !== node.serialNumber.toUpperCase()
  )
    differ('serial number', node.serialNumber, serialNumber);
  if (uuid !== undefined && node.uuid !== undefined && !bothOrders(uuid).includes(node.uuid))
    differ('UUID', node.uuid, uuid);
  const ours = node.interfaces.find(({ role }) => role === 'bmc')?.mac;
  if (bmcMac !== undefined && ours !== undefined && bmcMac.toLowerCase() !== ours)
    differ('BMC’s MAC address', ours, bmcMac);
  const boot = node.interfaces.find(({ role, mac }) => role === 'boot' && mac !== undefined)?.mac;
  const known = (macs ?? []).map((mac) => mac.toLowerCase());
  if (boot !== undefined && known.length > 0 && !known.includes(boot))
    differ('network interfaces have none that', boot, known.join(', '));
  return findings;
}

/** SMBIOS has the first three fields little-endian; BMCs give them in one order or the other. */
function bothOrders(uuid: string): readonly string[] {
  const [a = '', b = '', c = '', ...rest] = uuid.toLowerCase().split('-');
  const turned = [a, b, c].map((field) => Buffer.from(field, 'hex').reverse().toString('hex'));
  return [uuid.toLowerCase(), [...turned, ...rest].join('-')];
}
