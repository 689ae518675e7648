import { CIPHER_SUITES, type CipherSuite } from '../codecs/ipmi/cipher-suite.ts';
import { createCommandDriver } from './command/command-driver.ts';
import { type BmcDriver, BmcError, ConsoleAbsent, type ConsoleControl } from './driver.ts';
import { readCredentials } from './ipmi/credentials.ts';
import { createIpmiDriver } from './ipmi/ipmi-driver.ts';
import type { IpmiClock, IpmiNetwork } from './ipmi/ports.ts';
import { createWakeOnLanDriver } from './wake-on-lan/wake-on-lan-driver.ts';

export interface BmcCredentials {
  readonly userName: string;
  readonly password: string;
  /** Kg of IPMI's two-key login, in hexadecimal. */
  readonly bmcKey?: string;
}

/** What a driver is made of. */
export interface BmcTarget {
  /** Of the machine. */
  readonly name: string;
  /** Undefined: nothing is known of where it is. */
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly credentials: BmcCredentials | undefined;
  /** SHA-256 in lower-case hex. */
  readonly fingerprint: string | undefined;
  readonly command: readonly string[];
  /** Of IPMI; undefined: the best that it has. */
  readonly cipherSuite?: CipherSuite['id'] | undefined;
  /** Of interfaces that listen for a magic packet. */
  readonly wakeMacs: readonly string[];
  readonly minGapMs: number;
}

export interface DriverSurroundings {
  readonly clock: IpmiClock;
  readonly network: IpmiNetwork;
  readonly broadcast: (target: BmcTarget, packet: Uint8Array) => Promise<void>;
}

export type DriverFactory = (target: BmcTarget, around: DriverSurroundings) => BmcDriver | Promise<BmcDriver>;

/** Every driver by its word in a node's record. */
export const DRIVERS: Readonly<Record<'ipmi' | 'redfish' | 'command' | 'none', DriverFactory>> = {
  ipmi: (target, around) => ipmiDriver(target, target.port, around),
  // Its HTTP client takes 16 MB, which a fleet without Redfish keeps.
  redfish: async (target, around) => {
    const { createRedfishDriver } = await import('./redfish/redfish-driver.ts');
    let sol: BmcDriver | undefined;
    const driver = createRedfishDriver({
      host: hostOf(target),
      ...(target.port === undefined ? {} : { port: target.port }),
      credentials: credentialsOf(target),
      fingerprint: fingerprintOf(target),
      clock: around.clock,
      openSol: (port) => {
        sol ??= solDriver(target, port, around);
        return sol.console as ConsoleControl;
      },
    });
    const close = async () => void (await Promise.all([driver.close(), sol?.close()]));
    return { ...driver, close };
  },
  command: (target) =>
    createCommandDriver({
      argv: target.command,
      name: target.name,
      address: target.host,
      credentials: target.credentials,
    }),
  none: (target, { broadcast }) =>
    createWakeOnLanDriver({ macs: target.wakeMacs, broadcast: (packet) => broadcast(target, packet) }),
};

/** @throws BmcError where the target lacks what the driver needs */
export async function createDriver(name: string, target: BmcTarget, around: DriverSurroundings): Promise<BmcDriver> {
  const chosen = name === 'auto' ? automatic(target) : name;
  const factory = Object.hasOwn(DRIVERS, chosen) ? DRIVERS[chosen as keyof typeof DRIVERS] : undefined;
  if (factory === undefined) throw new BmcError('refused', `there is no driver ${chosen} in this podboot`);
  return factory(target, around);
}

function ipmiDriver(target: BmcTarget, port: number | undefined, { clock, network }: DriverSurroundings): BmcDriver {
  return createIpmiDriver({
    host: hostOf(target),
    ...(port === undefined ? {} : { port }),
    credentials: readCredentials(credentialsOf(target)),
    ...suiteOf(target),
    clock,
    network,
    minGapMs: target.minGapMs,
  });
}

function suiteOf({ cipherSuite }: BmcTarget): { readonly suite?: CipherSuite } {
  const suite = CIPHER_SUITES.find(({ id }) => id === cipherSuite);
  return suite === undefined ? {} : { suite };
}

/** A password that Redfish takes may be none for IPMI. */
function solDriver(target: BmcTarget, port: number | undefined, around: DriverSurroundings): BmcDriver {
  try {
    return ipmiDriver(target, port, around);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const mend = `Its console is by IPMI: give it a password that IPMI takes too, podboot bmc rotate`;
    throw new ConsoleAbsent(`its console is by IPMI, and ${error.message}`, mend);
  }
}

/** A pinned certificate says that somebody has seen its Redfish; IPMI is what every BMC has. */
function automatic({ fingerprint }: BmcTarget): string {
  return fingerprint === undefined ? 'ipmi' : 'redfish';
}

function hostOf({ host, name }: BmcTarget): string {
  if (host !== undefined) return host;
  throw new BmcError('unreachable', `nobody knows the address of ${name}’s BMC`);
}

function fingerprintOf({ fingerprint, name }: BmcTarget): string {
  if (fingerprint !== undefined) return fingerprint;
  const message = `no certificate is pinned for ${name}’s BMC: nothing is sent before it is`;
  throw new BmcError('not-trusted', message);
}

function credentialsOf({ credentials, name }: BmcTarget): BmcCredentials {
  if (credentials !== undefined) return credentials;
  throw new BmcError('credentials', `${name} has no credentials for its BMC`);
}
