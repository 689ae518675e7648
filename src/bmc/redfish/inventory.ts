import type { BmcInventory } from '../driver.ts';
import type { Resource } from './client.ts';
import { linkAt, objectAt, objectsAt, textAt } from './json.ts';
import type { Deadline } from './ports.ts';
import type { RedfishService } from './service.ts';
import { printable } from './words.ts';

const MAX_TEXT = 128;
const MAX_MACS = 64;
const MAX_CHASSIS = 4;

export async function readInventory(service: RedfishService, deadline: Deadline): Promise<BmcInventory> {
  const system = await service.system(deadline);
  const chassis = await chassisOf(service, system, deadline);
  const manager = await service.manager(system, deadline);
  const interfaces = await service.members(linkAt(system.body, 'EthernetInterfaces'), deadline);
  let macs = macsOf(interfaces);
  if (macs.length === 0) macs = await adapterMacs(service, chassis, deadline);
  const bmcInterfaces = await service.members(linkAt(manager?.body, 'EthernetInterfaces'), deadline);
  const owners = [system, ...chassis];
  return {
    ...given('manufacturer', firstFact(owners, 'Manufacturer')),
    ...given('product', firstFact(owners, 'Model')),
    ...given('serialNumber', firstFact(owners, 'SerialNumber')),
    ...given('uuid', uuidOf(system)),
    ...given('bmcMac', macsOf(bmcInterfaces.filter(isOnTheNetwork))[0]),
    ...given('bmcFirmware', manager === undefined ? undefined : fact(manager, 'FirmwareVersion')),
    ...(macs.length === 0 ? {} : { macs }),
  };
}

async function chassisOf(service: RedfishService, system: Resource, deadline: Deadline): Promise<readonly Resource[]> {
  const found: Resource[] = [];
  for (const link of objectsAt(objectAt(system.body, 'Links'), 'Chassis').slice(0, MAX_CHASSIS)) {
    const chassis = await service.client.getIfThere(textAt(link, '@odata.id'), deadline);
    if (chassis !== undefined) found.push(chassis);
  }
  return found;
}

/** For a BMC that has no interfaces at the system: its cards know their addresses. */
async function adapterMacs(
  service: RedfishService,
  chassis: readonly Resource[],
  deadline: Deadline,
): Promise<readonly string[]> {
  const macs = new Set<string>();
  for (const { body } of chassis) {
    for (const adapter of await service.members(linkAt(body, 'NetworkAdapters'), deadline)) {
      const functions = await service.members(linkAt(adapter.body, 'NetworkDeviceFunctions'), deadline);
      for (const { body: one } of functions) {
        const ethernet = objectAt(one, 'Ethernet');
        const mac = macOf(textAt(ethernet, 'PermanentMACAddress') ?? textAt(ethernet, 'MACAddress'));
        if (mac !== undefined && macs.size < MAX_MACS) macs.add(mac);
      }
    }
  }
  return [...macs];
}

function macsOf(interfaces: readonly Resource[]): readonly string[] {
  const macs = interfaces.flatMap(({ body }) => {
    const mac = macOf(textAt(body, 'PermanentMACAddress') ?? textAt(body, 'MACAddress'));
    return mac === undefined ? [] : [mac];
  });
  return [...new Set(macs)].slice(0, MAX_MACS);
}

/** The interface to the host (usb0, hostusb0) has an address that is made up, and the same one in each machine. */
function isOnTheNetwork({ body }: Resource): boolean {
  return !/usb|lo$/i.test(textAt(body, 'Id') ?? '');
}

function macOf(text: string | undefined): string | undefined {
  const digits = text?.replace(/[:-]/g, '').toLowerCase();
  if (digits === undefined || !/^[0-9a-f]{12}$/.test(digits) || /^(?:0+|f+)$/.test(digits)) return undefined;
  return digits.replace(/..(?=.)/g, '$&:');
}

function uuidOf({ body }: Resource): string | undefined {
  const uuid = textAt(body, 'UUID')?.toLowerCase();
  if (uuid === undefined || !/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uuid)) return undefined;
  return /^[0-]+$|^[f-]+$/.test(uuid) ? undefined : uuid;
}

function firstFact(resources: readonly Resource[], name: string): string | undefined {
  for (const resource of resources) {
    const text = fact(resource, name);
    if (text !== undefined) return text;
  }
  return undefined;
}

/** What makers write where they have nothing to say is no fact. */
function fact({ body }: Resource, name: string): string | undefined {
  const text = textAt(body, name);
  if (text === undefined) return undefined;
  const line = printable(text, MAX_TEXT);
  const isFiller =
    /^(?:n\/?a|none|null|unknown|undefined|not (?:specified|available)|to be filled.*|default string|0+|\.+)$/i;
  return line === '' || isFiller.test(line) ? undefined : line;
}

function given<Name extends string>(name: Name, value: string | undefined): Partial<Record<Name, string>> {
  return value === undefined ? {} : ({ [name]: value } as Record<Name, string>);
}
