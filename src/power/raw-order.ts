import type { RawRequest } from '../bmc/driver.ts';
import { InvalidInput } from '../domain/errors.ts';

/** What a person has sent to a BMC as it stands, and who that is. */
export interface RawOrder extends RawRequest {
  /** Stands in the timeline, as do the bytes. */
  readonly by: string;
  readonly reason?: string;
}

const CHASSIS = 0x00;
const APP = 0x06;

/** What podboot has a better way for, or could not go on after. By network function and command. */
const REFUSED: readonly {
  readonly netFn: number;
  readonly commands: readonly number[];
  readonly why: string;
  readonly mend: string;
}[] = [
  {
    netFn: CHASSIS,
    commands: [0x00, 0x02, 0x03],
    why: 'It is a power command: it would go past jobs, stagger and maintenance.',
    mend: 'podboot power on|off|soft|cycle|reset NODE',
  },
  {
    netFn: APP,
    commands: [0x3a, 0x3b, 0x3c],
    why: 'It is of the session that podboot holds with the BMC.',
    mend: 'Sessions are opened and closed by themselves.',
  },
  {
    netFn: APP,
    commands: [0x47],
    why: 'It has a password in it, which would stand in the timeline, and podboot would not know of the change.',
    mend: 'podboot bmc rotate NAME',
  },
  {
    netFn: APP,
    commands: [0x48, 0x49],
    why: 'It is of the console.',
    mend: 'podboot console NODE, with --take-over where somebody else has it.',
  },
];

/** @throws InvalidInput */
export function checkRaw({ netFn, command }: RawRequest): void {
  if (netFn % 2 !== 0)
    throw refused('/netFn', `${netFn} is a response’s.`, 'Requests have even network functions, from 0 to 62.');
  const found = REFUSED.find((each) => each.netFn === netFn && each.commands.includes(command));
  if (found !== undefined) throw refused('/command', found.why, found.mend);
}

export function rawText({ netFn, command, data }: RawRequest): string {
  return [netFn, command, ...data].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

function refused(path: string, message: string, mend: string): InvalidInput {
  return new InvalidInput('The command was refused; nothing was sent.', [{ path, message, mend }]);
}
