import { BmcError } from '../driver.ts';
import { printable } from './words.ts';

export const SERVICE_ROOT = '/redfish/v1/';
const MAX_LINK_CHARACTERS = 2_048;

/**
 * Path and query of a link that a BMC gave. It may be absolute, as long as it stays at the BMC: credentials go with it.
 *
 * @param origin of the BMC, `https://host:port`
 * @throws BmcError `refused`
 */
export function pathOf(link: string, origin: string): string {
  const url = link.length <= MAX_LINK_CHARACTERS ? URL.parse(link, origin) : null;
  if (url === null) throw new BmcError('refused', `the BMC gives a link that is none: “${printable(link, 80)}”`);
  if (url.origin !== origin) {
    throw new BmcError('refused', `the BMC gives a link to another host, which is not followed: “${printable(link)}”`);
  }
  if (!url.pathname.startsWith('/redfish/')) {
    throw new BmcError(
      'refused',
      `the BMC gives a link out of its Redfish service, not followed: “${printable(link)}”`,
    );
  }
  return url.pathname + url.search;
}

/** Of a session's Location: BMCs write there the name that they know themselves by. It is used at this host alone. */
export function pathOfLocation(location: string, origin: string): string | undefined {
  const url = location.length <= MAX_LINK_CHARACTERS ? URL.parse(location, origin) : null;
  return url?.pathname.startsWith('/redfish/') === true ? url.pathname : undefined;
}
