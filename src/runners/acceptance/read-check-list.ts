import { WrittenDocument, type WrittenMapping, type WrittenValue } from '../written-document.ts';
import type { Check, CheckList, Expectation, GpuTest, Reading, SchedulerExpectation } from './check-list.ts';

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const MAX_CHECKS = 100;
const TIMEOUT_MS = 30_000;
/** `dcgmi diag -r 4` takes more than an hour on eight GPUs. */
const MAX_TIMEOUT_MS = 4 * 3_600_000;
const WITHIN_MS = 5 * 60_000;
const GPU_TEST_MS = 10 * 60_000;
const CHECK_KEYS = ['name', 'run', 'sudo', 'read', 'expect', 'whenMissing', 'timeout', 'mend'];
const EXPECT_KEYS = ['equals', 'atLeast', 'atMost', 'oneOf', 'matches'];

/**
 * A list of checks as an operator writes it (docs/acceptance.md).
 * @throws InvalidInput with every problem and its line
 */
export function readCheckList(file: string, text: string): CheckList {
  const document = new WrittenDocument(file, text);
  if (document.problems.length > 0) return document.finish<CheckList>(undefined);
  const root = document.root.mapping(['checks', 'scheduler']);
  if (root === undefined) return document.finish<CheckList>(undefined);
  const names = new Set<string>();
  const checks = root
    .at('checks')
    .list(MAX_CHECKS)
    .flatMap((item) => readCheck(item, names) ?? []);
  const scheduler = root.maybe('scheduler', readScheduler) ?? { withinMs: WITHIN_MS };
  return document.finish({ checks, scheduler });
}

function readCheck(value: WrittenValue, names: Set<string>): Check | undefined {
  const entry = value.mapping(CHECK_KEYS);
  if (entry === undefined) return undefined;
  const name = entry.at('name').text(NAME, 'small letters, digits and hyphens: gpu-count');
  if (name !== undefined && names.has(name)) entry.at('name').refuse('it stands there twice', 'Call one differently.');
  if (name !== undefined) names.add(name);
  const argv = readArgv(entry.at('run'));
  const read = entry.maybe('read', readReading) ?? { kind: 'text' };
  const expect = readExpectation(entry.at('expect'));
  const asRoot = entry.maybe('sudo', (each) => each.flag()) ?? false;
  const whenMissing = entry.maybe('whenMissing', (each) => each.oneOf(['skip', 'fail'])) ?? 'fail';
  const timeoutMs = entry.maybe('timeout', (each) => each.durationMs(1_000, MAX_TIMEOUT_MS)) ?? TIMEOUT_MS;
  const mend = entry.maybe('mend', (each) => each.text(/^[^\n]{1,400}$/, 'one line'));
  if (name === undefined || argv === undefined || expect === undefined) return undefined;
  return { name, argv, asRoot, read, expect, whenMissing, timeoutMs, ...(mend === undefined ? {} : { mend }) };
}

function readArgv(value: WrittenValue): readonly string[] | undefined {
  if (value.isText) {
    return value.refuse('it is a line, and no shell reads it', 'Write its words as a list: [nvidia-smi, -L].');
  }
  const words = value.texts(/^[^\0]{1,4096}$/s, 'a word without a NUL');
  if (words.length > 0) return words;
  return value.refuse(
    value.isThere ? 'it is empty' : 'it is missing',
    'Write program and arguments: [nvidia-smi, -L].',
  );
}

function readReading(value: WrittenValue): Reading | undefined {
  if (value.isText) {
    const kind = value.oneOf(['text', 'lines', 'exit-code']);
    return kind === undefined ? undefined : { kind };
  }
  const entry = value.mapping(['lines', 'match', 'smallest', 'json']);
  if (entry === undefined) return undefined;
  const [key, ...others] = entry.keys;
  if (others.length > 0 || key === undefined) {
    return value.refuse('it says several ways, or none', 'Write one: { match: "…" }.');
  }
  switch (key) {
    case 'lines': {
      const fitting = readPattern(entry.at('lines'), false);
      return fitting === undefined ? undefined : { kind: 'lines', fitting };
    }
    case 'match':
    case 'smallest': {
      const pattern = readPattern(entry.at(key), true);
      return pattern === undefined ? undefined : { kind: key, pattern };
    }
    case 'json':
      return readJsonPath(entry.at('json'));
    default:
      return undefined;
  }
}

function readPattern(value: WrittenValue, hasGroup: boolean): RegExp | undefined {
  const text = value.text(/^[^\n]{1,500}$/, 'a regular expression of one line');
  if (text === undefined) return undefined;
  try {
    const pattern = new RegExp(text, 'u');
    const groups = (new RegExp(`${text}|`, 'u').exec('')?.length ?? 1) - 1;
    if (!hasGroup || groups === 1) return pattern;
    return value.refuse('it has to have one group', 'Put round brackets around what is the value: "memory: ([0-9]+)".');
  } catch {
    return value.refuse(
      'it is no regular expression',
      'Put a backslash before brackets and dots that are meant as such.',
    );
  }
}

function readJsonPath(value: WrittenValue): Reading | undefined {
  const text = value.text(
    /^[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*|\[[0-9]{1,4}\])*$/,
    'a path such as blockdevices[0].name, or blockdevices.length',
  );
  if (text === undefined) return undefined;
  const path = [...text.matchAll(/([A-Za-z_][\w-]*)|\[([0-9]+)\]/g)].map(([, key, index]) => key ?? Number(index));
  return { kind: 'json', path };
}

function readExpectation(value: WrittenValue): Expectation | undefined {
  const entry = value.mapping(EXPECT_KEYS);
  if (entry === undefined) return undefined;
  if (entry.keys.length === 0)
    return value.refuse('it expects nothing', 'Write one of equals, atLeast, atMost, oneOf, matches.');
  const equals = entry.maybe('equals', readPlain);
  const atLeast = entry.maybe('atLeast', readNumber);
  const atMost = entry.maybe('atMost', readNumber);
  const oneOf = entry.maybe('oneOf', (each) => {
    const values = each.list(100).flatMap((item) => readPlain(item) ?? []);
    return values.length > 0 ? values : each.refuse('it is empty', 'Write values: [8, 16].');
  });
  const matches = entry.maybe('matches', (each) => readPattern(each, false));
  return {
    ...(equals === undefined ? {} : { equals }),
    ...(atLeast === undefined ? {} : { atLeast }),
    ...(atMost === undefined ? {} : { atMost }),
    ...(oneOf === undefined ? {} : { oneOf }),
    ...(matches === undefined ? {} : { matches }),
  };
}

function readPlain(value: WrittenValue): string | number | undefined {
  return value.isText ? value.text(/^[^\n]{0,400}$/, 'one line') : readNumber(value);
}

function readNumber(value: WrittenValue): number | undefined {
  return value.number(-1e15, 1e15, false);
}

function readScheduler(value: WrittenValue): SchedulerExpectation | undefined {
  const entry = value.mapping(['gpus', 'within', 'gpuTest']);
  if (entry === undefined) return undefined;
  const gpus = entry.maybe('gpus', (each) => each.number(0, 64));
  const withinMs = entry.maybe('within', (each) => each.durationMs(0, MAX_TIMEOUT_MS)) ?? WITHIN_MS;
  const gpuTest = entry.maybe('gpuTest', readGpuTest);
  return { withinMs, ...(gpus === undefined ? {} : { gpus }), ...(gpuTest === undefined ? {} : { gpuTest }) };
}

function readGpuTest(value: WrittenValue): GpuTest | undefined {
  const entry: WrittenMapping | undefined = value.mapping(['image', 'namespace', 'timeout']);
  if (entry === undefined) return undefined;
  const image = entry.at('image').text(/^[\w.:/@-]{1,255}$/, 'the name of a container image');
  const namespace = entry.maybe('namespace', (each) => each.text(NAME, 'a name of small letters, digits and hyphens'));
  const timeoutMs = entry.maybe('timeout', (each) => each.durationMs(10_000, MAX_TIMEOUT_MS)) ?? GPU_TEST_MS;
  return image === undefined ? undefined : { image, namespace: namespace ?? 'default', timeoutMs };
}
