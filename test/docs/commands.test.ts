import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { registerCommands } from '../../src/cli/commands.ts';
import { registerServe } from '../../src/cli/serve.ts';
import { commandsOf, mistakeOf } from './written-commands.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const program = new Command('podboot');
registerServe(program);
registerCommands(program);

for (const page of ['README.md', ...globSync('docs/*.md', { cwd: root })].sort()) {
  const commands = commandsOf(readFileSync(`${root}/${page}`, 'utf8'));
  if (commands.length === 0) continue;
  test(`${page}: every command of podboot that it shows is there, with these options`, () => {
    const mistakes = commands.flatMap(({ line, words }) => {
      const mistake = mistakeOf(words, program);
      return mistake === undefined ? [] : [`${page}:${line}: podboot ${words.join(' ')}: ${mistake}`];
    });
    assert.deepEqual(mistakes, []);
  });
}

test('a command, an option and a subcommand that are not there are noticed', () => {
  assert.match(mistakeOf(['nods'], program) ?? '', /no command nods/);
  assert.match(mistakeOf(['nodes', '--colour'], program) ?? '', /no option --colour/);
  assert.match(mistakeOf(['power', 'onn', 'dgx01'], program) ?? '', /no command onn/);
  assert.equal(mistakeOf(['install', 'dgx[01-32]', '--profile', 'os'], program), undefined);
});

test('commands are found in blocks and in the running text, and end where the shell ends them', () => {
  const text =
    'Say `podboot nodes --json` or\n```\nsudo bin/podboot status   # how it is\nPODBOOT_API=x podboot jobs | jq .\n```\n';
  assert.deepEqual(
    commandsOf(text).map(({ line, words }) => [line, words.join(' ')]),
    [
      [1, 'nodes --json'],
      [3, 'status'],
      [4, 'jobs'],
    ],
  );
});
