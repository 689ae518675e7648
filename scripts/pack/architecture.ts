/** A machine that a package is made for, in the words of those who have their own. */
export interface Architecture {
  readonly debian: 'amd64' | 'arm64';
  readonly node: 'x64' | 'arm64';
}

export const ARCHITECTURES: readonly Architecture[] = [
  { debian: 'amd64', node: 'x64' },
  { debian: 'arm64', node: 'arm64' },
];

export function architectureOf(name: string): Architecture | undefined {
  return ARCHITECTURES.find(({ debian, node }) => name === debian || name === node);
}
