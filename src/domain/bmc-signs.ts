/** What in a DHCP client's own words says that it is a management controller and not the machine that it manages. */
interface BmcSign {
  readonly option: 'vendorClass' | 'hostname';
  readonly pattern: RegExp;
  readonly text: string;
}

/**
 * Option 60 where the maker documents it. AMI's MegaRAC and the BMCs of DGX systems send none of their own (busybox's
 * `udhcp`, as many devices do): their host names tell.
 */
const SIGNS: readonly BmcSign[] = [
  { option: 'vendorClass', pattern: /^iDRAC/i, text: 'Dell iDRAC' },
  { option: 'vendorClass', pattern: /^CPQRIB/, text: 'HPE iLO' },
  { option: 'vendorClass', pattern: /^NVIDIA\/BF\/BMC/, text: 'BMC of a BlueField DPU' },
  { option: 'vendorClass', pattern: /openbmc/i, text: 'OpenBMC' },
  { option: 'vendorClass', pattern: /(^|[^a-z])bmc([^a-z]|$)/i, text: 'BMC' },
  { option: 'hostname', pattern: /^i?drac[-0-9a-z]*$/i, text: 'Dell iDRAC' },
  // iLO's default: ILO and the server's serial number.
  { option: 'hostname', pattern: /^ilo[0-9a-z]{10}$/i, text: 'HPE iLO' },
  // MegaRAC's default: AMI and its MAC address.
  { option: 'hostname', pattern: /^ami[0-9a-f]{12}$/i, text: 'AMI MegaRAC' },
  { option: 'hostname', pattern: /^xcc-/i, text: 'Lenovo XClarity Controller' },
  { option: 'hostname', pattern: /(^|[^a-z])(open)?bmc([^a-z]|$)/i, text: 'BMC' },
];

/**
 * Which management controller these words are of; undefined: nothing says that it is one.
 *
 * @param words option 60, and option 12 without a domain
 */
export function bmcBySigns(words: { readonly vendorClass?: string; readonly hostname?: string }): string | undefined {
  return SIGNS.find(({ option, pattern }) => pattern.test(words[option] ?? ''))?.text;
}
