import type { RedfishLayout } from './redfish-layouts.ts';

export interface RedfishLogEntry {
  readonly timeSeconds: number;
  readonly message: string;
  readonly severity: 'OK' | 'Warning' | 'Critical';
}

export interface RedfishBoot {
  readonly target: string;
  readonly enabled: string;
  readonly mode: string;
}

/** What the resources tell, at the moment they are read. */
export interface RedfishState {
  readonly layout: RedfishLayout;
  readonly powerState: string;
  /** What the last boot had, and what waits for the next. */
  readonly boot: RedfishBoot;
  readonly pendingBoot: RedfishBoot;
  readonly resetTypes: readonly string[];
  /** They are told by an ActionInfo. */
  readonly hasActionInfo: boolean;
  readonly isIdentified: boolean;
  readonly serialNumber: string;
  readonly uuid: string;
  readonly macs: readonly string[];
  readonly bmcMac: string;
  /** The oldest first. */
  readonly log: readonly RedfishLogEntry[];
  readonly pageSize: number;
  readonly userNames: readonly string[];
  readonly hasSessions: boolean;
  readonly consoles: RedfishConsoles;
}

/** What is told of ways to the serial console, each as it stands there; undefined: nothing. */
export interface RedfishConsoles {
  /** SerialConsole of the system. */
  readonly host?: object;
  /** SerialConsole of the manager, as it was before. */
  readonly manager?: object;
  /** IPMI of the manager's NetworkProtocol. */
  readonly ipmi?: object;
}

export const BOOT_TARGETS = ['None', 'Pxe', 'UefiHttp', 'Hdd', 'BiosSetup'] as const;
export const MIN_PASSWORD = 8;
export const MAX_PASSWORD = 20;
const ROOT = '/redfish/v1';

type Build = (state: RedfishState, page: number) => object;

export interface RedfishPaths {
  readonly system: string;
  readonly bootTarget: string;
  readonly reset: string;
  readonly sessions: string;
  readonly accounts: string;
}

export function redfishPaths({ systemId, settingsId }: RedfishLayout): RedfishPaths {
  const system = `${ROOT}/Systems/${systemId}`;
  return {
    system,
    bootTarget: settingsId === undefined ? system : `${system}/${settingsId}`,
    reset: `${system}/Actions/ComputerSystem.Reset`,
    sessions: `${ROOT}/SessionService/Sessions`,
    accounts: `${ROOT}/AccountService/Accounts`,
  };
}

/** Every resource that can be read, by its path. */
export function redfishResources(layout: RedfishLayout): ReadonlyMap<string, Build> {
  const { system, bootTarget, sessions, accounts } = redfishPaths(layout);
  const manager = `${ROOT}/Managers/${layout.managerId}`;
  const chassis = `${ROOT}/Chassis/${layout.chassisId}`;
  const baseboard = layout.baseboardId === undefined ? [] : [`${ROOT}/Systems/${layout.baseboardId}`];
  const resources = new Map<string, Build>([
    [`${ROOT}/`, serviceRoot],
    [`${ROOT}/Systems`, () => collection([...baseboard, system])],
    [`${ROOT}/Managers`, () => collection([manager])],
    [`${ROOT}/SessionService`, () => ({ ServiceEnabled: true, Sessions: ref(sessions) })],
    [`${ROOT}/AccountService`, () => ({ Accounts: ref(accounts), ...PASSWORD_LENGTHS })],
    [accounts, ({ userNames }) => collection(userNames.map((_, index) => `${accounts}/${index + 1}`))],
    [sessions, () => collection([])],
    [system, (state) => hostOf(state, { system, manager, chassis })],
    [`${system}/ResetActionInfo`, resetActionInfo],
    [
      `${system}/EthernetInterfaces`,
      ({ macs }) => collection(macs.map((_, at) => `${system}/EthernetInterfaces/${at}`)),
    ],
    [`${system}/LogServices`, () => collection([`${system}/LogServices/SEL`])],
    [
      `${system}/LogServices/SEL`,
      () => ({ Id: 'SEL', LogEntryType: 'SEL', Entries: ref(`${system}/LogServices/SEL/Entries`) }),
    ],
    [`${system}/LogServices/SEL/Entries`, (state, page) => logPage(state, page, `${system}/LogServices/SEL/Entries`)],
    [
      manager,
      ({ layout: { managerId, bmcFirmware }, consoles }) => ({
        Id: managerId,
        FirmwareVersion: bmcFirmware,
        NetworkProtocol: ref(`${manager}/NetworkProtocol`),
        ...(consoles.manager === undefined ? {} : { SerialConsole: consoles.manager }),
        EthernetInterfaces: ref(`${manager}/EthernetInterfaces`),
      }),
    ],
    [`${manager}/NetworkProtocol`, ({ consoles: { ipmi } }) => (ipmi === undefined ? {} : { IPMI: ipmi })],
    [
      `${manager}/EthernetInterfaces`,
      () => collection([`${manager}/EthernetInterfaces/hostusb0`, `${manager}/EthernetInterfaces/eth0`]),
    ],
    [`${manager}/EthernetInterfaces/hostusb0`, () => ({ Id: 'hostusb0', MACAddress: '02:00:00:00:00:01' })],
    [`${manager}/EthernetInterfaces/eth0`, ({ bmcMac }) => ({ Id: 'eth0', MACAddress: bmcMac.toUpperCase() })],
    [
      chassis,
      ({ layout: { chassisId, manufacturer } }) => ({ Id: chassisId, Manufacturer: manufacturer, SerialNumber: 'N/A' }),
    ],
  ]);
  if (bootTarget !== system) {
    resources.set(bootTarget, ({ pendingBoot }) => ({ Id: layout.settingsId, Boot: bootOf(pendingBoot, layout) }));
  }
  // It has a power of its own on some, and never a boot order.
  for (const path of baseboard) {
    resources.set(path, () => ({ Id: layout.baseboardId, SystemType: 'Physical', PowerState: 'On', Actions: {} }));
  }
  return resources;
}

/** Members that are many: they are no entries of the table. */
export function redfishMember(state: RedfishState, path: string): object | undefined {
  const { system, accounts } = redfishPaths(state.layout);
  const [, collectionPath, index] = /^(.*)\/(\d+)$/.exec(path) ?? [];
  if (collectionPath === `${system}/EthernetInterfaces`) {
    const mac = state.macs[Number(index)];
    return mac === undefined ? undefined : { Id: index, MACAddress: mac.toUpperCase() };
  }
  if (collectionPath !== accounts) return undefined;
  const userName = state.userNames[Number(index) - 1];
  return userName === undefined ? undefined : { Id: index, UserName: userName, Password: null };
}

const PASSWORD_LENGTHS = { MinPasswordLength: MIN_PASSWORD, MaxPasswordLength: MAX_PASSWORD };

function serviceRoot({ hasSessions }: RedfishState): object {
  return {
    RedfishVersion: '1.11.0',
    Systems: ref(`${ROOT}/Systems`),
    Managers: ref(`${ROOT}/Managers`),
    AccountService: ref(`${ROOT}/AccountService`),
    ...(hasSessions ? { SessionService: ref(`${ROOT}/SessionService`) } : {}),
    Links: { Sessions: ref(`${ROOT}/SessionService/Sessions`) },
  };
}

function hostOf(
  state: RedfishState,
  at: { readonly system: string; readonly manager: string; readonly chassis: string },
): object {
  const { layout, resetTypes, hasActionInfo } = state;
  return {
    Id: layout.systemId,
    SystemType: 'Physical',
    Manufacturer: layout.manufacturer,
    Model: layout.model,
    SerialNumber: state.serialNumber,
    UUID: state.uuid.toUpperCase(),
    PowerState: state.powerState,
    LocationIndicatorActive: state.isIdentified,
    Boot: bootOf(state.boot, layout),
    EthernetInterfaces: ref(`${at.system}/EthernetInterfaces`),
    LogServices: ref(`${at.system}/LogServices`),
    ...(state.consoles.host === undefined ? {} : { SerialConsole: state.consoles.host }),
    Links: { ManagedBy: [ref(at.manager)], Chassis: [ref(at.chassis)] },
    Actions: {
      '#ComputerSystem.Reset': {
        target: `${at.system}/Actions/ComputerSystem.Reset`,
        ...(hasActionInfo
          ? { '@Redfish.ActionInfo': `${at.system}/ResetActionInfo` }
          : { 'ResetType@Redfish.AllowableValues': resetTypes }),
      },
    },
    ...(layout.settingsId === undefined
      ? {}
      : { '@Redfish.Settings': { SettingsObject: ref(`${at.system}/${layout.settingsId}`) } }),
  };
}

function resetActionInfo({ resetTypes }: RedfishState): object {
  return { Parameters: [{ Name: 'ResetType', DataType: 'String', Required: true, AllowableValues: resetTypes }] };
}

function bootOf({ target, enabled, mode }: RedfishBoot, { hasBootMode }: RedfishLayout): object {
  return {
    BootSourceOverrideTarget: target,
    BootSourceOverrideEnabled: enabled,
    ...(hasBootMode ? { BootSourceOverrideMode: mode } : {}),
    'BootSourceOverrideTarget@Redfish.AllowableValues': BOOT_TARGETS,
  };
}

/** The newest first, as AMI's is. */
function logPage({ log, pageSize, layout }: RedfishState, page: number, path: string): object {
  const entries = log
    .map(({ timeSeconds, message, severity }, at) => ({
      Id: layout.logIds === 'numbers' ? `${at + 1}` : `${timeSeconds}_${at + 1}`,
      Created: new Date(timeSeconds * 1_000).toISOString(),
      EntryType: 'SEL',
      Message: message,
      Severity: severity,
    }))
    .reverse();
  const isLast = (page + 1) * pageSize >= entries.length;
  return {
    Members: entries.slice(page * pageSize, (page + 1) * pageSize),
    'Members@odata.count': entries.length,
    ...(isLast ? {} : { 'Members@odata.nextLink': `${path}?$skip=${(page + 1) * pageSize}` }),
  };
}

function collection(paths: readonly string[]): object {
  return { Members: paths.map(ref), 'Members@odata.count': paths.length };
}

function ref(path: string): object {
  return { '@odata.id': path };
}
