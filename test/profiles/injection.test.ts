import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'yaml';
import { InvalidInput } from '../../src/domain/errors.ts';
import { type Language, QUOTES, Unspeakable } from '../../src/profiles/templates/languages.ts';
import { PACKAGED_TEMPLATES } from '../../src/profiles/templates/template-files.ts';
import { CONTEXT, fileNamed, node, profile, rendererOf } from './fixture.ts';
import { splitShlex } from './shlex.ts';

/** What each language could take for its own, and text of any script. */
const NASTY = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.string({
    unit: fc.constantFrom(
      ...'\'"`$\\#{}%!&*|>@:-,[]?;()<>~=\n\r\t ',
      'a',
      '0',
      '#{x}',
      `\${x}`,
      '{{x}}',
      '{%x%}',
      '\\\n',
      '%end\n',
      '---\n',
      ': ',
      ' #',
      '\u2028',
      '\u0085',
      '\ufeff',
      '\0',
    ),
    maxLength: 40,
  }),
);

/** The quoted form, or undefined where the language says that it has none. */
function quoted(language: Language, value: unknown): string | undefined {
  try {
    return QUOTES[language](value);
  } catch (error) {
    assert.ok(error instanceof Unspeakable);
    return undefined;
  }
}

function always(check: (value: string) => void, runs = 2000): void {
  fc.assert(fc.property(NASTY, check), { numRuns: runs });
}

test('whatever a value holds, YAML gives it back from any place of a document', () => {
  always((value) => {
    const text = quoted('yaml', value);
    if (text === undefined) return;
    for (const version of ['1.1', '1.2'] as const) {
      const document: string = `a: ${text}\nb: [${text}, { c: ${text} }]\nd:\n  - ${text}\ne: end\n`;
      assert.deepEqual(parse(document, { version }), { a: value, b: [value, { c: value }], d: [value], e: 'end' });
    }
    assert.doesNotMatch(text, /\n/);
  });
});

test('lists and mappings come back from YAML as they were', () => {
  fc.assert(
    fc.property(fc.array(fc.dictionary(NASTY, NASTY, { noNullPrototype: true })), (value) => {
      const plain = JSON.parse(JSON.stringify(value));
      assert.deepEqual(parse(`a: ${QUOTES.yaml(value)}\n`).a, plain);
    }),
  );
});

test('whatever a value holds, it is one word for pykickstart, or refused', () => {
  always((value) => {
    const text = quoted('kickstart', value);
    if (text === undefined) return;
    assert.deepEqual(splitShlex(`user --gecos=${text} --lock`), ['user', `--gecos=${value}`, '--lock']);
    assert.deepEqual(splitShlex(text), value === '' ? [''] : [value]);
  });
});

test('whatever a value holds, it stays on its line of a preseed file, or is refused', () => {
  always((value) => {
    const text = quoted('preseed', value);
    if (text === undefined) return;
    const lines = `d-i a/b string ${text}\nd-i c/d string x`.split('\n');
    assert.equal(lines.length, 2);
    assert.equal(/^(\S+)\s+(\S+)\s+(\S+) (.*)$/s.exec(lines[0] ?? '')?.[4], value);
    assert.ok(!lines[0]?.endsWith('\\'), 'no line is joined to the next');
  });
});

test('whatever a value holds, a shell sees it as one word', () => {
  const values = fc.sample(NASTY, { numRuns: 400, seed: 7 }).filter((value) => quoted('shell', value) !== undefined);
  const folder = mkdtempSync(join(tmpdir(), 'podboot-shell-'));
  try {
    const script = join(folder, 'script');
    writeFileSync(script, values.map((value) => `printf '%s\\0' ${QUOTES.shell(value)}`).join('\n'));
    for (const [shell, ...argv] of [['dash'], ['bash', '--posix'], ['busybox', 'sh']] as const) {
      const { stdout } = spawnSync(shell, [...argv, script], { encoding: 'utf8', env: { LC_ALL: 'C.UTF-8' } });
      if (stdout === null) continue;
      assert.deepEqual(stdout.split('\0').slice(0, -1), values, shell);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a language that podboot does not know takes plain words alone', () => {
  always((value) => {
    const text = quoted('plain', value);
    if (text !== undefined) assert.match(text, /^[A-Za-z0-9_.:/@+=,%~-]+$/);
  });
});

test('what has no value is refused in every language', () => {
  for (const language of Object.keys(QUOTES) as Language[]) {
    for (const nothing of [undefined, null]) assert.equal(quoted(language, nothing), undefined, language);
  }
});

test('names of users and labels of nodes arrive in every kind as they were written', () => {
  const oneLine = NASTY.filter(
    (value) => /^[^\p{C}\u2028\u2029:,=]+$/u.test(value) && value.trim() === value && value !== '',
  );
  fc.assert(
    fc.property(oneLine, (fullName) => {
      const site = {
        disk: { path: '/dev/sda' },
        mirror: 'http://deb.debian.org/debian',
        users: [{ name: 'ops', fullName }],
      };
      const renderer = rendererOf({ site });
      const user = parse(fileNamed(renderer.render(node(), 'autoinstall', CONTEXT), 'user-data'));
      assert.equal(user.autoinstall['user-data'].users[0].gecos, fullName);
      const line = fileNamed(renderer.render(node(), 'kickstart', CONTEXT), 'ks.cfg').match(/^user .*$/m)?.[0] ?? '';
      assert.deepEqual(splitShlex(line), ['user', '--name=ops', `--gecos=${fullName}`, '--shell=/bin/bash', '--lock']);
      const late = fileNamed(renderer.render(node(), 'preseed', CONTEXT), 'late.sh');
      assert.ok(late.includes(` -c '${fullName.replaceAll("'", "'\\''")}' 'ops'\n`));
    }),
    { numRuns: 300 },
  );
});

test('a post-install command is run as it was written, line breaks, quotes and all', () => {
  const command = `echo "it's" '#{x}' \\\n  $HOME {{ install }} {% raw %}\nexit 0`;
  const site = { disk: { path: '/dev/sda' }, mirror: 'http://deb.debian.org/debian', postInstall: [command] };
  const late = fileNamed(rendererOf({ site }).render(node(), 'preseed', CONTEXT), 'late.sh');
  const start = late.indexOf("printf '%s\\n' 'echo");
  const { stdout } = spawnSync('dash', ['-c', late.slice(start, late.indexOf(' >"$root/root/podboot-command.sh"'))]);
  assert.equal(stdout.toString(), `${command}\n`);
});

test("podboot's own templates leave no value unquoted but those that it makes itself", () => {
  const templates = readdirSync(PACKAGED_TEMPLATES, { recursive: true, encoding: 'utf8' });
  for (const name of templates.filter((each) => each.endsWith('.liquid'))) {
    const text = readFileSync(join(PACKAGED_TEMPLATES, name), 'utf8');
    assert.doesNotMatch(text, /\|\s*raw\b/, name);
    for (const [, value] of text.matchAll(/\{\{-?\s*([\w.]+)[^}]*verbatim/g)) assert.equal(value, 'earlyCommand', name);
  }
});

test('a template can neither leave its folders nor read what a link names outside of them', () => {
  const folder = mkdtempSync(join(tmpdir(), 'podboot-templates-'));
  try {
    const outside = join(folder, 'outside');
    const templatesDir = join(folder, 'templates');
    spawnSync('mkdir', ['-p', templatesDir]);
    writeFileSync(outside, 'root:x:0:0');
    spawnSync('ln', ['-s', outside, join(templatesDir, 'link.cfg')]);
    for (const name of ['../outside', '/etc/passwd', 'link.cfg', './../outside', 'a/../../outside', '.hidden', '']) {
      for (const tag of ['include', 'render']) {
        writeFileSync(join(templatesDir, 'own.preseed'), `{% ${tag} '${name}' %}\n`);
        const own = profile({ kind: 'preseed', template: 'own.preseed' });
        assert.throws(
          () => rendererOf({ templatesDir, profiles: [own] }).render(node(), 'preseed', CONTEXT),
          (error) => error instanceof InvalidInput && !JSON.stringify(error.problems).includes('root:x'),
          `${tag} ${name}`,
        );
      }
      const named = profile({ kind: 'preseed', template: name === '' ? 'x' : name });
      assert.throws(
        () => rendererOf({ templatesDir, profiles: [named] }).render(node(), 'preseed', CONTEXT),
        InvalidInput,
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a template that never ends is ended', () => {
  const folder = mkdtempSync(join(tmpdir(), 'podboot-templates-'));
  try {
    writeFileSync(
      join(folder, 'own.preseed'),
      '{% for a in (1..100000000) %}{% for b in (1..100000000) %}x{% endfor %}{% endfor %}',
    );
    const own = profile({ kind: 'preseed', template: 'own.preseed' });
    const begun = performance.now();
    assert.throws(
      () => rendererOf({ templatesDir: folder, profiles: [own] }).render(node(), 'preseed', CONTEXT),
      InvalidInput,
    );
    assert.ok(performance.now() - begun < 10_000);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
