import { InvalidInput } from '../domain/errors.ts';

const UNITS: Readonly<Record<string, number>> = { m: 60, h: 3_600, d: 86_400 };

/** `90m`, `8h`, `2d`. @throws InvalidInput */
export function secondsOf(option: string, text: string): number {
  const [, amount, unit = ''] = /^([1-9][0-9]{0,5})([mhd])$/.exec(text) ?? [];
  const factor = UNITS[unit];
  if (amount === undefined || factor === undefined)
    throw new InvalidInput(`${option} ${text} is no length of time`, [], 'Write 90m, 8h or 2d.');
  return Number(amount) * factor;
}
