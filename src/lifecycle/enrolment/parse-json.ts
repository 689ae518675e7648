import { InvalidInput } from '../../domain/errors.ts';

/**
 * @throws InvalidInput with the line at which it is no JSON any more
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    const [, position] = /position (\d+)/.exec(said) ?? [];
    const offset = position === undefined ? text.length : Number(position);
    const line = text.slice(0, offset).split('\n').length;
    const message =
      offset >= text.trimEnd().length ? 'The JSON ends too early.' : `This is no JSON: ${firstLine(said)}.`;
    const mend = 'Look for a comma that is missing or too much (jq . FILE says where); or export the file again.';
    throw new InvalidInput('The file can’t be read; nothing was changed.', [{ path: '', message, mend, line }]);
  }
}

function firstLine(text: string): string {
  return text
    .replace(/ in JSON.*$/s, '')
    .replace(/[\n\r].*$/s, '')
    .slice(0, 120);
}
