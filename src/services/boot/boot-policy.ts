import type { AssetName, BootDecision, BootInformation } from '../../domain/boot.ts';
import type { BootClient, Firmware } from '../../domain/client.ts';
import type { Identification } from '../../domain/discovered-machine.ts';
import type { EventSubject } from '../../domain/events.ts';
import type { GrantDirectory, GrantStanding } from '../../domain/install-ports.ts';
import { formatIpv4, type Ipv4 } from '../../domain/ipv4.ts';
import type { InterfaceKey } from '../../domain/lease.ts';
import type { DiskMethod, NodePort } from '../../domain/node.ts';
import type { BootPolicy, EventSink } from '../../domain/ports.ts';
import type { Settings } from '../../domain/settings.ts';
import { LOCAL_PROFILE } from '../../profiles/local.ts';
import { installHint, type Loader, type ProgramManifest, startProgram } from './boot-programs.ts';
import { decideBoot, loaderFor } from './decide-boot.ts';
import { DISK_QUIRKS } from './disk-methods.ts';
import { standingOf } from './entitlements.ts';
import { mediumObstacle } from './medium-obstacle.ts';
import type { ProgramAvailability } from './program-availability.ts';
import type { RecentClients } from './recent-clients.ts';
import { keyToUrlId } from './requester.ts';

export interface PolicyParts {
  readonly settings: Settings;
  readonly manifest: ProgramManifest;
  readonly availability: ProgramAvailability;
  readonly recent: RecentClients;
  readonly grants: GrantDirectory;
  readonly identification: Pick<Identification, 'isWanted'>;
  readonly events: EventSink;
}

/** Which program, or the sentence that says why there is none and the one that says what to do about it. */
type ProgramChoice =
  | { readonly name: string; readonly text: string }
  | { readonly name?: undefined; readonly text: string; readonly mend: string };

/** What DHCP tells a machine about booting. Asked for every packet: all from memory. */
export class ProgramPolicy implements BootPolicy {
  readonly #parts: PolicyParts;
  readonly #origins = new Map<Ipv4, string>();

  constructor(parts: PolicyParts) {
    this.#parts = parts;
  }

  bootInformation(
    port: NodePort | undefined,
    client: BootClient,
    key: InterfaceKey,
    serverAddress: Ipv4,
  ): BootInformation {
    const standing = standingOf(port, this.#parts.grants);
    const decision = decideBoot(port, client, this.#parts.settings.boot, DISK_QUIRKS, standing);
    if (port === undefined) return this.#question(client, key, serverAddress) ?? { reason: decision.reason };
    if (decision.action === 'nothing') return { reason: decision.reason };
    this.#parts.recent.remember(key, client);
    this.#tellOfMedium(port, client, key, standing);
    if (decision.action === 'disk' && decision.method === 'no-boot-file') {
      return { reason: `its disk, by no boot file: ${decision.reason}` };
    }
    const closed = this.#closedDoor(client, serverAddress);
    if (closed !== undefined) {
      this.#complain(port, key, closed);
      return { reason: closed.text };
    }
    if (client.stage === 'ipxe') {
      const file = `${this.origin(serverAddress)}/boot/${keyToUrlId(key)}.ipxe`;
      return { file, nextServer: serverAddress, reason: `iPXE's script: ${decision.reason}` };
    }
    return this.#program(port, client, key, decision, serverAddress);
  }

  /**
   * A stranger gets nothing, or a program that asks which node it is, while nodes wait for their machines. Undefined: it is
   * not to be asked, or can't be.
   */
  #question(client: BootClient, key: InterfaceKey, serverAddress: Ipv4): BootInformation | undefined {
    const { settings, identification, recent } = this.#parts;
    const at = settings.interfaces.find((each) => each.address === serverAddress);
    const boots = client.stage === 'pxe' || client.stage === 'http' || client.stage === 'ipxe';
    // Beside another DHCP server nobody knows whose an address is, and so whose words it is that come from there.
    if (!boots || at?.http !== true || at.dhcp === 'proxy' || !identification.isWanted(key)) return undefined;
    const reason = 'nodes wait for their machines: it is asked for its serial number';
    if (client.stage === 'ipxe') {
      recent.remember(key, client);
      const file = `${this.origin(serverAddress)}/identify/${keyToUrlId(key)}.ipxe`;
      return { file, nextServer: serverAddress, reason };
    }
    if (client.firmware === undefined || this.#closedDoor(client, serverAddress) !== undefined) return undefined;
    const loader = loaderFor({ profile: LOCAL_PROFILE, loader: 'auto' }, client, settings.boot);
    const program = this.#siteProgram(client.firmware, loader, client);
    if (program.name === undefined) return undefined;
    recent.remember(key, client);
    return { ...this.#named(program.name, client, serverAddress), reason: `${reason}, by ${program.text}` };
  }

  /** It goes to its disk, which may be empty: somebody has to hear why. */
  #tellOfMedium(port: NodePort, client: BootClient, key: InterfaceKey, standing: GrantStanding): void {
    const name = standing.kind === 'armed' ? standing.grant.profile : port.node.boot.profile;
    const profile = this.#parts.settings.boot.profiles.get(name);
    const obstacle = profile === undefined ? undefined : mediumObstacle(profile, client);
    if (obstacle !== undefined) this.#complain(port, key, obstacle, obstacle.type);
  }

  /** What the answer would point to is turned off on the interface that the machine asks through. */
  #closedDoor(client: BootClient, serverAddress: Ipv4): { readonly text: string; readonly mend: string } | undefined {
    const each = this.#parts.settings.interfaces.find((candidate) => candidate.address === serverAddress);
    const protocol = client.stage === 'pxe' ? 'tftp' : 'http';
    if (each === undefined || each[protocol]) return undefined;
    return {
      text: `it boots by ${protocol.toUpperCase()}, which is off on ${each.name}`,
      mend: `Set interfaces.${each.name}.${protocol} to true.`,
    };
  }

  /** `http://10.77.0.1` or `http://10.77.0.1:8080`. */
  origin(serverAddress: Ipv4): string {
    let origin = this.#origins.get(serverAddress);
    if (origin === undefined) {
      const { port } = this.#parts.settings.http;
      origin = `http://${formatIpv4(serverAddress)}${port === 80 ? '' : `:${port}`}`;
      this.#origins.set(serverAddress, origin);
    }
    return origin;
  }

  #program(
    port: NodePort,
    client: BootClient,
    key: InterfaceKey,
    decision: BootDecision,
    serverAddress: Ipv4,
  ): BootInformation {
    const choice = this.#choice(port, client, decision);
    if (choice.name === undefined) {
      this.#complain(port, key, choice);
      return { reason: choice.text };
    }
    return { ...this.#named(choice.name, client, serverAddress), reason: choice.text };
  }

  /** As the firmware takes it. */
  #named(name: AssetName, client: BootClient, serverAddress: Ipv4): Omit<BootInformation, 'reason'> {
    return client.stage === 'http'
      ? { file: `${this.origin(serverAddress)}/assets/${name}`, vendorClass: 'HTTPClient' }
      : { file: name, nextServer: serverAddress, vendorClass: 'PXEClient' };
  }

  #choice(port: NodePort, client: BootClient, decision: BootDecision): ProgramChoice {
    const { firmware } = client;
    if (firmware === undefined) {
      return {
        text: `no boot program: it doesn't say what firmware it has (option 93 is ${client.architecture ?? 'absent'})`,
        mend: 'Set the machine to PXE or UEFI HTTP boot over IPv4.',
      };
    }
    const wanted = loaderFor(port.node.boot, client, this.#parts.settings.boot);
    const loader = decision.action === 'disk' ? this.#diskLoader(decision.method, wanted, client) : wanted;
    // The operator's own program stands for the loader of that firmware, not for one that this node alone uses.
    const own = port.node.boot.loader === 'auto' && loader === wanted;
    return own ? this.#siteProgram(firmware, loader, client) : this.#packagedProgram(firmware, loader, client);
  }

  /**
   * The program that carries a disk method out. GRUB can't start over HTTP, and may not be installed; there is no iPXE
   * for some firmware: then the loader that there is does what it can.
   */
  #diskLoader(method: DiskMethod, wanted: Loader, client: BootClient): Loader {
    const preferred: Loader = method.startsWith('grub-') ? 'grub' : 'ipxe';
    if (client.firmware === undefined) return wanted;
    const program = startProgram(this.#parts.manifest, client.firmware, preferred, client.stage === 'http');
    return program !== undefined && this.#parts.availability.has(program.name) ? preferred : wanted;
  }

  #siteProgram(firmware: Firmware, loader: Loader, client: BootClient): ProgramChoice {
    const name = this.#parts.settings.boot.programs[firmware];
    if (name === undefined) return this.#packagedProgram(firmware, loader, client);
    if (this.#parts.availability.has(name)) return { name, text: `${name} for ${firmware}, as boot.programs says` };
    return {
      text: `no boot program: ${name} of boot.programs.${firmware} is not there`,
      mend: `Put ${name} into assetsDir.`,
    };
  }

  #packagedProgram(firmware: Firmware, loader: Loader, client: BootClient): ProgramChoice {
    const overHttp = client.stage === 'http';
    const program = startProgram(this.#parts.manifest, firmware, loader, overHttp);
    if (program === undefined) return noProgram(firmware, loader, overHttp);
    if (!this.#parts.availability.has(program.name)) {
      return { text: `no boot program: ${program.name} for ${firmware} is not installed`, mend: installHint(program) };
    }
    const label = loader === 'ipxe' ? 'iPXE' : 'shim and GRUB';
    return { name: program.name, text: `${label} (${program.name}) for ${firmware}` };
  }

  #complain(
    port: NodePort,
    key: InterfaceKey,
    choice: { readonly text: string; readonly mend: string },
    type = 'boot.no-program',
  ): void {
    const subject: EventSubject = { nodeId: port.node.id, nodeName: port.node.name, key };
    this.#parts.events.emit({
      type,
      level: 'warn',
      subject,
      text: `${port.node.name} can't be booted: ${choice.text}`,
      mend: choice.mend,
      throttle: port.node.id,
    });
  }
}

function noProgram(firmware: string, loader: Loader, overHttp: boolean): ProgramChoice {
  if (overHttp && loader === 'grub') {
    return {
      text: `no boot program: GRUB for ${firmware} can't go on after UEFI HTTP boot, it has no http module`,
      mend: 'Set the machine to PXE over IPv4 in its firmware.',
    };
  }
  return {
    text: `no boot program: podboot knows no ${loader === 'ipxe' ? 'iPXE' : 'GRUB'} for ${firmware}${overHttp ? ' over HTTP' : ''}`,
    mend: `Put one into assetsDir and name it in the configuration: boot.programs.${firmware}.`,
  };
}
