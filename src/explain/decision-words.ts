import type { AssetName, BootDecision } from '../domain/boot.ts';
import type { Because } from '../domain/explanation.ts';
import type { NodePort } from '../domain/node.ts';

/** Why this is what the machine is to boot, and where that is written. */
export function decisionWords(decision: BootDecision, port: NodePort | undefined, loader: 'ipxe' | 'grub'): Because[] {
  const node = port?.node;
  const because: Because[] = [
    node === undefined
      ? { text: decision.reason }
      : { text: decision.reason, origin: { in: 'node', node: node.name, field: 'boot.profile' } },
  ];
  if (decision.action === 'kernel' || decision.action === 'script') {
    const path = ['profiles', decision.profile];
    because.push({ text: `${decision.profile} says what is run`, origin: { in: 'configuration', path } });
  }
  if (decision.action === 'disk' && node !== undefined) {
    const text = `${loader === 'ipxe' ? 'iPXE' : 'GRUB'} brings it to its disk by ${decision.method}`;
    because.push(
      node.boot.diskMethod === undefined
        ? { text, origin: { in: 'rule', rule: 'boot.diskMethods of podboot.yaml, or the table of firmware quirks' } }
        : { text, origin: { in: 'node', node: node.name, field: 'boot.diskMethod' } },
    );
  }
  return because;
}

/** What a decision makes the machine load, in order. */
export function filesOf(decision: BootDecision): { readonly what: string; readonly name: AssetName }[] {
  if (decision.action !== 'kernel') return [];
  return [
    { what: 'its kernel', name: decision.kernel },
    ...decision.initrds.map((name) => ({ what: 'its initial RAM disk', name })),
  ];
}
