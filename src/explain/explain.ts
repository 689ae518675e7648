import type { BootDecision } from '../domain/boot.ts';
import type { Because, ExplainedFirmware, ExplainedStep, Explanation } from '../domain/explanation.ts';
import { formatIpv4, type Ipv4 } from '../domain/ipv4.ts';
import type { InterfaceKey } from '../domain/lease.ts';
import { macKey } from '../domain/lease.ts';
import type { MacAddress } from '../domain/mac.ts';
import type { NodePort } from '../domain/node.ts';
import { ipxe } from '../rehearsal/dhcp-dialect.ts';
import { programKind } from '../rehearsal/firmware.ts';
import type { BootPreview } from '../services/boot/boot-preview.ts';
import type { BootScript } from '../services/boot/boot-scripts.ts';
import type { DhcpPreview } from '../services/dhcp/explain-dhcp.ts';
import { decisionWords, filesOf } from './decision-words.ts';
import { type Exchange, exchange } from './exchange.ts';
import { EXPLAINED_MACHINES, type ExplainedMachine } from './machines.ts';

export interface ExplainRequest {
  readonly mac: MacAddress;
  /** As the machine would send it; without one, one that identifies nobody. */
  readonly uuid?: string;
  readonly firmware: ExplainedFirmware;
  readonly interfaceName: string;
  /** Our address there. */
  readonly serverAddress: Ipv4;
  /** giaddr, where the machine asks through a relay. */
  readonly relay?: Ipv4;
  /** What a relay or a switch would say of its port, in hex (option 82). */
  readonly switchPort?: { readonly circuitId?: string; readonly remoteId?: string };
}

export interface ExplainParts {
  readonly dhcp: DhcpPreview;
  readonly boot: BootPreview;
}

/** All ones, which identifies nobody (SMBIOS specification section 7.2.1): a node must not be found by a made-up UUID. */
const NO_UUID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/**
 * What a machine would get now, step by step until its kernel or its disk: packets as that kind of machine sends them,
 * answered by the functions that answer real ones, and the files that would follow. Changes nothing.
 */
export async function explain(request: ExplainRequest, parts: ExplainParts): Promise<Explanation> {
  const walk = new Walk(request, parts);
  const summary = await walk.boot();
  const { mac, uuid, firmware, interfaceName, relay } = request;
  return {
    firmware,
    machine: {
      mac,
      ...(walk.port === undefined ? {} : { node: walk.port.node.name }),
      ...(uuid === undefined ? {} : { uuid }),
    },
    interfaceName,
    ...(relay === undefined ? {} : { relay: formatIpv4(relay) }),
    steps: walk.steps,
    summary,
  };
}

class Walk {
  readonly steps: ExplainedStep[] = [];
  port: NodePort | undefined;
  readonly #request: ExplainRequest;
  readonly #parts: ExplainParts;
  readonly #machine: ExplainedMachine;
  #key: InterfaceKey;
  #address: Ipv4 = 0;

  constructor(request: ExplainRequest, parts: ExplainParts) {
    this.#request = request;
    this.#parts = parts;
    this.#machine = EXPLAINED_MACHINES[request.firmware];
    this.#key = macKey(request.mac);
  }

  /** @returns the last word */
  async boot(): Promise<string> {
    const first = this.#exchange(this.#machine.dhcp);
    if (first.bootFile === undefined) return first.ending;
    if (this.#machine.boots === 'ipxe-rom') return await this.#script(first.bootFile);
    const name = programName(first.bootFile);
    const known = this.#parts.boot.program(name);
    const loader = known?.loader ?? (programKind(name) === 'ipxe' ? 'ipxe' : 'grub');
    const isThere = await this.#file(`fetches its boot program ${name}`, first.bootFile, name);
    if (!isThere) return `stops: ${name} would not be found`;
    if (loader === 'grub') return await this.#grub(name);
    if (this.#machine.secureBoot) {
      this.#add('Secure Boot looks at the program', 'refused', [
        { text: `${name} has no signature that the firmware knows: it is not started` },
        { text: 'boot.loader: grub, for the site or for the node, sends shim and GRUB, which are signed' },
      ]);
      return 'stops: Secure Boot refuses iPXE; use boot.loader: grub';
    }
    const second = this.#exchange(ipxe(this.#machine.ipxeArchitecture));
    return second.bootFile === undefined ? second.ending : await this.#script(second.bootFile);
  }

  #exchange(dialect: Parameters<typeof exchange>[0]['dialect']): Exchange {
    const { mac, uuid = NO_UUID, relay, switchPort } = this.#request;
    const result = exchange({
      dialect,
      identity: { mac, uuid },
      ask: (packet) => this.#parts.dhcp.ask(packet),
      ...(relay === undefined ? {} : { relay }),
      ...(switchPort === undefined ? {} : { switchPort }),
    });
    this.steps.push(...result.steps);
    this.port = result.port ?? this.port;
    this.#key = result.key ?? this.#key;
    this.#address = result.address ?? this.#address;
    return result;
  }

  async #grub(program: string): Promise<string> {
    const { grubName, firmware } = this.#machine;
    if (program !== grubName && !(await this.#file('shim loads GRUB beside itself', grubName, grubName))) {
      return `stops: shim would not find ${grubName}`;
    }
    const { serverAddress } = this.#request;
    return await this.#follow('grub/grub.cfg', 'GRUB asks for its configuration', 'grub', (requester) =>
      this.#parts.boot.scripts.grub(requester, firmware, serverAddress),
    );
  }

  async #script(url: string): Promise<string> {
    return await this.#follow(url, 'iPXE asks for its script', 'ipxe', (requester) =>
      this.#parts.boot.scripts.ipxe(requester, this.#request.serverAddress),
    );
  }

  async #follow(
    name: string,
    title: string,
    loader: 'ipxe' | 'grub',
    render: (requester: { address: Ipv4; key: InterfaceKey; port?: NodePort }) => BootScript,
  ): Promise<string> {
    const { port } = this;
    const requester = { address: this.#address, key: this.#key, ...(port === undefined ? {} : { port }) };
    const { text, summary, decision } = render(requester);
    const because: Because[] = decision === undefined ? [{ text: summary }] : decisionWords(decision, port, loader);
    this.#add(title, 'answered', because, { name, sizeBytes: Buffer.byteLength(text), text });
    return decision === undefined ? `gets no boot: ${summary}` : await this.#carryOut(decision);
  }

  async #carryOut(decision: BootDecision): Promise<string> {
    const missing: string[] = [];
    for (const { what, name } of filesOf(decision)) {
      if (!(await this.#file(`loads ${what}`, name, name))) missing.push(name);
    }
    if (missing.length > 0) return `stops: ${missing.join(' and ')} would not be found`;
    switch (decision.action) {
      case 'nothing':
        return `boots nothing: ${decision.reason}`;
      case 'disk':
        return `boots from its disk, by ${decision.method}: ${decision.reason}`;
      case 'kernel':
        return `boots the kernel ${decision.kernel} of ${decision.profile}: ${decision.reason}`;
      case 'script':
        return `runs the iPXE script of ${decision.profile}: ${decision.reason}`;
    }
  }

  async #file(title: string, asked: string, name: string): Promise<boolean> {
    const file = await this.#parts.boot.file(name);
    if (file === undefined) {
      this.#add(title, 'missing', [{ text: `${name} is neither under assetsDir nor in an installed package` }], {
        name: asked,
      });
      return false;
    }
    this.#add(title, 'answered', [{ text: `it is ${file.path}`, origin: { in: 'file', file: file.path } }], {
      name: asked,
      path: file.path,
      sizeBytes: file.sizeBytes,
    });
    return true;
  }

  #add(
    title: string,
    outcome: ExplainedStep['outcome'],
    because: readonly Because[],
    file?: ExplainedStep['file'],
  ): void {
    this.steps.push({ title, outcome, because, ...(file === undefined ? {} : { file }) });
  }
}

/** The asset behind a boot file: a TFTP name, or a URL under /assets/. */
function programName(bootFile: string): string {
  const path = /^[a-z]+:\/\/[^/]+\/assets\/(.+)$/.exec(bootFile)?.[1];
  return path ?? bootFile;
}
