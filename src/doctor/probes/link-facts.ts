import { existsSync } from 'node:fs';
import { readOptional } from '../../config/host-facts.ts';
import type { LinkFacts } from '../checks/link.ts';

const IFF_UP = 1;

/** Of sysfs (Documentation/ABI/testing/sysfs-class-net); files of an interface that is down can't be read. */
export function readLinkFacts(name: string): LinkFacts {
  const folder = `/sys/class/net/${name}`;
  const read = (file: string) => readOptional(`${folder}/${file}`).trim();
  const speed = Number.parseInt(read('speed'), 10);
  const duplex = read('duplex');
  return {
    name,
    isThere: existsSync(folder),
    isUp: (Number.parseInt(read('flags'), 16) & IFF_UP) !== 0,
    hasCarrier: read('carrier') === '1',
    mtuBytes: Number.parseInt(read('mtu'), 10) || 0,
    speed: Number.isInteger(speed) && speed > 0 ? speed : undefined,
    duplex: duplex === '' ? undefined : duplex,
  };
}
