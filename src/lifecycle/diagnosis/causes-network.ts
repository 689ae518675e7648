import { type Cause, durationText, type Evidence } from './diagnosis-evidence.ts';

const waitsForFirmware = ({ life }: Evidence) =>
  life.state === 'powering' || (life.state === 'booting' && life.step !== 'seen');

/** From power to an address. */
export const NETWORK_CAUSES: readonly Cause[] = [
  {
    code: 'power-failed',
    title: 'the BMC could not start it',
    find(evidence) {
      const failed = evidence.last('effect.network-boot');
      if (!waitsForFirmware(evidence) || failed?.event.data?.fate !== 'failed' || evidence.isHeard) return undefined;
      const mend = failed.event.mend ?? 'Look at the BMC: its address, its credentials, whether it answers.';
      return evidence.finding(`${evidence.name} could not be powered: ${failed.event.text}`, mend, failed);
    },
  },
  {
    code: 'interface-down',
    title: 'our own interface is down',
    find(evidence) {
      const down = evidence.daemonLast('dhcp.interface-down');
      const up = evidence.daemonLast('dhcp.interface-up');
      if (evidence.isHeard || down === undefined || (up !== undefined && up.sequence > down.sequence)) return undefined;
      const mend = down.event.mend ?? 'Bring the interface up with its address.';
      return evidence.finding(`nothing is heard of ${evidence.name}, and ${down.event.text}`, mend, down);
    },
  },
  {
    code: 'waiting-for-power',
    title: 'a person is to power it on',
    find(evidence) {
      const byHand = evidence.last('effect.network-boot');
      if (!waitsForFirmware(evidence) || byHand?.event.data?.fate !== 'by-hand' || evidence.isHeard) return undefined;
      const since = durationText(evidence.input.now - byHand.at);
      return evidence.finding(
        `${evidence.name} was not heard of in the ${since} since it was armed, and nothing here can power it`,
        `Power ${evidence.name} on, booting from the network. If it is on: look at its cable, its switch port and its boot order.`,
        byHand,
      );
    },
  },
  {
    code: 'power-unconfirmed',
    title: 'its BMC never said that it is on',
    find(evidence) {
      if (evidence.life.state !== 'powering' || evidence.isHeard) return undefined;
      return evidence.finding(
        `${evidence.name} was to be powered, and its BMC never said that it is on`,
        'Look at the BMC (its event log, its network); power the machine on by hand if it does not answer.',
        evidence.last(/^effect\./),
      );
    },
  },
  {
    code: 'no-discover',
    title: 'it is on, and never asked for an address',
    find(evidence) {
      if (!waitsForFirmware(evidence) || evidence.isHeard) return undefined;
      const mac = evidence.input.node.interfaces.find(({ role }) => role === 'boot')?.mac;
      return evidence.finding(
        `${evidence.name} never asked for an address${mac === undefined ? '' : ` by ${mac}`}`,
        'Look at its cable and switch port (link, VLAN, spanning tree: portfast), at its boot order (network boot on this port), and whether the MAC address is the right port’s (podboot discovered).',
        evidence.last(/^effect\./),
      );
    },
  },
  {
    code: 'wrong-interface',
    title: 'it asks through an interface that is not to boot it',
    find(evidence) {
      const told = evidence.entries.findLast(({ event }) => / never boots its node/.test(event.text));
      if (told === undefined || evidence.has(/^(tftp\.|http\.)/)) return undefined;
      return evidence.finding(
        `${evidence.name} asks through an interface that is not to boot it: ${told.event.text}`,
        `Set network boot on its boot interface, or give this one the role boot: podboot nodes set ${evidence.name} --interface …,role=boot`,
        told,
      );
    },
  },
  {
    code: 'pool-full',
    title: 'no address was left for it',
    find(evidence) {
      const full = evidence.last('dhcp.pool-full');
      const offered = evidence.last('dhcp.offer');
      if (full === undefined || (offered !== undefined && offered.sequence > full.sequence)) return undefined;
      return evidence.finding(
        `${evidence.name} got no address: the pool is full`,
        full.event.mend ?? `Give ${evidence.name} an address of its own, or the subnet a larger pool.`,
        full,
      );
    },
  },
  {
    code: 'address-conflict',
    title: 'another machine has its address',
    find(evidence) {
      const declined = evidence.last('dhcp.decline');
      const acknowledged = evidence.last('dhcp.ack');
      if (declined === undefined || (acknowledged !== undefined && acknowledged.sequence > declined.sequence))
        return undefined;
      const mend = declined.event.mend ?? 'Find the machine with the fixed address.';
      return evidence.finding(`another machine has the address of ${evidence.name}`, mend, declined);
    },
  },
  {
    code: 'address-refused-again',
    title: 'it asks for an address that it may not have, again and again',
    find(evidence) {
      const naks = evidence.all('dhcp.nak', evidence.lastBoot);
      if (naks.length < 3 || evidence.last('dhcp.ack', evidence.lastBoot) !== undefined) return undefined;
      return evidence.finding(
        `${evidence.name} was refused the address that it asks for ${naks.length} times: ${naks.at(-1)?.event.text ?? ''}`,
        'Another DHCP server may have given it that address: look for one (podboot timeline), and for two relays that disagree.',
        ...naks,
      );
    },
  },
  {
    code: 'other-server-answered',
    title: 'another DHCP server answered it',
    find(evidence) {
      const offer = evidence.last('dhcp.offer', evidence.lastBoot);
      const other = evidence.daemonLast('dhcp.other-server');
      if (offer === undefined || other === undefined || evidence.last('dhcp.ack', evidence.lastBoot) !== undefined)
        return undefined;
      return evidence.finding(
        `${evidence.name} was offered an address and did not take it; another DHCP server answers there: ${String(other.event.data?.server ?? '')}`,
        other.event.mend ?? 'Turn the other server off on this network.',
        offer,
        other,
      );
    },
  },
  {
    code: 'offer-unanswered',
    title: 'it was offered an address and never took it',
    find(evidence) {
      const offers = evidence.all('dhcp.offer');
      if (offers.length === 0 || evidence.has('dhcp.ack')) return undefined;
      return evidence.finding(
        `${evidence.name} was offered an address ${offers.length} times and never took it: the offers may not reach it`,
        'Look at the way back: the relay’s route to this host, a firewall on UDP 67 and 68, another DHCP server that was not noticed (tcpdump on the node’s network).',
        ...offers,
      );
    },
  },
];
