import { ConsoleAbsent, type ConsoleControl } from '../driver.ts';
import { type JsonObject, linkAt, numberAt, objectAt, textsAt } from './json.ts';
import type { Deadline } from './ports.ts';
import type { RedfishService } from './service.ts';

/** How a BMC lets people to its serial console, as its Redfish tells it. */
export interface ConsoleAccess {
  /** Serial over LAN by IPMI is switched on; its port, where that is told. */
  readonly ipmi: { readonly port: number | undefined } | undefined;
  /** It says that IPMI over LAN is switched off. */
  readonly isIpmiOff: boolean;
  /** Other ways that are switched on: `SSH (port 2200)`, `a WebSocket`. */
  readonly others: readonly string[];
}

/** Makes the console of the same BMC by IPMI, with the same credentials. @throws BmcError */
export type SolOpener = (port: number | undefined) => ConsoleControl;

const OPENING_MS = 10_000;

/** The console of a BMC that is spoken to by Redfish: by Serial over LAN where the BMC says that it has that switched on. */
export function redfishConsole(
  service: RedfishService,
  deadline: (deadlineMs: number) => Deadline,
  openSol: SolOpener,
): ConsoleControl {
  return {
    async open(listener, options) {
      const access = await readConsoleAccess(service, deadline(OPENING_MS));
      if (access.ipmi === undefined) throw absent(access);
      return openSol(access.ipmi.port).open(listener, options);
    },
  };
}

/**
 * HostSerialConsole of the system (DSP0268, ComputerSystem 1.13), what managers had before it, and whether the manager lets
 * IPMI in at all (ManagerNetworkProtocol).
 */
export async function readConsoleAccess(service: RedfishService, deadline: Deadline): Promise<ConsoleAccess> {
  const system = await service.system(deadline);
  const manager = await service.manager(system, deadline);
  const protocols = await service.client.getIfThere(linkAt(manager?.body, 'NetworkProtocol'), deadline);
  const host = objectAt(system.body, 'SerialConsole');
  const old = objectAt(manager?.body, 'SerialConsole');
  const network = objectAt(protocols?.body, 'IPMI');
  const isIpmiOff = network?.ProtocolEnabled === false || objectAt(host, 'IPMI')?.ServiceEnabled === false;
  const hasIpmi =
    isOn(host, 'IPMI') || hasOld(old, 'IPMI') || (isUntold(host, old) && network?.ProtocolEnabled === true);
  const port = numberAt(objectAt(host, 'IPMI'), 'Port') ?? numberAt(network, 'Port');
  return {
    ipmi: hasIpmi && !isIpmiOff ? { port } : undefined,
    isIpmiOff,
    others: [
      ...(isOn(host, 'SSH') || hasOld(old, 'SSH') ? [`SSH${portText(objectAt(host, 'SSH'))}`] : []),
      ...(isOn(host, 'WebSocket') ? ['a WebSocket'] : []),
      ...(isOn(host, 'Telnet') || hasOld(old, 'Telnet') ? [`Telnet${portText(objectAt(host, 'Telnet'))}`] : []),
    ],
  };
}

function isOn(console_: JsonObject | undefined, way: string): boolean {
  return objectAt(console_, way)?.ServiceEnabled === true;
}

function hasOld(console_: JsonObject | undefined, way: string): boolean {
  return console_?.ServiceEnabled === true && textsAt(console_, 'ConnectTypesSupported')?.includes(way) === true;
}

/** Neither says anything of ways to a console. */
function isUntold(host: JsonObject | undefined, old: JsonObject | undefined): boolean {
  return objectAt(host, 'IPMI') === undefined && textsAt(old, 'ConnectTypesSupported') === undefined;
}

function portText(way: JsonObject | undefined): string {
  const port = numberAt(way, 'Port');
  return port === undefined ? '' : ` (port ${port})`;
}

function absent({ isIpmiOff, others }: ConsoleAccess): ConsoleAbsent {
  const ipmi = isIpmiOff ? 'has IPMI switched off' : 'does not say that its console can be had by IPMI';
  const rest = others.length === 0 ? 'it names no other way' : `it has ${others.join(', ')}`;
  const mend = isIpmiOff
    ? 'Switch IPMI over LAN (Serial over LAN) on in its web page or by Redfish: NetworkProtocol, IPMI.ProtocolEnabled.'
    : 'Where it has IPMI all the same, name it so: --bmc driver=ipmi. Else use one of its own ways.';
  return new ConsoleAbsent(`the BMC ${ipmi}, and podboot reads consoles by Serial over LAN; ${rest}`, mend);
}
