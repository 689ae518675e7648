/** RFC 1035 section 2.3.4. */
const MAX_LABEL = 63;

/**
 * A label made of what a machine calls itself (DHCP option 12 or 81): `DESKTOP_42.corp.example` is `desktop-42`.
 * Undefined where nothing of it can be a host name.
 */
export function hostLabel(hostname: string): string | undefined {
  const [first = ''] = hostname.toLowerCase().split('.');
  const label = first
    .replace(/[^a-z0-9-]+/g, '-')
    .slice(0, MAX_LABEL)
    .replace(/^-+|-+$/g, '');
  // Installers and images that were never named: all of them would want the same name.
  return label === '' || UNNAMED.has(label) ? undefined : label;
}

const UNNAMED: ReadonlySet<string> = new Set(['localhost', 'none', 'null', 'unassigned-hostname', 'unknown']);

/** `eth0.100`, `enp1s0f0np0`, `p1_0`: an interface's name as a label. */
export function interfaceLabel(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/^-+|-+$/g, '');
}
