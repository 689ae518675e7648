import type { BootDecision } from '../../domain/boot.ts';
import type { BootClient, Firmware } from '../../domain/client.ts';
import { PodbootError } from '../../domain/errors.ts';
import type { GrantDirectory } from '../../domain/install-ports.ts';
import { formatIpv4, type Ipv4 } from '../../domain/ipv4.ts';
import type { NodePort } from '../../domain/node.ts';
import type { EventSink } from '../../domain/ports.ts';
import type { Settings } from '../../domain/settings.ts';
import type { ProgramPolicy } from './boot-policy.ts';
import { grubProgram, type Loader, type ProgramManifest } from './boot-programs.ts';
import type { ScriptContext } from './boot-script.ts';
import { decideBoot } from './decide-boot.ts';
import { DISK_QUIRKS } from './disk-methods.ts';
import { type Entitlement, sampleEntitlement } from './entitlements.ts';
import type { ProgramAvailability } from './program-availability.ts';
import type { RecentClients } from './recent-clients.ts';
import { renderGrub, renderGrubNotice } from './render-grub.ts';
import { renderIpxe, renderIpxeNotice } from './render-ipxe.ts';
import { type Requester, subjectOf } from './requester.ts';

export interface ScriptParts {
  readonly settings: Settings;
  readonly manifest: ProgramManifest;
  readonly availability: ProgramAvailability;
  readonly recent: RecentClients;
  readonly policy: ProgramPolicy;
  readonly grants: GrantDirectory;
  readonly events: EventSink;
}

export interface BootScript {
  readonly text: string;
  /** What became of the request, for the log: "its profile is rescue". */
  readonly summary: string;
  /** Absent where there was nothing to decide: the machine is not enrolled. */
  readonly decision?: BootDecision;
}

/** Scripts for machines that ask, rendered at that moment from what the node is to do now. */
export class BootScripts {
  readonly #parts: ScriptParts;

  constructor(parts: ScriptParts) {
    this.#parts = parts;
  }

  /** @param entitlement for a machine that boots; without it, the script as it would be, with a token that opens nothing */
  ipxe(requester: Requester, serverAddress: Ipv4, entitlement?: Entitlement): BootScript {
    if (requester.port === undefined) {
      return { text: renderIpxeNotice(...this.#unknown(requester)), summary: 'not enrolled' };
    }
    return this.#render(requester, 'ipxe', undefined, serverAddress, entitlement);
  }

  /** @param firmware what the name of the configuration says of it */
  grub(
    requester: Requester,
    firmware: Firmware | undefined,
    serverAddress: Ipv4,
    entitlement?: Entitlement,
  ): BootScript {
    if (requester.port === undefined) {
      return { text: renderGrubNotice(...this.#unknown(requester)), summary: 'not enrolled' };
    }
    return this.#render(requester, 'grub', firmware, serverAddress, entitlement);
  }

  #render(
    requester: Requester,
    loader: Loader,
    named: Firmware | undefined,
    serverAddress: Ipv4,
    given: Entitlement | undefined,
  ): BootScript {
    const { settings, policy, grants } = this.#parts;
    const client = this.#client(requester, loader, named);
    const { standing, answers } = given ?? sampleEntitlement(requester, policy.origin(serverAddress), grants);
    const port = askingBy(requester, loader);
    const decision = decideBoot(port, client, settings.boot, DISK_QUIRKS, standing, answers);
    const context = this.#context(requester, client.firmware, serverAddress);
    try {
      const text = loader === 'ipxe' ? renderIpxe(decision, context) : renderGrub(decision, context);
      return { text, summary: summaryOf(decision), decision };
    } catch (error) {
      if (!(error instanceof PodbootError)) throw error;
      return this.#refused(requester, loader, error);
    }
  }

  #client(requester: Requester, loader: Loader, named: Firmware | undefined): BootClient {
    const recent = this.#parts.recent.of(requester.key);
    const firmware = named ?? recent?.firmware;
    const { uuid } = requester.port?.node ?? {};
    return {
      ...(uuid === undefined ? {} : { uuid }),
      ...recent,
      stage: loader === 'ipxe' ? 'ipxe' : 'pxe',
      ...(firmware === undefined ? {} : { firmware }),
    };
  }

  #context(requester: Requester, firmware: Firmware | undefined, serverAddress: Ipv4): ScriptContext {
    const { manifest, availability, policy } = this.#parts;
    const grub = firmware === undefined ? undefined : grubProgram(manifest, firmware)?.name;
    const modules = manifest.modules.filter((folder) => folder.firmware === firmware);
    return {
      title: requester.port?.node.name ?? formatIpv4(requester.address),
      httpOrigin: policy.origin(serverAddress),
      tftpServer: formatIpv4(serverAddress),
      ...(firmware === undefined ? {} : { firmware }),
      ...(grub !== undefined && availability.has(grub) ? { grub } : {}),
      grubHttp:
        this.#servesHttp(serverAddress) && modules.some((folder) => availability.has(`${folder.name}/http.mod`)),
    };
  }

  #servesHttp(serverAddress: Ipv4): boolean {
    return this.#parts.settings.interfaces.some((each) => each.address === serverAddress && each.http);
  }

  #unknown(requester: Requester): string[] {
    const name = requester.key?.startsWith('mac:') ? requester.key.slice(4) : undefined;
    const who = name === undefined ? formatIpv4(requester.address) : `MAC address ${name}`;
    this.#parts.events.emit({
      type: 'boot.unknown',
      level: 'warn',
      subject: subjectOf(requester),
      text: `a machine that is not enrolled asks for something to boot: ${who} at ${formatIpv4(requester.address)}`,
      mend: `podboot enrol NAME --mac ${name ?? 'MAC'} --profile PROFILE`,
      throttle: requester.key ?? formatIpv4(requester.address),
    });
    return [
      `this machine is not enrolled: ${who}`,
      `to enrol it: podboot enrol NAME --mac ${name ?? 'MAC'} --profile PROFILE`,
    ];
  }

  #refused(requester: Requester, loader: Loader, error: PodbootError): BootScript {
    this.#parts.events.emit({
      type: 'boot.unrenderable',
      level: 'error',
      subject: subjectOf(requester),
      text: error.message,
      ...(error.mend === undefined ? {} : { mend: error.mend }),
      throttle: requester.key ?? formatIpv4(requester.address),
    });
    const notice = loader === 'ipxe' ? renderIpxeNotice : renderGrubNotice;
    return { text: notice(error.message), summary: 'its script could not be rendered' };
  }
}

/** The program that asks is the one that will carry the decision out, whatever the node's loader is. */
function askingBy({ port }: Requester, loader: Loader): NodePort | undefined {
  if (port === undefined) return undefined;
  return { ...port, node: { ...port.node, boot: { ...port.node.boot, loader } } };
}

function summaryOf(decision: BootDecision): string {
  switch (decision.action) {
    case 'nothing':
      return `nothing to boot: ${decision.reason}`;
    case 'disk':
      return `its disk by ${decision.method}: ${decision.reason}`;
    case 'script':
      return `iPXE commands: ${decision.reason}`;
    case 'kernel':
      return `kernel ${decision.kernel}: ${decision.reason}`;
  }
}
