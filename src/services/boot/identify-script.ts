import type { FirmwareTestimony } from '../../domain/discovered-machine.ts';
import { CONSOLE_NAME, IPXE_EXIT } from './boot-script.ts';

/** Of what a machine says of itself, no more is read. */
const MAX_VALUE_CHARACTERS = 128;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const GRUB_FOLDER = 'grub/identify';

/**
 * SMBIOS strings (DSP0134 section 7) by type and offset: which of the three serial numbers is on the label differs from
 * maker to maker.
 */
const FIELDS = [
  { name: 'serial', letter: 's', type: 1, offset: 7 },
  { name: 'chassis', letter: 'c', type: 3, offset: 7 },
  { name: 'board', letter: 'b', type: 2, offset: 7 },
  { name: 'manufacturer', letter: 'm', type: 1, offset: 4 },
  { name: 'product', letter: 'p', type: 1, offset: 5 },
] as const;

/**
 * Harmless: iPXE asks once more, with what its firmware says of the machine, and runs what it gets. Whatever goes wrong, the
 * firmware goes on to its next boot entry.
 *
 * @param url where the answer is asked for, without a query
 */
export function renderIpxeQuestion(url: string): string {
  const query = [
    // By name for the first, which every version of iPXE knows; the others as any string of SMBIOS (ipxe.org/cfg/smbios).
    `serial=\${serial:uristring}`,
    ...FIELDS.slice(1).map(({ name, type, offset }) => `${name}=\${smbios/${type}.${offset}.0:uristring}`),
    `uuid=\${uuid}`,
  ].join('&');
  return `${['#!ipxe', `echo ${CONSOLE_NAME}: asking which node this is`, `chain --replace ${url}?${query} ||`, ...IPXE_EXIT].join('\n')}\n`;
}

/** The same of GRUB, which has no query: it names a file with what its firmware says. A field that is not there stays empty. */
export function renderGrubQuestion(tftpServer: string): string {
  const reads = FIELDS.map(
    ({ letter, type, offset }) => `smbios --type ${type} --get-string ${offset} --set node_${letter}`,
  );
  const name = FIELDS.map(({ letter }) => `${letter}=$node_${letter}`).join('/');
  return `${[`echo '${CONSOLE_NAME}: asking which node this is'`, ...reads, `configfile "(tftp,${tftpServer})/${GRUB_FOLDER}/${name}"`, 'exit'].join('\n')}\n`;
}

/** What iPXE sends to the URL of its question. */
export function ipxeTestimony(query: URLSearchParams): FirmwareTestimony {
  return testimony((name) => query.get(name) ?? '', query.get('uuid') ?? '');
}

/** The name of the file that GRUB asks for; undefined for any other. */
export function grubTestimony(name: string): FirmwareTestimony | undefined {
  if (!name.startsWith(`${GRUB_FOLDER}/`)) return undefined;
  const values = new Map<string, string>();
  let rest = name.slice(GRUB_FOLDER.length);
  // From the last field to the first: each begins behind its mark, and a value may hold anything else.
  for (const { name: field, letter } of [...FIELDS].reverse()) {
    const mark = `/${letter}=`;
    const at = rest.lastIndexOf(mark);
    if (at < 0) return undefined;
    values.set(field, rest.slice(at + mark.length));
    rest = rest.slice(0, at);
  }
  return rest === '' ? testimony((field) => values.get(field) ?? '', '') : undefined;
}

function testimony(look: (name: string) => string, uuid: string): FirmwareTestimony {
  const value = (name: (typeof FIELDS)[number]['name']) => look(name).trim().slice(0, MAX_VALUE_CHARACTERS);
  const manufacturer = value('manufacturer');
  const product = value('product');
  return {
    serialNumbers: [value('serial'), value('chassis'), value('board')].filter((each) => each !== ''),
    ...(UUID.test(uuid) ? { uuid: uuid.toLowerCase() } : {}),
    ...(manufacturer === '' ? {} : { manufacturer }),
    ...(product === '' ? {} : { product }),
  };
}
