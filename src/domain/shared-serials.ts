/**
 * What board makers leave in the SMBIOS serial number fields. Many machines say the same, so it identifies nobody. Compared
 * in upper case, without what is not a letter or a digit.
 */
const PLACEHOLDERS: ReadonlySet<string> = new Set(
  [
    'To Be Filled By O.E.M.',
    'To be filled by OEM',
    'Default string',
    'Default',
    'System Serial Number',
    'Base Board Serial Number',
    'Baseboard Serial Number',
    'Chassis Serial Number',
    'Serial Number',
    'Serial',
    'Board Serial',
    'Product Serial',
    'SystemSN',
    'MB-1234567890',
    'Not Specified',
    'Not Applicable',
    'Not Available',
    'Not Present',
    'Not Provided',
    'Not Defined',
    'Not Set',
    'No Asset Tag',
    'Unspecified',
    'Undefined',
    'Unknown',
    'Invalid',
    'None',
    'Null',
    'Empty',
    'N/A',
    'OEM',
    'O.E.M.',
    'INTEL_SN',
    'SN',
    'SSN12345678901234567',
    'EVAL',
    'Sample',
    'Test',
  ].map(folded),
);

const DIGITS = '01234567890123456789012345678901234567890';

/** Why many machines have this serial number; undefined for one that may identify a machine. */
export function whySharedSerial(serialNumber: string): string | undefined {
  const text = folded(serialNumber);
  if (text === '') return 'it has no letter and no digit';
  if (PLACEHOLDERS.has(text)) return 'board makers leave it in the field';
  if (/^(.)\1*$/.test(text)) return 'it is one character over and over';
  // 0123456789, 1234567890, 123456789012345: at least five digits that count up.
  if (text.length >= 5 && DIGITS.includes(text)) return 'it counts upwards';
  return undefined;
}

function folded(text: string): string {
  return text.toUpperCase().replaceAll(/[^A-Z0-9]/g, '');
}
