import type { Problem } from '../domain/errors.ts';
import { formatIpv4, type Ipv4 } from '../domain/ipv4.ts';
import type { Node, NodeInterface, SwitchPort } from '../domain/node.ts';

export type ClaimKind = 'name' | 'uuid' | 'serialNumber' | 'mac' | 'clientId' | 'switchPort' | 'address';

/** Something that at most one node (or one interface) may have. */
export interface Claim {
  readonly kind: ClaimKind;
  /** In a form that is equal where the things are the same. */
  readonly value: string | Ipv4;
  /** Where in the node: `interfaces[0].mac`. */
  readonly path: string;
  readonly node: Node;
  readonly interface?: NodeInterface;
}

const WORDS: Readonly<Record<ClaimKind, string>> = {
  name: 'The name',
  uuid: 'The UUID',
  serialNumber: 'The serial number',
  mac: 'The MAC address',
  clientId: 'The client identifier',
  switchPort: 'The switch port',
  address: 'The address',
};

/** Both parts, so that a port with one of them and a port with both can stand beside each other. */
export function switchPortKey(port: SwitchPort): string {
  return `${port.circuitId ?? ''}/${port.remoteId ?? ''}`;
}

/** Labels and SMBIOS disagree about case. */
export function serialNumberKey(serialNumber: string): string {
  return serialNumber.trim().toUpperCase();
}

/** The boot interface that is the machine's whose serial number or UUID the node has, and that nothing else tells yet. */
export function awaitedInterface(node: Node): NodeInterface | undefined {
  if (node.serialNumber === undefined && node.uuid === undefined) return undefined;
  return node.interfaces.find(
    ({ role, mac, clientId, switchPort }) =>
      role === 'boot' && mac === undefined && clientId === undefined && switchPort === undefined,
  );
}

/** Everything that `node` wants for itself alone. */
export function claimsOf(node: Node): Claim[] {
  const claims: Claim[] = [{ kind: 'name', value: node.name, path: 'name', node }];
  if (node.uuid !== undefined) claims.push({ kind: 'uuid', value: node.uuid, path: 'uuid', node });
  if (node.serialNumber !== undefined) {
    claims.push({ kind: 'serialNumber', value: serialNumberKey(node.serialNumber), path: 'serialNumber', node });
  }
  for (const [index, port] of node.interfaces.entries()) {
    const claim = (kind: ClaimKind, value: string | Ipv4 | undefined) => {
      if (value === undefined) return;
      claims.push({ kind, value, path: `interfaces[${index}].${kind}`, node, interface: port });
    };
    claim('mac', port.mac);
    claim('clientId', port.clientId);
    claim('switchPort', port.switchPort === undefined ? undefined : switchPortKey(port.switchPort));
    claim('address', port.address);
  }
  return claims;
}

/**
 * Both owners, and what to do.
 *
 * @param heldAt where the other one stands, if in the same input: `line 12`
 */
export function claimProblem(wanted: Claim, held: Claim, heldAt?: string): Problem {
  const inOneNode = wanted.node.id === held.node.id && wanted.interface !== undefined && held.interface !== undefined;
  const at = heldAt === undefined ? '' : `, ${heldAt}`;
  if (wanted.kind === 'name') {
    const message = `The name ${wanted.node.name} is wanted for ${hardwareOf(wanted.node)} and belongs to ${hardwareOf(held.node)}${at}.`;
    return { path: wanted.path, message, mend: CHANGE_IT };
  }
  const owner = inOneNode ? `its own interface ${held.interface?.name}` : `${describe(held)}${at}`;
  const mend = inOneNode
    ? 'Give it to one of the two interfaces.'
    : held.node.name === wanted.node.name
      ? CHANGE_IT
      : `Look which of ${held.node.name} and ${wanted.node.name} really has it; take it from the other one first.`;
  const message = `${WORDS[wanted.kind]} ${shownValue(wanted)} is wanted for ${describe(wanted)} and belongs to ${owner}.`;
  return { path: wanted.path, message, mend };
}

const CHANGE_IT = 'Use another name; or change the node that is there: podboot nodes set, replace or rename.';

/** Which machine it is, where two have one name. */
function hardwareOf({ interfaces, serialNumber, id }: Node): string {
  const named = interfaces.find(({ mac }) => mac !== undefined);
  if (named !== undefined) return `the machine with ${named.name} ${named.mac}`;
  return serialNumber === undefined ? `the node ${id}` : `the machine with serial number ${serialNumber}`;
}

function describe(claim: Claim): string {
  return claim.interface === undefined ? claim.node.name : `${claim.node.name} (interface ${claim.interface.name})`;
}

function shownValue(claim: Claim): string {
  return typeof claim.value === 'number' ? formatIpv4(claim.value) : claim.value;
}
