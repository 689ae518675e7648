import { rawCommand } from '../../codecs/ipmi/commands/raw.ts';
import { completionText } from '../../codecs/ipmi/completion-codes.ts';
import type { RawAnswer, RawRequest } from '../driver.ts';
import type { IpmiClient } from './client.ts';
import { codeOf, translated } from './driver-errors.ts';

/** A completion code that is not 0 is an answer here. @throws BmcError, RangeError */
export async function sendRaw(
  client: IpmiClient,
  { netFn, command, data }: RawRequest,
  deadlineMs: number,
): Promise<RawAnswer> {
  const request = rawCommand(netFn, command, data);
  try {
    const answer = await translated(() => client.run(request, deadlineMs));
    return { completionCode: 0, text: completionText(0), data: answer };
  } catch (error) {
    const completionCode = codeOf(error);
    if (completionCode === undefined) throw error;
    return { completionCode, text: completionText(completionCode), data: new Uint8Array() };
  }
}
