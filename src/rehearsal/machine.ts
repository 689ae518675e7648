import { formatIpv4, type Ipv4 } from '../domain/ipv4.ts';
import type { Clock, Network } from '../domain/ports.ts';
import type { DhcpAnswer } from './dhcp-answer.ts';
import { DhcpClient, type DhcpTransport } from './dhcp-client.ts';
import type { DhcpDialect, MachineIdentity } from './dhcp-dialect.ts';
import type { FetchedFile } from './fetched-file.ts';
import { MACHINE_FIRMWARE, type MachineFirmware, type MachineKind } from './firmware.ts';
import type { HttpClient } from './http-client.ts';
import { TftpClient, type TftpDialect, type TftpOutcome } from './tftp-client.ts';

/** One simulated machine, as the plan of a rehearsal has it. */
export interface MachinePlan extends MachineIdentity {
  readonly name: string;
  readonly kind: MachineKind;
  /** `os`: an installed system is on its disk. */
  readonly disk: 'empty' | 'os';
  /** As SMBIOS says it; absent: the field is not filled in. */
  readonly serialNumber?: string;
}

/** What a machine did or saw, for people. */
export interface MachineStep {
  readonly machine: string;
  /** Since its power button. */
  readonly milliseconds: number;
  readonly level: 'detail' | 'step' | 'trouble';
  readonly text: string;
}

/** The world around a machine: its network, its time, and who listens to what it tells. */
export interface MachinePorts {
  readonly clock: Clock;
  readonly random: () => number;
  /** How much of the firmware's own waits is waited: 1 is as real. Waits for a lost packet are always as real. */
  readonly pace: number;
  readonly dhcp: DhcpTransport;
  readonly network: Network;
  readonly tftpPort: number;
  readonly http: HttpClient;
  /** Asset name to lower-case hex SHA-256: what machines ought to be sent. */
  readonly checksums: ReadonlyMap<string, string>;
  readonly report: (step: MachineStep) => void;
}

/** How one program on the machine ended. */
export type StageEnd =
  | {
      readonly to: 'kernel';
      readonly kernel: FetchedFile;
      readonly initrds: readonly FetchedFile[];
      readonly arguments: string;
    }
  | { readonly to: 'program'; readonly program: FetchedFile; readonly answer: DhcpAnswer }
  /** The firmware goes on to its next boot entry, the disk. */
  | { readonly to: 'next-entry'; readonly reason: string }
  /** The program starts the disk itself. */
  | { readonly to: 'disk'; readonly reason: string }
  | { readonly to: 'stuck'; readonly reason: string };

/** A machine that is on: what its programs share. */
export class Machine {
  readonly plan: MachinePlan;
  readonly firmware: MachineFirmware;
  readonly ports: MachinePorts;
  readonly #poweredAt: number;
  readonly #addresses: Ipv4[] = [];
  readonly #faults: string[] = [];
  #retransmits = 0;

  constructor(plan: MachinePlan, ports: MachinePorts) {
    this.plan = plan;
    this.ports = ports;
    this.firmware = MACHINE_FIRMWARE[plan.kind];
    this.#poweredAt = ports.clock.monotonic();
  }

  /** Every address that it got, in order; one, if the server is right. */
  get addresses(): readonly Ipv4[] {
    return this.#addresses;
  }

  /** What must not happen, even where the boot went on. */
  get faults(): readonly string[] {
    return this.#faults;
  }

  get retransmits(): number {
    return this.#retransmits;
  }

  get milliseconds(): number {
    return this.ports.clock.monotonic() - this.#poweredAt;
  }

  tell(text: string, level: MachineStep['level'] = 'step'): void {
    this.ports.report({ machine: this.plan.name, milliseconds: this.milliseconds, level, text });
  }

  fault(text: string): void {
    this.#faults.push(text);
    this.tell(text, 'trouble');
  }

  /** A wait of the firmware's own. */
  pause(realMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.ports.clock.setTimeout(resolve, realMs * this.ports.pace);
    });
  }

  /** Undefined where no server gave an address: the reason is told. A refused offer is handed back with its reason. */
  async dhcp(dialect: DhcpDialect): Promise<DhcpAnswer | { readonly refused: string }> {
    const outcome = await new DhcpClient(this.plan, dialect, {
      clock: this.ports.clock,
      transport: this.ports.dhcp,
      random: this.ports.random,
      pace: this.ports.pace,
      onRetransmit: (type, waitedMs) => {
        this.#retransmits += 1;
        this.tell(
          `${dialect.name}: no answer to ${type} for ${(waitedMs / 1_000).toFixed(1)} s, asks again`,
          'trouble',
        );
      },
    }).run();
    switch (outcome.result) {
      case 'bound':
        this.#leased(dialect, outcome.answer);
        return outcome.answer;
      case 'refused':
        return { refused: `is offered ${formatIpv4(outcome.offer.address)} and nothing to boot` };
      case 'declined-by-server':
        this.fault(`${dialect.name}: the server offers an address and then refuses it: ${outcome.reason}`);
        return { refused: `gets no address: ${outcome.reason}` };
      case 'silence':
        return { refused: `gets no answer by DHCP within ${Math.round(outcome.milliseconds / 1_000)} s` };
    }
  }

  #leased(dialect: DhcpDialect, answer: DhcpAnswer): void {
    const [first] = this.#addresses;
    const address = formatIpv4(answer.address);
    const boot = answer.bootFile === undefined ? '' : `, boot file ${answer.bootFile}`;
    this.tell(`${dialect.name} gets ${address}${boot}`);
    if (first !== undefined && first !== answer.address) {
      this.fault(
        `${dialect.name} got ${address}, the machine had ${formatIpv4(first)} before: one interface, two addresses`,
      );
    }
    this.#addresses.push(answer.address);
  }

  /** @param address the machine's own, leased */
  async tftp(
    address: Ipv4,
    server: string,
    name: string,
    dialect: TftpDialect,
    sizeOnly = false,
  ): Promise<TftpOutcome> {
    const socket = await this.ports.network.openDatagram({ address: formatIpv4(address), port: 0 });
    const endpoint = { address: server, port: this.ports.tftpPort };
    const outcome = await new TftpClient(socket, this.ports.clock, { name, server: endpoint, dialect, sizeOnly }).run();
    if (outcome.result === 'file') {
      this.#retransmits += outcome.retransmits;
      this.received(outcome.file, outcome.milliseconds, 'TFTP');
    }
    return outcome;
  }

  /** Tells of a file that arrived, and whether it is the one that the server has. */
  received(file: FetchedFile, milliseconds: number, protocol: string): void {
    const rate = file.sizeBytes / Math.max(milliseconds, 0.1) / 1_000;
    this.tell(`${protocol} ${shortName(file.name)}  ${sizeText(file.sizeBytes)}, ${rate.toFixed(1)} MB/s`);
    const path = decodeURIComponent(shortName(file.name)).replace(/^\/+/, '');
    for (const [asset, sha256] of this.ports.checksums) {
      if ((path === asset || path.endsWith(`/${asset}`)) && sha256 !== file.sha256) {
        this.fault(`${shortName(file.name)} arrived damaged: its SHA-256 is not that of ${asset}`);
      }
    }
  }
}

/**
 * What the firmware does when a boot program ends. EDK2 takes success for "the user is done": it opens its set-up screen
 * and stays there. After an error it goes on to its next boot entry, as a BIOS always does.
 */
export function programExit(machine: Machine, status: number, reason: string): StageEnd {
  if (status !== 0 || machine.firmware.boots === 'ipxe-rom') return { to: 'next-entry', reason };
  return { to: 'stuck', reason: `${reason}: the firmware opens its set-up screen` };
}

/** A path without its host: the machine has one server. */
export function shortName(name: string): string {
  return URL.canParse(name) ? new URL(name).pathname : name;
}

export function sizeText(bytes: number): string {
  if (bytes < 10_000) return `${bytes} B`;
  return bytes < 10_000_000 ? `${Math.round(bytes / 1_000)} kB` : `${Math.round(bytes / 1_000_000)} MB`;
}
