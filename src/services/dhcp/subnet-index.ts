import { formatIpv4, formatSubnet, type Ipv4, subnetContains } from '../../domain/ipv4.ts';
import type { InterfaceSettings, SubnetSettings } from '../../domain/settings.ts';

/** Why no subnet serves a packet. */
export type NoSubnetReason =
  /** The interface has no subnet that its own address is in. */
  | 'no-subnet-here'
  /** giaddr is in no subnet's list of relays. */
  | 'unknown-relay'
  /** The relay may ask, but not for the link that it names (RFC 3527, RFC 3011). */
  | 'unknown-link'
  /** The relay may ask for several links, is on none of them and does not say which it means. */
  | 'ambiguous-relay';

export type SubnetSelection =
  | {
      readonly found: true;
      /** That of the client's link first, then those that share the link. */
      readonly subnets: readonly SubnetSettings[];
      readonly relayed: boolean;
    }
  | { readonly found: false; readonly reason: NoSubnetReason; readonly text: string; readonly mend: string };

/** Where a packet comes from, as far as it says so. */
export interface PacketOrigin {
  readonly giaddr: Ipv4;
  /** Sub-option 5 of option 82 (RFC 3527). */
  readonly linkSelection?: Ipv4;
  /** Option 118 (RFC 3011); only believed behind a relay that may ask for that subnet. */
  readonly subnetSelection?: Ipv4;
  /** A client that renews through a router comes without a relay: its own address says where it is. */
  readonly ciaddr: Ipv4;
}

/** Selections by relay and link are kept; who forges links must not make the memory grow. */
const MAX_KEPT_SELECTIONS = 1_024;

/** Which subnets serve a packet that came through one interface. Never one that the configuration does not name. */
export class SubnetIndex {
  readonly #interface: InterfaceSettings;
  readonly #subnets: readonly SubnetSettings[];
  readonly #direct: SubnetSelection;
  readonly #relayed = new Map<string, SubnetSelection>();
  readonly #byMember = new Map<SubnetSettings, SubnetSelection>();

  constructor(at: InterfaceSettings, subnets: readonly SubnetSettings[]) {
    this.#interface = at;
    this.#subnets = subnets.filter((subnet) => subnet.interfaceName === at.name);
    for (const subnet of this.#subnets) this.#byMember.set(subnet, this.#withSiblings(subnet, false));
    const own = this.#subnets.find((subnet) => subnetContains(subnet, at.address));
    this.#direct =
      own !== undefined
        ? (this.#byMember.get(own) as SubnetSelection)
        : {
            found: false,
            reason: 'no-subnet-here',
            text: `${at.name} (${formatIpv4(at.address)}) is in none of the subnets that the configuration names`,
            mend: `add a subnet with "interface: ${at.name}" that ${formatIpv4(at.address)} is in, or set its dhcp to off`,
          };
  }

  get subnets(): readonly SubnetSettings[] {
    return this.#subnets;
  }

  select(origin: PacketOrigin): SubnetSelection {
    if (origin.giaddr !== 0) return this.#selectRelayed(origin);
    if (origin.ciaddr !== 0) {
      const subnet = this.#subnets.find((each) => subnetContains(each, origin.ciaddr));
      if (subnet !== undefined) return this.#byMember.get(subnet) ?? this.#direct;
    }
    return this.#direct;
  }

  #selectRelayed({ giaddr, linkSelection, subnetSelection }: PacketOrigin): SubnetSelection {
    // RFC 3527 section 3: link selection goes before option 118, which goes before giaddr.
    const link = linkSelection ?? subnetSelection;
    const key = `${giaddr}/${link ?? ''}`;
    const kept = this.#relayed.get(key);
    if (kept !== undefined) return kept;
    const selection = this.#findRelayed(giaddr, link);
    if (this.#relayed.size < MAX_KEPT_SELECTIONS) this.#relayed.set(key, selection);
    return selection;
  }

  #findRelayed(giaddr: Ipv4, link: Ipv4 | undefined): SubnetSelection {
    const allowed = this.#subnets.filter((subnet) => subnet.relays.includes(giaddr));
    const relay = formatIpv4(giaddr);
    if (allowed.length === 0) {
      return {
        found: false,
        reason: 'unknown-relay',
        text: `relay ${relay} asks through ${this.#interface.name}, but no subnet names it`,
        mend: `add ${relay} to "relays" of the subnet that it asks for, if it is yours`,
      };
    }
    const wanted = link ?? giaddr;
    const chosen = allowed.find((subnet) => subnetContains(subnet, wanted));
    if (chosen !== undefined) return this.#withSiblings(chosen, true);
    if (link !== undefined) {
      return {
        found: false,
        reason: 'unknown-link',
        text: `relay ${relay} asks for the link of ${formatIpv4(link)}, which no subnet that names the relay has`,
        mend: `add a subnet with ${formatIpv4(link)} in it and ${relay} in its "relays"`,
      };
    }
    const [first, ...others] = allowed as [SubnetSettings, ...SubnetSettings[]];
    const oneLink = others.every(
      (subnet) => first.sharedNetwork !== undefined && subnet.sharedNetwork === first.sharedNetwork,
    );
    if (oneLink) return this.#withSiblings(first, true);
    return {
      found: false,
      reason: 'ambiguous-relay',
      text: `relay ${relay} may ask for ${allowed.map(formatSubnet).join(', ')} and does not say which it means`,
      mend: `turn link selection (RFC 3527) on at the relay, or let it ask with its address in the subnet`,
    };
  }

  #withSiblings(chosen: SubnetSettings, relayed: boolean): SubnetSelection {
    const { sharedNetwork } = chosen;
    const siblings =
      sharedNetwork === undefined
        ? []
        : this.#subnets.filter((subnet) => subnet !== chosen && subnet.sharedNetwork === sharedNetwork);
    return { found: true, subnets: [chosen, ...siblings], relayed };
  }
}
