import { formatIpv4 } from '../../domain/ipv4.ts';
import type { Node, NodeInterface } from '../../domain/node.ts';
import type { InterfaceInput } from '../node-input.ts';

/** The interfaces of a node as a patch takes them, with one of them changed or added: a patch replaces the list whole. */
export function withInterface(node: Node, changed: InterfaceInput): InterfaceInput[] {
  const inputs = node.interfaces.map((each) => (each.name === changed.name ? changed : interfaceInput(each)));
  return node.interfaces.some(({ name }) => name === changed.name) ? inputs : [...inputs, changed];
}

export function interfaceInput({ address, ...rest }: NodeInterface): InterfaceInput {
  return address === undefined ? rest : { ...rest, address: formatIpv4(address) };
}
