import { uint32Value } from '../../codecs/dhcp/option-fields.ts';
import { OptionCode, optionByName } from '../../codecs/dhcp/option-table.ts';
import { encodeOptionValue, InvalidOptionValue } from '../../codecs/dhcp/option-values.ts';
import { latin1, utf8Bytes } from '../../codecs/text.ts';
import { broadcastAddress, netmask } from '../../domain/ipv4.ts';
import type { Node } from '../../domain/node.ts';
import type { DhcpSettings, OptionSet, ReservationSettings, SubnetSettings } from '../../domain/settings.ts';
import type { ClientIdentity } from './client-identity.ts';

/** Options of one kind of answer, ready for the message. */
export interface OptionPlan {
  readonly options: readonly (readonly [code: number, value: Uint8Array])[];
  /** What the client asked for; undefined: it did not say, and gets everything. */
  readonly wanted: ReadonlySet<number> | undefined;
}

/** Whose options they are. */
export type OptionOrigin =
  | { readonly of: 'site' }
  /** The subnet's own prefix length. */
  | { readonly of: 'prefix'; readonly subnet: SubnetSettings }
  | { readonly of: 'subnet'; readonly subnet: SubnetSettings }
  | { readonly of: 'group'; readonly name: string }
  | { readonly of: 'node-name'; readonly node: Node }
  | { readonly of: 'node'; readonly node: Node }
  | { readonly of: 'reservation'; readonly reservation: ReservationSettings };

interface Layer {
  readonly origin: OptionOrigin;
  readonly options: OptionSet;
}

/** An option of a node that has no meaning: told once, and left out. */
export type OptionProblem = (node: Node, name: string, problem: string) => void;

/** Firmware, iPXE, installers and systems: a handful. A stranger could send any list. */
const MAX_LISTS_EACH = 32;
const NO_LIST = '';

interface Merged {
  readonly all: OptionSet;
  readonly byList: Map<string, OptionPlan>;
}

type BySubnet = Map<SubnetSettings | undefined, Merged>;

/**
 * Option sets merged from site, subnet, group, and node or reservation, the later one winning, cut down to what the client
 * asked for (RFC 2131 section 4.3.1). Each is made once and kept: a packet costs two look-ups.
 */
export class OptionPlans {
  readonly #settings: DhcpSettings;
  readonly #problem: OptionProblem;
  readonly #custom: ReadonlyMap<string, DhcpSettings['customOptions'][number]>;
  readonly #strangers: BySubnet = new Map();
  readonly #nodes = new WeakMap<Node, BySubnet>();
  readonly #controllers = new WeakMap<Node, BySubnet>();
  readonly #reservations = new WeakMap<ReservationSettings, BySubnet>();

  constructor(settings: DhcpSettings, problem: OptionProblem) {
    this.#settings = settings;
    this.#problem = problem;
    this.#custom = new Map(settings.customOptions.map((option) => [option.name, option]));
  }

  /** @param list option 55 as it was sent */
  plan(subnet: SubnetSettings | undefined, identity: ClientIdentity, list: Uint8Array | undefined): OptionPlan {
    const bySubnet = this.#kept(identity);
    let merged = bySubnet.get(subnet);
    if (merged === undefined) {
      merged = { all: this.#merge(subnet, identity), byList: new Map() };
      bySubnet.set(subnet, merged);
    }
    const key = list === undefined ? NO_LIST : latin1(list);
    let plan = merged.byList.get(key);
    if (plan === undefined) {
      plan = cutDown(merged.all, subnet, list);
      if (merged.byList.size < MAX_LISTS_EACH) merged.byList.set(key, plan);
    }
    return plan;
  }

  #kept({ port, reservation }: ClientIdentity): BySubnet {
    if (port !== undefined) return keptIn(port.interface.role === 'bmc' ? this.#controllers : this.#nodes, port.node);
    return reservation === undefined ? this.#strangers : keptIn(this.#reservations, reservation);
  }

  /** Where the options of such an answer come from, by code; what the protocol itself sets is not among them. */
  origins(subnet: SubnetSettings | undefined, identity: ClientIdentity): ReadonlyMap<number, OptionOrigin> {
    const origins = new Map<number, OptionOrigin>();
    for (const { origin, options } of this.#layers(subnet, identity)) {
      for (const code of options.keys()) origins.set(code, origin);
    }
    return origins;
  }

  #merge(subnet: SubnetSettings | undefined, identity: ClientIdentity): OptionSet {
    const all = new Map<number, Uint8Array>();
    for (const { options } of this.#layers(subnet, identity)) {
      for (const [code, value] of options) all.set(code, value);
    }
    return all;
  }

  /** The later one wins. */
  #layers(subnet: SubnetSettings | undefined, { port, reservation }: ClientIdentity): Layer[] {
    const layers: Layer[] = [{ origin: { of: 'site' }, options: this.#settings.options }];
    if (subnet !== undefined) {
      const mask = new Map([[OptionCode.subnetMask, uint32Value(netmask(subnet.prefixLength))]]);
      layers.push({ origin: { of: 'prefix', subnet }, options: mask });
      layers.push({ origin: { of: 'subnet', subnet }, options: subnet.options });
    }
    if (port !== undefined) {
      const { node } = port;
      // The controller beside the node is another host: two hosts must not go by one name.
      if (port.interface.role !== 'bmc') {
        layers.push({
          origin: { of: 'node-name', node },
          options: new Map([[OptionCode.hostName, utf8Bytes(node.name)]]),
        });
      }
      const group = node.group === undefined ? undefined : this.#settings.groups.get(node.group);
      if (group !== undefined) layers.push({ origin: { of: 'group', name: group.name }, options: group.options });
      layers.push({ origin: { of: 'node', node }, options: this.#compile(node) });
    } else if (reservation !== undefined) {
      layers.push({ origin: { of: 'reservation', reservation }, options: reservation.options });
    }
    return layers;
  }

  #compile(node: Node): OptionSet {
    const compiled = new Map<number, Uint8Array>();
    for (const [name, value] of Object.entries(node.options)) {
      const definition = this.#custom.get(name) ?? optionByName(name);
      if (definition === undefined) {
        this.#problem(node, name, 'there is no such option');
        continue;
      }
      try {
        compiled.set(definition.code, encodeOptionValue(definition.type, value));
      } catch (error) {
        if (!(error instanceof InvalidOptionValue)) throw error;
        this.#problem(node, name, error.message);
      }
    }
    return compiled;
  }
}

function keptIn<Owner extends object>(kept: WeakMap<Owner, BySubnet>, owner: Owner): BySubnet {
  let bySubnet = kept.get(owner);
  if (bySubnet === undefined) {
    bySubnet = new Map();
    kept.set(owner, bySubnet);
  }
  return bySubnet;
}

/** Always with the mask, which some clients forget to ask for; then in the client's own order. */
function cutDown(all: OptionSet, subnet: SubnetSettings | undefined, list: Uint8Array | undefined): OptionPlan {
  if (list === undefined) return { options: [...all], wanted: undefined };
  const wanted = new Set(list);
  const mask = all.get(OptionCode.subnetMask);
  const options: [number, Uint8Array][] = mask === undefined ? [] : [[OptionCode.subnetMask, mask]];
  for (const code of wanted) {
    const value = code === OptionCode.subnetMask ? undefined : (all.get(code) ?? derived(code, subnet));
    if (value !== undefined) options.push([code, value]);
  }
  return { options, wanted };
}

function derived(code: number, subnet: SubnetSettings | undefined): Uint8Array | undefined {
  if (code !== OptionCode.broadcastAddress || subnet === undefined || subnet.prefixLength >= 31) return undefined;
  return uint32Value(broadcastAddress(subnet));
}
