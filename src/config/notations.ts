import { isAbsolute, normalize } from 'node:path';
import { type Notation, ok } from './notation.ts';

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86400, w: 604800 };

/** In seconds. `90s`, `15m`, `12h`, `7d`, or seconds as a plain number. */
export const durationNotation: Notation<number> = {
  title: 'a length of time',
  example: '90s, 15m, 12h or 7d',
  pattern: '^ *[0-9]+ *[smhdw]? *$',
  plainNumber: true,
  parse(text) {
    const match = /^([0-9]+)\s*([a-zA-Z]*)$/.exec(text);
    if (match === null) {
      return /^-/.test(text) ? { reason: 'time does not run backwards' } : compoundMisfit(text);
    }
    const amount = Number(match[1]);
    const unit = match[2] ?? '';
    const factor = unit === '' ? 1 : UNIT_SECONDS[unit];
    if (factor !== undefined) {
      const seconds = amount * factor;
      return Number.isSafeInteger(seconds * 1000) ? ok(seconds) : { reason: 'that is longer than anyone waits' };
    }
    const meant = unitMeant(unit);
    if (meant === undefined) return { reason: `"${unit}" is no unit`, mend: 'The units are s, m, h, d and w.' };
    return { reason: `"${unit}" is no unit`, mend: `Write ${amount}${meant}.` };
  },
};

/** `sec`, `minutes`, `Hours`, `D`. Milliseconds are none: nothing here is that short. */
function unitMeant(unit: string): string | undefined {
  const word = unit.toLowerCase();
  if (word === 'ms') return undefined;
  return Object.keys(UNIT_SECONDS).find(
    (letter) =>
      word === letter ||
      (/^(secs?|seconds?|mins?|minutes?|hrs?|hours?|days?|weeks?)$/.test(word) && word.startsWith(letter)),
  );
}

/** `1h30m`, `1.5h`: one number and one unit say the same. */
function compoundMisfit(text: string): { reason: string; mend?: string } | undefined {
  const parts = [...text.matchAll(/([0-9]+(?:\.[0-9]+)?)\s*([smhdw])/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join('').length !== text.replace(/\s+(?=[0-9])/g, '').length) {
    return undefined;
  }
  const seconds = parts.reduce((sum, part) => sum + Number(part[1]) * (UNIT_SECONDS[part[2] ?? ''] ?? 0), 0);
  return { reason: 'one whole number and one unit', mend: `Write ${formatDuration(Math.round(seconds))}.` };
}

/** Shortest exact notation: 5400 is `90m`, 86400 `1d`. */
export function formatDuration(seconds: number): string {
  for (const unit of ['d', 'h', 'm']) {
    const factor = UNIT_SECONDS[unit] ?? 1;
    if (seconds >= factor && seconds % factor === 0) return `${seconds / factor}${unit}`;
  }
  return `${seconds}s`;
}

const SIZE_FACTORS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1024,
  kib: 1024,
  m: 1024 ** 2,
  mib: 1024 ** 2,
  g: 1024 ** 3,
  gib: 1024 ** 3,
  kb: 1000,
  mb: 1000 ** 2,
  gb: 1000 ** 3,
};

/** In bytes. `1468`, `8KiB`, `1MB`. */
export const sizeNotation: Notation<number> = {
  title: 'a size',
  example: '1468 or 8KiB',
  pattern: '^ *[0-9]+ *([KMGkmg]?i?[Bb]?) *$',
  plainNumber: true,
  parse(text) {
    const match = /^([0-9]+)\s*([a-zA-Z]*)$/.exec(text);
    if (match === null) return undefined;
    const factor = SIZE_FACTORS[(match[2] ?? '').toLowerCase()];
    if (factor === undefined) return { reason: `"${match[2]}" is no unit`, mend: 'The units are B, KiB, MiB and GiB.' };
    const bytes = Number(match[1]) * factor;
    return Number.isSafeInteger(bytes) ? ok(bytes) : { reason: 'that is more than any memory holds' };
  },
};

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;

/** An RFC 1123 label, lower case. */
export const hostNameNotation: Notation<string> = {
  title: 'a host name',
  example: 'switch1',
  pattern: '^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$',
  parse(text) {
    if (LABEL.test(text)) return ok(text.toLowerCase());
    if (text.length > 63) return { reason: 'a host name has at most 63 characters' };
    if (text.includes('.')) return { reason: 'without the domain', mend: `Write ${text.split('.')[0]}.` };
    return { reason: 'letters, digits and hyphens, no hyphen at an end', mend: renamed(text) };
  },
};

function renamed(text: string): string {
  const meant = text
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .toLowerCase();
  return meant === '' ? 'Use letters, digits and hyphens.' : `${meant} would do.`;
}

/** RFC 1035 section 2.3.4: 255 bytes on the wire, 253 as text. */
const DOMAIN_LENGTH = 253;

export const domainNotation: Notation<string> = {
  title: 'a domain name',
  example: 'pod1.example.com',
  pattern: '^[A-Za-z0-9.-]+$',
  parse(text) {
    const name = text.replace(/\.$/, '');
    if (name.length > DOMAIN_LENGTH) return { reason: `a domain name has at most ${DOMAIN_LENGTH} characters` };
    if (name.split('.').every((label) => LABEL.test(label))) return ok(name.toLowerCase());
    if (name.startsWith('.')) return { reason: 'without the dot in front', mend: `Write ${name.slice(1)}.` };
    return undefined;
  },
};

/** A name that the operator gives: of a group, a shared network, a profile. Goes into URLs as it is. */
export const nameNotation: Notation<string> = {
  title: 'a name',
  example: 'dgx-a100',
  pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$',
  parse(text) {
    if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(text)) return ok(text);
    if (text.length > 63) return { reason: 'a name has at most 63 characters' };
    return { reason: 'letters, digits, dots, hyphens and underscores', mend: renamed(text) };
  },
};

export const absolutePathNotation: Notation<string> = {
  title: 'an absolute path',
  example: '/var/lib/podboot',
  pattern: '^/.*$',
  parse(text) {
    if (text.startsWith('~')) return { reason: '~ is not expanded', mend: 'Write the whole path.' };
    if (!isAbsolute(text)) {
      return {
        reason: 'a relative one would depend on where podboot is started',
        mend: `Write the whole path, from / on.`,
      };
    }
    if (text.includes('\0')) return { reason: 'it holds a zero byte' };
    const path = normalize(text);
    return ok(path.length > 1 ? path.replace(/\/+$/, '') : path);
  },
};

/** A file under assetsDir, `/` between; what machines ask for. */
export const assetNotation: Notation<string> = {
  title: 'a file under assetsDir',
  example: 'debian/linux',
  pattern: '^[^/].*$',
  parse(text) {
    if (text.startsWith('/')) {
      return {
        reason: 'a relative path, as machines ask for it',
        mend: `Write ${text.replace(/^\/+/, '')} if it lies under assetsDir.`,
      };
    }
    if (/^[a-z]+:\/\//i.test(text)) {
      return { reason: 'podboot serves files of its own', mend: 'Download it into assetsDir and name the file.' };
    }
    if (text.split('/').includes('..')) return { reason: 'nothing outside of assetsDir is served' };
    if (/[\0\r\n\\]/.test(text)) return { reason: 'no line breaks, backslashes or zero bytes' };
    return ok(
      text
        .split('/')
        .filter((part) => part !== '' && part !== '.')
        .join('/'),
    );
  },
};

/** SMBIOS's UUID as `dmidecode -s system-uuid` prints it. */
export const uuidNotation: Notation<string> = {
  title: "a machine's UUID",
  example: '4c4c4544-0042-3510-8051-b4c04f313132',
  pattern: '^[{]?[0-9A-Fa-f]{8}-?([0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}[}]?$',
  parse(text) {
    const digits = text.toLowerCase().replace(/[{}-]/g, '');
    if (!/^[0-9a-f]{32}$/.test(digits)) return undefined;
    if (/^0+$|^f+$/.test(digits)) return { reason: 'a board whose UUID was never set has this one' };
    return ok(digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'));
  },
};

/** Reads `01:52:54`, `01-52-54`, `0x015254` and `015254` as lower-case hex without separators. */
function hexDigits(text: string): string | undefined {
  const digits = text
    .toLowerCase()
    .replace(/^0x/, '')
    .replace(/[:\- ]/g, '');
  return /^([0-9a-f]{2})+$/.test(digits) ? digits : undefined;
}

/** DHCP option 61 in lower-case hex. */
export const clientIdNotation: Notation<string> = {
  title: 'a DHCP client identifier in hex',
  example: 'ff:00:00:00:00:00:02:00:00:02:c9:00',
  pattern: '^(0x)?[0-9A-Fa-f]{2}([:\\- ]?[0-9A-Fa-f]{2})+$',
  parse(text) {
    const digits = hexDigits(text);
    if (digits === undefined) return undefined;
    if (digits.length < 4) return { reason: 'it has at least two bytes (RFC 2132 section 9.14)' };
    return digits.length > 510 ? { reason: 'it has at most 255 bytes' } : ok(digits);
  },
};

/** A sub-option of option 82, as bytes in hex or as the text that most switches send. */
export const switchPortNotation: Notation<string> = {
  title: 'bytes in hex or marked text',
  example: '00:04:00:0a:01:07 or text:Ethernet1/7',
  pattern: '^(text:.+|(0x)?[0-9A-Fa-f]{2}([:\\- ]?[0-9A-Fa-f]{2})*)$',
  parse(text) {
    const marked = /^text:(.+)$/s.exec(text)?.[1];
    const digits = marked === undefined ? hexDigits(text) : Buffer.from(marked, 'utf8').toString('hex');
    if (digits === undefined)
      return { reason: 'it is not hex', mend: `Write text:${text} if the switch sends it as text.` };
    return digits.length > 510 ? { reason: 'it has at most 255 bytes' } : ok(digits);
  },
};
